"""What keeping text embeddings saves. Run with ``pytest tests/benchmarks/test_text_embeddings.py -s``."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from cosegbench import TextRule
from cosegbench_baselines import class_text, text_files
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.sources import load_clip

NAMES = 847


def fastest(work: Callable[[], object], rounds: int = 5) -> float:
    """Milliseconds of the best of a few rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def miniature() -> FrozenClip:
    return load_clip("miniature").clip


def vit_b16() -> FrozenClip:
    """Of random weights, with one token a word: about as many tokens as CLIP's own tokenizer gives."""
    tokenizer = load_clip("miniature").clip.tokenizer
    config = CLIPConfig(text_config={"eos_token_id": tokenizer.eos_token_id}, vision_config={"num_hidden_layers": 1})
    return FrozenClip(CLIPModel(config), tokenizer)


@pytest.mark.parametrize(("tower", "rounds"), [(miniature, 5), (vit_b16, 1)])
def test_a_vocabulary_that_is_kept_costs_less_than_one_that_is_encoded(
    tower: Callable[[], FrozenClip], rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "embeddings_folder", lambda: tmp_path)
    clip, rule = tower(), TextRule()
    words = sorted(word for word in clip.tokenizer.get_vocab() if word.isalpha())
    names = [" ".join(pair) for pair in itertools.islice(itertools.permutations(words, 2), NAMES)]

    def embed() -> torch.Tensor:
        return class_text.class_embeddings(clip, tower.__name__, names, rule)

    def from_disk() -> torch.Tensor:
        class_text.forget()
        return embed()

    plain = embed()
    encode = fastest(lambda: clip.encode_text(rule.sentences(names)), rounds)
    disk, memory = fastest(from_disk), fastest(embed)
    assert torch.equal(from_disk(), plain)
    (path,) = tmp_path.iterdir()
    sys.stdout.write(
        f"\n{NAMES} names, {tower.__name__}, {torch.get_num_threads()} threads: encoded {encode:.0f} ms, from the file "
        f"{disk:.0f} ms ({encode / disk:.1f}x), in the process {memory:.0f} ms; {path.stat().st_size} bytes\n"
    )
    assert disk < encode
