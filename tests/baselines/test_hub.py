from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosegbench.errors import MissingWeightsError, RequestError
from cosegbench_baselines.checkpoint_files import chosen_files
from cosegbench_baselines.hub import CLIP_HUB_ID, CLIPSEG_HUB_ID, PINNED, find_snapshot, split_revision
from cosegbench_baselines.sources import load_clip
from tests.baselines.folders import COMMIT, put_in_cache, write_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published")
    write_checkpoint(path)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, offline."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_branch_in_the_cache_loads_offline_and_states_its_commit(cache: Path, folder: Path) -> None:
    put_in_cache(cache, "someone/clip", folder)
    found = load_clip("someone/clip")
    assert found.source == f"someone/clip@{COMMIT}"
    assert found.revision == COMMIT
    assert found.digest == load_clip(str(folder)).digest
    assert load_clip(f"someone/clip@{COMMIT}").digest == found.digest
    assert load_clip(found.source).source == found.source


def test_the_known_ids_mean_their_pinned_commit_and_nothing_else(cache: Path, folder: Path) -> None:
    put_in_cache(cache, CLIP_HUB_ID, folder)  # main, at another commit than the pinned one
    with pytest.raises(
        MissingWeightsError, match=rf"(?s){PINNED[CLIP_HUB_ID]}.*The cache holds {CLIP_HUB_ID}@{COMMIT}"
    ):
        find_snapshot("CLIP", CLIP_HUB_ID)
    assert find_snapshot("CLIP", f"{CLIP_HUB_ID}@main").revision == COMMIT
    put_in_cache(cache, CLIP_HUB_ID, folder, PINNED[CLIP_HUB_ID], "other")
    assert find_snapshot("CLIP", CLIP_HUB_ID).source == f"{CLIP_HUB_ID}@{PINNED[CLIP_HUB_ID]}"


def test_pinned_revisions_are_whole_commits() -> None:
    assert {CLIP_HUB_ID, CLIPSEG_HUB_ID} <= set(PINNED)
    for commit in PINNED.values():
        assert len(commit) == 40
        assert int(commit, 16)


def test_nothing_there_names_the_file_the_place_and_the_command(cache: Path) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        find_snapshot("CLIPSeg", CLIPSEG_HUB_ID)
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert "config.json was looked for" in text
    assert str(cache / "models--CIDAS--clipseg-rd64-refined" / "snapshots" / PINNED[CLIPSEG_HUB_ID]) in text
    assert "HF_HUB_OFFLINE" in text
    assert f"hf download {CLIPSEG_HUB_ID} --revision {PINNED[CLIPSEG_HUB_ID]}" in text


@pytest.mark.parametrize(
    ("left_out", "said"), [("model.safetensors", "weights"), ("tokenizer.json", "tokenizer"), ("config.json", "config")]
)
def test_a_part_that_the_cache_lacks_is_named(left_out: str, said: str, cache: Path, folder: Path) -> None:
    snapshot = put_in_cache(cache, "someone/clip", folder)
    (snapshot / left_out).unlink()
    with pytest.raises(MissingWeightsError, match=f"{said}.* was looked for in"):
        find_snapshot("CLIP", "someone/clip")


def test_a_link_to_a_blob_that_is_gone_is_no_file(cache: Path, folder: Path) -> None:
    snapshot = put_in_cache(cache, "someone/clip", folder)
    (snapshot / "model.safetensors").resolve().unlink()
    with pytest.raises(MissingWeightsError, match=r"weights .* was looked for in"):
        find_snapshot("CLIP", "someone/clip")


@pytest.mark.parametrize("left_out", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_part_that_a_folder_lacks_is_named(left_out: str, tmp_path: Path, folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != left_out:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(MissingWeightsError, match=rf"the folder .* has no .*{left_out}") as caught:
        find_snapshot("CLIP", str(tmp_path))
    assert "hf download" in str(caught.value)


@pytest.mark.parametrize("source", ["/nowhere/clip", "./clip", "~/nowhere/clip", "a/b/c"])
def test_a_path_without_a_folder_is_not_asked_of_the_hub(source: str) -> None:
    with pytest.raises(MissingWeightsError, match="there is no such folder"):
        find_snapshot("CLIP", source)


@pytest.mark.parametrize("source", ["not a name", "a--b/..c", "someone/clip@", ""])
def test_what_is_no_hub_id_is_a_bad_request(source: str) -> None:
    with pytest.raises(RequestError, match=r"neither a folder nor a hub id|nothing stands after @"):
        split_revision("CLIP", source)


def test_a_folder_comes_before_the_hub(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "someone").mkdir()
    (tmp_path / "someone" / "clip").symlink_to(folder)
    found = find_snapshot("CLIP", "someone/clip")
    assert (found.source, found.revision) == ("someone/clip", None)


def online(monkeypatch: pytest.MonkeyPatch, cache: Path, folder: Path) -> list[str]:
    """A hub that serves ``folder``, and the files that were asked of it."""
    import huggingface_hub
    from huggingface_hub import constants

    asked: list[str] = []
    extra = ["pytorch_model.bin", "flax_model.msgpack", "tf_model.h5", "README.md"]
    names = [path.name for path in folder.iterdir()]

    def model_info(self: Any, name: str, **options: Any) -> SimpleNamespace:
        asked.append(f"listing of {options['revision']}")
        return SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=each) for each in [*names, *extra]])

    def download(name: str, file: str, *, revision: str) -> str:
        asked.append(file)
        place = cache / f"models--{name.replace('/', '--')}" / "snapshots" / revision / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((folder / file).read_bytes())
        return str(place)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


def test_a_download_takes_one_set_of_weights_and_is_done_once(
    cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = online(monkeypatch, cache, folder)
    assert find_snapshot("CLIP", "someone/clip").revision == COMMIT
    assert "model.safetensors" in asked
    assert not set(asked) & {"pytorch_model.bin", "flax_model.msgpack", "tf_model.h5", "README.md"}
    asked.clear()
    assert find_snapshot("CLIP", f"someone/clip@{COMMIT}").revision == COMMIT
    assert asked == []


def test_a_hub_out_of_reach_is_missing_weights(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    def absent(self: Any, name: str, **options: Any) -> SimpleNamespace:
        raise TimeoutError("no route")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", absent)
    with pytest.raises(MissingWeightsError, match=r"the hub gave TimeoutError \(no route\).*hf download someone/clip"):
        find_snapshot("CLIP", "someone/clip")


def test_weights_in_parts_are_fetched_by_their_index(tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "part-2", "b": "part-1", "c": "part-2"}}))
    found = chosen_files([index.name, "config.json", "vocab.json", "merges.txt"], lambda _: index)
    assert found == ["config.json", index.name, "part-1", "part-2", "vocab.json", "merges.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_hub_clients_own_variables_are_respected(switch: str, tmp_path: Path, folder: Path) -> None:
    put_in_cache(tmp_path / "hub", CLIP_HUB_ID, folder, PINNED[CLIP_HUB_ID])
    code = (
        "from cosegbench_baselines.sources import load_clip\n"
        "from cosegbench.errors import MissingWeightsError\n"
        f"print(load_clip({CLIP_HUB_ID!r}).revision)\n"
        "try:\n    load_clip('someone/else')\nexcept MissingWeightsError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), switch: "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    first, second = done.stdout.splitlines()
    assert first == PINNED[CLIP_HUB_ID]
    assert "offline" in second
