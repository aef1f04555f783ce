"""Every choice of the configuration can be trained and reaches the model at inference."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cosegbench import TextRule
from cosegbench_baselines.config import CoSegConfig, LabelModelConfig, MaskDecoderConfig
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.sources import LoadedClip, load_clip
from cosegbench_baselines.systems import CoSegSystem
from cosegbench_baselines.training.recipes import Sizes

GIVEN_BY_CLIP_OR_COMMAND = {"variant", "width", "hidden", "patch"}


def test_a_training_recipe_has_every_choice_of_the_configuration_with_its_default() -> None:
    for kind, half in ((LabelModelConfig, "label_model"), (MaskDecoderConfig, "mask_decoder")):
        expected = {field.name: field.default for field in fields(kind) if field.name not in GIVEN_BY_CLIP_OR_COMMAND}
        found = Sizes().parts()[half]
        assert set(found) == set(expected)
        # the taps may be left to the depth of the CLIP
        assert all(found[name] == expected[name] for name in found if name != "taps")


def test_a_configuration_of_an_older_checkpoint_has_the_defaults_of_newer_choices() -> None:
    data = CoSegConfig().to_json()
    for half, names in (("label_model", ("norm_patches", "final_norm")), ("mask_decoder", ("keep_cls",))):
        for name in names:
            del data[half][name]
    assert CoSegConfig.from_json(data) == CoSegConfig()


def test_the_layer_norm_of_the_patch_tokens_is_what_the_checkpoint_says(
    clip_at: Path, photographs: list[Image.Image]
) -> None:
    loaded = load_clip(str(clip_at))
    small = {
        "label_model": {"queries": 4, "blocks": 1, "feedforward": 8},
        "mask_decoder": {"taps": (1, 2), "reduce": 8},
    }
    normed = coseg_config(loaded.clip, **small)
    raw = replace(normed, label_model=replace(normed.label_model, norm_patches=False))
    torch.manual_seed(0)
    model = CoSeg(normed).eval()
    found = []
    for config in (normed, raw):
        model.config = config
        found.append(similarities(model, loaded, photographs))
    assert float((found[0] - found[1]).abs().max()) > 1e-3


def similarities(model: CoSeg, loaded: LoadedClip, images: list[Image.Image]) -> torch.Tensor:
    system = CoSegSystem(model, loaded, snap=False, scale=1.0, about={}, device="cpu")
    system.prepare(["dog", "sea"], TextRule())
    segments = system.segment(images)
    assert np.isfinite(segments.masks.numpy()).all()
    return segments.similarity
