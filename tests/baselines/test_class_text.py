from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from cosegbench import TextRule
from cosegbench_baselines import class_text, text_files
from cosegbench_baselines.class_text import class_embeddings, forget

NAMES = ["dog", "cat", "sea", "sky"]


@pytest.fixture
def counted(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry, the number of sentences, for each time that the text tower runs."""
    runs: list[int] = []
    encode = type(loaded.clip).encode_text

    def count(self: Any, sentences: list[str], chunk: int = 256) -> torch.Tensor:
        runs.append(len(sentences))
        return encode(self, sentences, chunk)

    monkeypatch.setattr(type(loaded.clip), "encode_text", count)
    return runs


def embed(loaded: Any, names: list[str] = NAMES, template: str = "a photo of a {}", digest: str = "") -> torch.Tensor:
    return class_embeddings(loaded.clip, digest or loaded.digest, names, TextRule(template))


def kept_file(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


def test_a_vocabulary_is_encoded_once_in_a_process(loaded: Any, counted: list[int]) -> None:
    first, second = embed(loaded), embed(loaded)
    assert counted == [4]
    assert torch.equal(first, second)


def test_a_vocabulary_is_encoded_once_over_processes_with_equal_bits(
    loaded: Any, counted: list[int], own_text_files: Path
) -> None:
    plain = loaded.clip.encode_text(TextRule().sentences(NAMES))
    counted.clear()
    first = embed(loaded)
    forget()  # what a new process knows
    second = embed(loaded)
    assert counted == [4]
    assert kept_file(own_text_files).is_file()
    assert torch.equal(first, plain)
    assert torch.equal(second, plain)
    assert second.dtype == torch.float32


@pytest.mark.parametrize(
    "other",
    [{"names": ["dog", "cat", "sky", "sea"]}, {"template": "a photo of {}"}, {"digest": "another checkpoint"}],
    ids=["names", "template", "checkpoint"],
)
def test_other_names_another_template_or_checkpoint_is_another_entry(
    other: dict[str, Any], loaded: Any, counted: list[int]
) -> None:
    embed(loaded)
    embed(loaded, **other)
    assert counted == [4, 4]


def test_a_tokenizer_that_splits_otherwise_is_another_entry(loaded: Any, counted: list[int]) -> None:
    embed(loaded)
    tokenizer = loaded.clip.tokenizer
    loaded.clip.tokenizer = lambda texts, **options: tokenizer([text[::-1] for text in texts], **options)
    try:
        embed(loaded)
    finally:
        loaded.clip.tokenizer = tokenizer
    assert counted == [4, 4]


def test_other_threads_may_sum_in_another_order_and_are_another_entry(
    loaded: Any, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(loaded)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 999)
    embed(loaded)
    assert counted == [4, 4]


def test_what_a_caller_changes_reaches_no_other_caller(loaded: Any) -> None:
    first = embed(loaded)
    kept = first.clone()
    first.zero_()
    assert torch.equal(embed(loaded), kept)


@pytest.mark.parametrize("how", ["cut", "bit", "empty", "text", "shape", "name"])
def test_a_damaged_file_is_computed_again_with_a_remark(
    how: str, loaded: Any, counted: list[int], own_text_files: Path
) -> None:
    from safetensors.torch import save

    whole = embed(loaded)
    path = kept_file(own_text_files)
    data = path.read_bytes()
    path.write_bytes(
        {
            "cut": data[:-9],
            "bit": data[:-1] + bytes([data[-1] ^ 1]),
            "empty": b"",
            "text": b"{}",
            "shape": save({"embeddings": torch.zeros(3, 16)}),
            "name": save({"other": torch.zeros(4, 16)}),
        }[how]
    )
    forget()
    with pytest.warns(UserWarning, match="are damaged .*computing them again"):
        assert torch.equal(embed(loaded), whole)
    assert counted == [4, 4]
    assert path.read_bytes() == data


def test_a_folder_that_cannot_be_written_is_a_remark(
    loaded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(text_files, "embeddings_folder", lambda: tmp_path / "file" / "folder")
    with pytest.warns(UserWarning, match="cannot be kept"):
        assert embed(loaded).shape == (4, 16)


def test_files_together_stay_below_the_limit_and_the_longest_unused_goes_first(
    loaded: Any, own_text_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed(loaded, ["dog"])
    old = kept_file(own_text_files)
    os.utime(old, (1, 1))
    embed(loaded, ["cat"])
    (middle,) = set(own_text_files.iterdir()) - {old}
    os.utime(middle, (2, 2))
    monkeypatch.setattr(text_files, "LIMIT_BYTES", 2 * old.stat().st_size)
    forget()
    embed(loaded, ["dog"])  # a use counts as young
    embed(loaded, ["sea"])
    assert old.is_file()
    assert not middle.exists()
    assert len(list(own_text_files.iterdir())) == 2


def test_the_process_keeps_a_bounded_number(loaded: Any, monkeypatch: pytest.MonkeyPatch, counted: list[int]) -> None:
    monkeypatch.setattr(class_text, "MEMORY", 2)
    monkeypatch.setattr(class_text, "read_embeddings", lambda *_: None)
    for name in ("dog", "cat", "sea", "sea", "dog"):
        embed(loaded, [name])
    assert counted == [1, 1, 1, 1]


def test_no_names_are_no_rows(loaded: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert embed(loaded, []).shape == (0, 16)
        forget()
        assert embed(loaded, []).shape == (0, 16)


def test_the_files_lie_below_the_toolkits_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("COSEGBENCH_CACHE", str(tmp_path))
    assert text_files.embeddings_folder() == tmp_path / text_files.FOLDER
