"""CLIP's text tower as a text encoder."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cosegbench.cards import load_card
from cosegbench.cli import main
from cosegbench.plugins import load_target
from cosegbench.text import TextRule
from cosegbench_baselines.sources import load_clip
from cosegbench_baselines.text_encoder import ClipText


@pytest.fixture(scope="module")
def encoder() -> ClipText:
    return ClipText("miniature")


def test_it_is_registered_as_the_default_encoder() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    target = project["project"]["entry-points"]["cosegbench.text_encoders"]["clip"]
    assert load_target(target, "clip") is ClipText


def test_its_vectors_are_clips_own(encoder: ClipText) -> None:
    names, text = ["person", "sea"], TextRule("a picture of {}")
    with torch.no_grad():
        own = load_clip("miniature").clip.encode_text(["a picture of person", "a picture of sea"])
    assert np.allclose(encoder.encode(names, text), own.numpy(), atol=1e-6)


def test_the_miniature_knows_every_name_of_its_world_and_not_of_the_real_one(encoder: ClipText) -> None:
    for name in ("miniature-coco-stuff", "miniature-voc20", "miniature-context59", "miniature-context459"):
        assert encoder.unknown(load_card(name).vocabulary().names) == []
    assert "parking meter" in encoder.unknown(load_card("coco-stuff").vocabulary().names)


def test_it_says_what_was_loaded(encoder: ClipText) -> None:
    facts = encoder.describe()
    assert facts["weights"] == "miniature"
    assert len(facts["weights_digest"]) == 64


def test_the_command_answers_for_the_miniature_without_a_network() -> None:
    command = ["vocabulary", "similarity", "miniature-coco-stuff", "miniature-context459"]
    module = "cosegbench_baselines.text_encoder:ClipText"
    done = CliRunner().invoke(main, [*command, "--encoder", module, "--json", "-"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["encoder"]["weights"] == "miniature"
    same = [row["cosine"] for row in found["names"] if row["name"] == row["nearest"]]
    assert len(same) > 40 and min(same) == pytest.approx(1.0)
    assert found["hausdorff_similarity_test_to_training"] < 0.9


def test_the_miniature_is_refused_for_names_that_it_cannot_read() -> None:
    command = ["vocabulary", "similarity", "coco-stuff", "context59", "--weights", "miniature"]
    done = CliRunner().invoke(main, [*command, "--encoder", "cosegbench_baselines.text_encoder:ClipText"])
    assert done.exit_code == 2
    assert "of 171 names of coco-stuff" in done.stderr
