"""Prefix, xatten and the mask decoder against the equations written out in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from baselines.exact.plain import part
from baselines.exact.plain_coseg import patch_tokens
from baselines.exact.plain_losses import cosine
from baselines.exact.reference import pixels_of
from baselines.exact.small_coseg import build, inputs, numbers, plain_masks, plain_tokens
from cosegbench_baselines.config import MaskDecoderConfig
from cosegbench_baselines.coseg import segment
from cosegbench_baselines.sources import load_clip

SAME = {torch.float64: 1e-12, torch.float32: 1e-5}
"""How far apart the fast model and the equations may be."""

PRECISIONS = pytest.mark.parametrize("dtype", SAME, ids=["float64", "float32"])
LABEL_MODELS = {
    "prefix": {"variant": "prefix"},
    "xatten": {"variant": "xatten"},
    "xatten of three blocks": {"variant": "xatten", "blocks": 3},
    "xatten as nn.Transformer": {"variant": "xatten", "final_norm": True},
}
DECODERS = {
    "the paper's": {},
    "film first": {"order": "film-block"},
    "the code's": {"order": "film-block", "shared_film": True, "keep_cls": True},
    "unit conditions": {"condition": "unit"},
    "keeps CLS": {"keep_cls": True},
}


def close(found: torch.Tensor, expected: np.ndarray, dtype: torch.dtype) -> None:
    torch.testing.assert_close(found.double(), torch.from_numpy(expected), atol=SAME[dtype], rtol=SAME[dtype])


def by_name(cases: dict[str, dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("fields", cases.values(), ids=list(cases))


@PRECISIONS
@by_name(LABEL_MODELS)
@torch.no_grad()
def test_label_tokens_are_those_of_the_equations(fields: dict[str, Any], dtype: torch.dtype) -> None:
    model, features = build(fields, {}, dtype=dtype), inputs(dtype=dtype)
    assert features.patches is not None
    found, weights = model.labels(features.patches), numbers(model.labels)
    for place, patches in enumerate(features.patches.double().numpy()):
        close(found[place], plain_tokens(model, weights, patches), dtype)


@PRECISIONS
@by_name(DECODERS)
@torch.no_grad()
def test_masks_are_those_of_the_equations(fields: dict[str, Any], dtype: torch.dtype) -> None:
    model, features = build({}, fields, dtype=dtype), inputs(dtype=dtype)
    conditions = torch.randn(2, 2, 8, generator=torch.Generator().manual_seed(7)).to(dtype)
    found, weights = model.decoder(features.taps, conditions), numbers(model.decoder)
    for place in range(2):
        hidden = [tap[place].double().numpy() for tap in features.taps]
        close(found[place], plain_masks(model, weights, hidden, conditions[place].double().numpy()), dtype)


@pytest.mark.parametrize("snap", [False, True])
@pytest.mark.parametrize("variant", ["prefix", "xatten"])
def test_the_whole_system_is_its_equations_one_after_the_other(variant: str, snap: bool) -> None:
    """Label tokens, their cosines with the names, and masks conditioned on the tokens or on the nearest name's text."""
    model, features = build({"variant": variant}, {}, dtype=torch.float32), inputs(images=1, dtype=torch.float32)
    assert features.patches is not None
    text = torch.randn(5, 8, generator=torch.Generator().manual_seed(3))
    found = segment(model, features, text, snap=snap)
    tokens = plain_tokens(model, numbers(model.labels), features.patches[0].double().numpy())
    names = text.double().numpy()
    cosines = np.array([[cosine(token, name) for name in names] for token in tokens])
    hidden = [tap[0].double().numpy() for tap in features.taps]
    conditions = names[cosines.argmax(1)] if snap else tokens
    logits = plain_masks(model, numbers(model.decoder), hidden, conditions)
    close(found.similarity[0], cosines[:, :-1], torch.float32)
    close(found.nothing[0], cosines[:, -1], torch.float32)
    close(found.masks[0], 1 / (1 + np.exp(-logits)), torch.float32)


@settings(max_examples=6, deadline=None)
@given(
    variant=st.sampled_from(["prefix", "xatten"]),
    order=st.sampled_from(["block-film", "film-block"]),
    queries=st.integers(1, 4),
    blocks=st.integers(1, 3),
    heads=st.sampled_from([1, 2, 4]),
    side=st.integers(1, 3),
    taps=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
@torch.no_grad()
def test_the_equations_hold_for_other_sizes(
    variant: str, order: str, queries: int, blocks: int, heads: int, side: int, taps: int, seed: int
) -> None:
    label = {"variant": variant, "queries": queries, "blocks": blocks, "heads": heads}
    model = build(label, {"order": order, "heads": heads, "taps": tuple(range(taps))}, seed)
    features = inputs(images=1, seed=seed, side=side, taps=taps)
    output = model(features)
    assert features.patches is not None
    tokens = plain_tokens(model, numbers(model.labels), features.patches[0].numpy())
    close(output.tokens[0], tokens, torch.float64)
    hidden = [tap[0].numpy() for tap in features.taps]
    close(output.masks[0], plain_masks(model, numbers(model.decoder), hidden, tokens), torch.float64)


@pytest.mark.parametrize("norm_patches", [True, False])
@torch.no_grad()
def test_the_label_model_sees_clips_projected_patch_tokens_without_cls(
    norm_patches: bool, clip_at: Path, photographs: list[Image.Image]
) -> None:
    from transformers import CLIPModel

    pixels = pixels_of(clip_at, photographs[0])
    found = load_clip(str(clip_at)).clip.encode_image(pixels, norm_patches=norm_patches).patches
    model = CLIPModel.from_pretrained(clip_at, dtype=torch.float64).eval()
    states = model.vision_model(pixels.double()).last_hidden_state[0].numpy()
    weights = numbers(model)
    norm = part(weights, "vision_model.post_layernorm") if norm_patches else None
    expected = patch_tokens(states, norm, part(weights, "visual_projection"))
    assert found is not None
    torch.testing.assert_close(found[0].double(), torch.from_numpy(expected), atol=1e-5, rtol=0)


def test_the_papers_order_is_the_default_and_the_orders_draw_different_masks() -> None:
    assert MaskDecoderConfig().order == "block-film"
    features, conditions = inputs(), torch.randn(2, 2, 8).double()
    with torch.no_grad():
        masks = [
            build({}, {"order": order}).decoder(features.taps, conditions) for order in ("block-film", "film-block")
        ]
    assert float((masks[0] - masks[1]).abs().mean()) > 0.01


@by_name({name: fields for name, fields in DECODERS.items() if fields})
@torch.no_grad()
def test_every_choice_of_the_decoder_changes_its_masks(fields: dict[str, Any]) -> None:
    features, conditions = inputs(), torch.randn(2, 2, 8).double()
    paper, other = build({}, {}), build({}, fields)
    weights = {name: each for name, each in paper.decoder.state_dict().items() if name in other.decoder.state_dict()}
    other.decoder.load_state_dict(weights)
    assert (
        float((paper.decoder(features.taps, conditions) - other.decoder(features.taps, conditions)).abs().mean()) > 1e-3
    )
