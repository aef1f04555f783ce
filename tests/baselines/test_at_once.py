"""What is computed together, what is computed once, and what is not computed at all: none of it changes a result."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from cosegbench import TextRule, Vocabulary
from cosegbench_baselines import at_once
from cosegbench_baselines.clipseg import ClipSegOnce, ClipSegShape, build_clipseg, decode_labels
from cosegbench_baselines.coseg import CoSeg, coseg_config, segment
from cosegbench_baselines.predictors import CoSegNoTraining
from cosegbench_baselines.training.clipseg import restart

CLOSE = {"atol": 1e-5, "rtol": 0}


@pytest.fixture(scope="module")
def once(loaded: Any) -> ClipSegOnce:
    torch.manual_seed(3)
    shape = ClipSegShape(image_size=24, reduce=8, layers=(0, 1), heads=2, feedforward=16)
    model = build_clipseg(loaded.clip.model, shape)
    model.decoder.apply(restart)
    return ClipSegOnce(model, shape.image_size)


def calls_of(module: torch.nn.Module) -> list[torch.Size]:
    """Grows by the shape of the first argument with each call."""
    shapes: list[torch.Size] = []
    module.register_forward_pre_hook(lambda _, given: shapes.append(given[0].shape))
    return shapes


@pytest.mark.parametrize(("tokens", "expected"), [(1, 1024), (197, 5), (485, 2), (4000, 1), (0, 1024)])
def test_a_cpu_takes_as_many_as_its_cache_holds_and_always_one(tokens: int, expected: int) -> None:
    assert at_once.at_once(torch.device("cpu"), tokens) == expected


def test_an_accelerator_takes_everything() -> None:
    assert at_once.at_once(torch.device("cuda"), 485) > 1_000_000


def test_images_in_portions_have_the_features_of_one_batch(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = torch.randn(5, 3, 16, 16)
    whole = loaded.clip.encode_image(pixels, (1, 2))
    monkeypatch.setattr(at_once, "_TOKENS", 2 * 17)
    shapes = calls_of(loaded.clip.model.vision_model.embeddings)
    parts = loaded.clip.encode_image(pixels, (1, 2))
    assert [shape[0] for shape in shapes] == [2, 2, 1]
    pairs = zip([*parts.taps, parts.patches, parts.pooled], [*whole.taps, whole.patches, whole.pooled], strict=True)
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, **CLOSE)


@pytest.mark.parametrize("layer", [0, 1])
def test_the_decoder_runs_once_an_image_up_to_its_film(
    once: ClipSegOnce, layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = once.model.decoder
    monkeypatch.setattr(decoder, "conditional_layer", layer)
    taps, _ = once.encode(torch.randn(1, 3, 24, 24))
    condition = torch.randn(1, 4, 16)
    reduced, first = calls_of(decoder.reduces[0]), calls_of(decoder.layers[0])
    found = once.decode(taps, condition)
    assert [shape[0] for shape in reduced] == [1]
    assert [shape[0] for shape in first] == [4 if layer == 0 else 1]
    with torch.no_grad():
        torch.testing.assert_close(found, decode_labels(decoder, taps, condition), **CLOSE)


def test_coseg_decodes_image_by_image_on_a_cpu(loaded: Any, small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    model = CoSeg(coseg_config(loaded.clip, **small), loaded.clip.position_rows(5)).eval()
    features = loaded.clip.encode_image(torch.randn(3, 3, 16, 16), (1, 2, 3))
    text = torch.randn(4, 16)
    whole = segment(model, features, text, snap=False)
    monkeypatch.setattr(at_once, "_TOKENS", 1)
    heads = calls_of(model.decoder.head)
    parts = segment(model, features, text, snap=False)
    assert [shape[0] for shape in heads] == [5, 5, 5]
    torch.testing.assert_close(parts.masks, whole.masks, **CLOSE)


def test_an_embedding_without_patches_is_that_with_them_and_costs_no_last_layer(loaded: Any) -> None:
    pixels = torch.randn(2, 3, 16, 16)
    full = loaded.clip.encode_image(pixels, (2,))
    layers = loaded.clip.model.vision_model.encoder.layers
    asked = [calls_of(layer) for layer in layers]
    found = loaded.clip.encode_image(pixels, (2,), patches=False)
    assert [len(shapes) for shapes in asked] == [1] * (len(layers) - 1) + [0]
    assert found.patches is None
    torch.testing.assert_close(found.pooled, full.pooled, **CLOSE)
    tapped = loaded.clip.encode_image(pixels, (len(layers),), patches=False)
    torch.testing.assert_close(tapped.pooled, full.pooled, **CLOSE)


@pytest.mark.parametrize("variant", ["authors", "paper"])
def test_no_training_encodes_each_image_once_a_tower(variant: Any) -> None:
    predictor = CoSegNoTraining("miniature", variant=variant, k=3)
    predictor.prepare(Vocabulary.from_names(["dog", "cat", "sea", "sky"]), TextRule())
    system = predictor._system
    drawing = calls_of(system.clipseg.once.model.clip.vision_model.encoder.layers[0])
    picking = [] if system.clip is None else calls_of(system.clip.clip.model.vision_model.encoder.layers[0])
    predictor.predict([Image.new("RGB", (40, 30), (90, 20, 10))] * 2)
    assert [shape[0] for shape in drawing] == [2]
    assert [shape[0] for shape in picking] == ([2] if variant == "paper" else [])
