"""The weights that ship: whole, small, honest about themselves, and far above chance. No order is asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cosegbench import TextRule, load_dataset
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.predictors import CoSegNoTraining, CoSegPrefix, CoSegXatten
from cosegbench_baselines.sources import load_clip, miniature_folder
from cosegbench_baselines.training.captions import open_captions
from cosegbench_baselines.training.clip_measure import zero_shot

KINDS = {
    "clip": "clip",
    "clipseg": "clipseg",
    "coseg-decoder": "coseg-decoder",
    **{f"coseg-{variant}.{recipe}": "coseg" for variant in ("prefix", "xatten") for recipe in ("paper", "miniature")},
}


@pytest.mark.parametrize("name", KINDS)
def test_each_file_is_what_its_json_says(name: str) -> None:
    info = load_checkpoint(miniature_folder() / f"{name}.safetensors", KINDS[name]).info
    assert info["seed"] == 0
    assert info["command"].startswith("cosegbench train --predictor ")
    assert info["spent"]["core_minutes"] > 0
    assert "/" not in info["command"]


def test_all_weights_are_at_most_15_megabytes_and_took_at_most_120_core_minutes() -> None:
    files = list(miniature_folder().iterdir())
    assert sum(path.stat().st_size for path in files) <= 15_000_000
    infos = [json.loads((miniature_folder() / f"{name}.json").read_text()) for name in KINDS]
    spent = [info["spent"]["core_minutes"] for info in infos]
    spent += [info["start"]["spent"]["core_minutes"] for info in infos if info.get("start")]
    assert sum(spent) <= 120


def test_everything_was_trained_on_the_clip_that_ships() -> None:
    clip = load_clip("miniature")
    for name in KINDS:
        if name != "clip":
            info = json.loads((miniature_folder() / f"{name}.json").read_text())
            assert info["clip"] == {"source": ".", "sha256": clip.digest}


def test_the_small_clip_names_close_ups(root: Path) -> None:
    data = open_captions(root, "val").load(64)
    names = sorted(set(data.concepts) - {""})
    assert zero_shot(load_clip("miniature").clip, data, names)["closeup_accuracy"] > 0.6


def covered(prediction: Any, target: np.ndarray) -> float:
    """Share of the labelled pixels that carry the right class, by the paper's rule."""
    masks = torch.nn.functional.interpolate(prediction.masks[None].float(), target.shape, mode="bilinear")[0]
    similarity, names = prediction.similarity.max(-1)
    if prediction.nothing is not None:
        masks = masks * (prediction.nothing <= similarity)[:, None, None]
    value, index = masks.max(0)
    labels = np.where(value.numpy() > 0.3, names[index].numpy(), 65535)
    valid = target != 65535
    return float((labels[valid] == target[valid]).mean())


@pytest.mark.parametrize("kind", [CoSegPrefix, CoSegXatten, CoSegNoTraining])
def test_predictions_are_far_above_chance(kind: type[Any], root: Path) -> None:
    dataset = load_dataset("miniature-coco-stuff", root)
    predictor = kind(weights="miniature")
    predictor.prepare(dataset.vocabulary, TextRule())
    images = [dataset.image(image_id) for image_id in dataset.image_ids]
    shares = [
        covered(found, dataset.target(image_id))
        for image_id, found in zip(dataset.image_ids, predictor.predict(images), strict=True)
    ]
    assert np.mean(shares) > 0.3  # one of 61 classes by chance


@pytest.mark.parametrize("kind", [CoSegPrefix, CoSegXatten])
def test_the_papers_recipe_ships_too_and_says_so(kind: type[Any]) -> None:
    about = kind(weights="miniature", recipe="paper").describe()
    assert about["recipe"] == "paper"
    assert about["snap"] is False
