"""A CoSeg checkpoint refers to its CLIP: what happens when either of the two has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from cosegbench import TextRule, Vocabulary
from cosegbench.cli import main
from cosegbench.errors import DataError, MissingWeightsError, RequestError
from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.predictors import CoSegPrefix
from cosegbench_baselines.sources import LoadedClip, load_clip, miniature_folder
from tests.baselines.folders import COMMIT, put_in_cache, write_checkpoint


def train(loaded: LoadedClip, path: Path) -> Path:
    """What a training of no steps on ``loaded`` writes."""
    torch.manual_seed(0)
    config = coseg_config(
        loaded.clip,
        label_model={"queries": 5, "blocks": 2, "heads": 2, "feedforward": 16},
        mask_decoder={"reduce": 8, "taps": (1, 2, 3), "heads": 2, "feedforward": 16},
    )
    info = {
        "kind": "coseg",
        "config": config.to_json(),
        "settings": {"loss": {"tau": 0.08}},
        "snap": False,
        "recipe": "paper",
        "seed": 0,
        "clip": {"source": loaded.source, "sha256": loaded.digest},
        "data": {"dataset": "x"},
    }
    return save_checkpoint(path, CoSeg(config, loaded.clip.position_rows(5)).state_dict(), info)


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "tower")
    return tmp_path / "tower"


@pytest.fixture
def weights(tower: Path, tmp_path: Path) -> Path:
    return train(load_clip(str(tower)), tmp_path / "trained" / "prefix.safetensors")


def masks(predictor: CoSegPrefix) -> torch.Tensor:
    predictor.prepare(Vocabulary.from_names(["dog", "cat"]), TextRule())
    return predictor.predict([Image.new("RGB", (9, 7), (200, 30, 90))])[0].masks  # type: ignore[union-attr]


def rewrite(weights: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = weights.with_suffix(".json")
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def test_a_checkpoint_is_two_files_without_the_tower_that_say_how_they_were_made() -> None:
    from safetensors import safe_open

    path = miniature_folder() / "coseg-prefix.miniature.safetensors"
    with safe_open(path, framework="pt") as stream:
        parts = {name.partition(".")[0] for name in stream.keys()}  # noqa: SIM118 -- no mapping
    assert parts == {"labels", "decoder"}
    info = json.loads(path.with_suffix(".json").read_text())
    assert set(info["config"]) == {"label_model", "mask_decoder", "image_size"}
    assert len(info["data"]["vocabulary_sha256"]) == 64
    assert info["command"].startswith("cosegbench train")
    assert set(info["clip"]) >= {"source", "sha256"}


def test_a_tower_that_moved_is_named_with_the_way_to_name_it_anew(weights: Path, tower: Path, tmp_path: Path) -> None:
    before = masks(CoSegPrefix(weights=str(weights)))
    moved = tower.rename(tmp_path / "moved")
    with pytest.raises(
        MissingWeightsError, match=r"(?s)prefix\.safetensors .* hold no copy.*--set clip=FOLDER"
    ) as caught:
        CoSegPrefix(weights=str(weights))
    assert str(tower) in str(caught.value)
    assert torch.equal(masks(CoSegPrefix(weights=str(weights), clip=str(moved))), before)


def test_another_tower_is_refused_by_its_digest_wherever_it_is_named(
    weights: Path, tower: Path, tmp_path: Path
) -> None:
    write_checkpoint(tmp_path / "other", num_hidden_layers=4)
    with pytest.raises(RequestError, match="were trained on a CLIP of sha256"):
        CoSegPrefix(weights=str(weights), clip=str(tmp_path / "other"))
    shutil.copytree(tmp_path / "other", tower, dirs_exist_ok=True)
    with pytest.raises(RequestError, match="were trained on a CLIP of sha256"):
        CoSegPrefix(weights=str(weights))


def test_a_checkpoint_on_a_hub_tower_refers_to_its_commit(tower: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    put_in_cache(tmp_path / "hub", "someone/clip", tower)
    weights = train(load_clip("someone/clip"), tmp_path / "trained" / "prefix.safetensors")
    facts = CoSegPrefix(weights=str(weights)).describe()
    assert facts["clip"]["source"] == f"someone/clip@{COMMIT}"
    assert facts["clip"]["revision"] == COMMIT
    assert facts["clip"]["sha256"] == load_clip(str(tower)).digest
    put_in_cache(tmp_path / "hub", "someone/clip", tower, "f" * 40)  # main has moved on; the reference has not
    assert CoSegPrefix(weights=str(weights)).describe()["clip"]["revision"] == COMMIT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda info: info["config"]["mask_decoder"].update(colour=3), "unknown field 'colour'"),
        (lambda info: info["config"]["mask_decoder"].update(reduce=4), "does not describe them"),
        (lambda info: info["config"].pop("label_model"), "'label_model' is missing"),
        (lambda info: info.update(config=None), "does not describe them"),
        (lambda info: info.pop("clip"), "lacks a field"),
        (lambda info: info.update(clip="."), "lacks a field"),
        (lambda info: info.pop("settings"), "lacks a field"),
        (lambda info: info.update(schema_version=0), "schema_version 0, expected 1. Train it again"),
        (lambda info: info.pop("schema_version"), "schema_version None, expected 1"),
        (lambda info: info.update(schema_version=2), "schema_version 2, expected 1. A newer cosegbench"),
        (lambda info: info.update(kind="clipseg"), "kind 'clipseg', expected 'coseg'"),
        (lambda info: info.update(sha256="0" * 64), "sha256 is not the one"),
    ],
)
def test_a_description_that_does_not_fit_is_one_typed_error(
    change: Callable[[dict[str, Any]], object], said: str, weights: Path
) -> None:
    rewrite(weights, change)
    with pytest.raises(DataError, match=said) as caught:
        CoSegPrefix(weights=str(weights))
    assert "prefix." in str(caught.value)


def test_a_description_that_is_missing_is_named(weights: Path) -> None:
    weights.with_suffix(".json").unlink()
    with pytest.raises(MissingWeightsError, match=r"prefix\.json is not there"):
        CoSegPrefix(weights=str(weights))


def test_tampered_weights_are_refused(weights: Path) -> None:
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(DataError, match="sha256"):
        CoSegPrefix(weights=str(weights))


def test_taps_that_the_tower_lacks_are_refused(weights: Path) -> None:
    rewrite(weights, lambda info: info["config"]["mask_decoder"].update(taps=[1, 2, 9]))
    with pytest.raises(RequestError, match="hidden state 9 does not exist"):
        CoSegPrefix(weights=str(weights))


def run(root: Path, results: Path, *words: str) -> Any:
    places = ["--data-root", str(root), "--results", str(results), "--limit", "2"]
    return CliRunner().invoke(main, ["run", "--dataset", "miniature-voc20", *places, *words])


def test_run_takes_published_weights_from_the_cache_and_records_what_they_were(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    words = ["--predictor", "coseg-no-training", "--weights", "someone/clipseg", "--set", "clip=someone/clip"]
    refused = run(root, tmp_path / "results", *words)
    assert refused.exit_code == 2
    assert "hf download someone/clipseg --revision main" in refused.stderr
    assert "Traceback" not in refused.output
    for name, kind in (("someone/clip", "clip"), ("someone/clipseg", "clipseg")):
        write_checkpoint(tmp_path / kind, kind)
        (tmp_path / kind / "preprocessor_config.json").write_text('{"size": {"height": 24, "width": 24}}')
        put_in_cache(tmp_path / "hub", name, tmp_path / kind)
    done = run(root, tmp_path / "results", *words)
    assert done.exit_code == 0, done.output
    (record,) = [path for path in (tmp_path / "results").rglob("*.json") if '"predictor"' in path.read_text()]
    predictor = json.loads(record.read_text())["predictor"]
    assert predictor["weights"] == f"clipseg@{COMMIT}"
    assert len(predictor["weights_digest"]) == 64
    assert predictor["facts"]["revision"] == COMMIT
    assert predictor["facts"]["clip"]["source"] == f"someone/clip@{COMMIT}"
    assert predictor["facts"]["precision"] == "float32"


def test_run_refuses_bf16_on_a_cpu_in_one_sentence(root: Path, tmp_path: Path) -> None:
    refused = run(root, tmp_path / "results", "--predictor", "coseg-prefix", "--set", "precision=bf16")
    assert refused.exit_code == 2
    assert "precision bf16 needs a CUDA GPU" in refused.stderr
    assert "Traceback" not in refused.output
