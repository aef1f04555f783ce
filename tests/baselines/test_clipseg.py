from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cosegbench_baselines.clipseg import ClipSegOnce, ClipSegShape, build_clipseg
from cosegbench_baselines.training.clipseg import restart

SHAPE = ClipSegShape(image_size=24, reduce=8, layers=(0, 1, 2), heads=2, feedforward=16)


@pytest.fixture(scope="module")
def once(loaded: Any) -> ClipSegOnce:
    torch.manual_seed(3)
    model = build_clipseg(loaded.clip.model, SHAPE)
    model.decoder.apply(restart)
    return ClipSegOnce(model, SHAPE.image_size)


@pytest.mark.parametrize("labels", [1, 5, 20])
def test_masks_equal_transformers_called_with_the_image_repeated(once: ClipSegOnce, labels: int) -> None:
    pixels, condition = torch.randn(2, 3, 24, 24), torch.randn(2, labels, 16)
    taps, _ = once.encode(pixels)
    found = once.decode(taps, condition)
    for image in range(2):
        repeated = pixels[image : image + 1].expand(labels, -1, -1, -1)
        with torch.no_grad():
            expected = once.model(pixel_values=repeated, conditional_embeddings=condition[image]).logits
        torch.testing.assert_close(found[image], expected, atol=1e-5, rtol=0)


def test_masks_from_token_ids_equal_masks_from_encoded_texts(once: ClipSegOnce, loaded: Any) -> None:
    texts, pixels = ["a photo of a dog", "a photo of a sea"], torch.randn(1, 3, 24, 24)
    ids = loaded.clip.tokenizer(texts, padding=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        expected = once.model(pixel_values=pixels.expand(2, -1, -1, -1), input_ids=ids).logits
    taps, _ = once.encode(pixels)
    found = once.decode(taps, loaded.clip.encode_text(texts).unsqueeze(0))[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_image_embedding_is_that_of_transformers(once: ClipSegOnce) -> None:
    pixels = torch.randn(2, 3, 24, 24)
    with torch.no_grad():
        expected = once.model.clip.get_image_features(pixel_values=pixels).pooler_output
    _, pooled = once.encode(pixels, pooled=True)
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=0)


def test_a_published_layout_loads_from_a_local_folder(once: ClipSegOnce, loaded: Any, tmp_path: Path) -> None:
    from cosegbench_baselines.clipseg_source import load_clipseg

    once.model.save_pretrained(tmp_path)
    loaded.clip.tokenizer.save_pretrained(tmp_path)
    found = load_clipseg(str(tmp_path))
    for name, tensor in once.model.state_dict().items():
        torch.testing.assert_close(found.once.model.state_dict()[name], tensor)
    assert len(found.digest) == 64
