from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn import functional

from cosegbench.errors import RequestError
from cosegbench_baselines.backbone import vision_pass
from cosegbench_baselines.config import CoSegConfig, LabelModelConfig, MaskDecoderConfig
from cosegbench_baselines.coseg import CoSeg, coseg_config, segment
from cosegbench_baselines.label_model import build_label_model
from cosegbench_baselines.mask_decoder import MaskDecoder

VARIANTS = ("prefix", "xatten")


def build(loaded: Any, small: dict[str, dict[str, Any]], variant: str, **decoder: Any) -> CoSeg:
    torch.manual_seed(1)
    label = {**small["label_model"], "variant": variant}
    config = coseg_config(loaded.clip, label_model=label, mask_decoder={**small["mask_decoder"], **decoder})
    return CoSeg(config, loaded.clip.position_rows(5)).eval()


def test_the_defaults_are_the_papers_numbers() -> None:
    label, decoder = LabelModelConfig(), MaskDecoderConfig()
    assert (label.queries, label.blocks, label.width, label.heads, label.feedforward) == (20, 8, 512, 4, 2048)
    assert (decoder.reduce, decoder.taps, decoder.order, decoder.patch) == (128, (3, 6, 9), "block-film", 16)
    assert CoSegConfig().image_size == 224


def test_a_full_size_configuration_gives_20_tokens_and_20_masks_of_224_pixels() -> None:
    label, decoder = LabelModelConfig(blocks=1, feedforward=8), MaskDecoderConfig(taps=(3,), feedforward=8)
    patches, taps = torch.randn(1, 196, 512), (torch.randn(1, 197, 768),)
    with torch.no_grad():
        tokens = build_label_model(label, torch.zeros(20, 512)).eval()(patches)
        masks = MaskDecoder(decoder).eval()(taps, tokens)
    assert tokens.shape == (1, 20, 512)
    assert masks.shape == (1, 20, 224, 224)


def test_a_configuration_survives_json_and_refuses_unknown_fields() -> None:
    config = CoSegConfig(LabelModelConfig(queries=7), MaskDecoderConfig(order="film-block"), 64)
    assert CoSegConfig.from_json(config.to_json()) == config
    data = config.to_json()
    data["label_model"]["depth"] = 3
    with pytest.raises(RequestError, match="depth"):
        CoSegConfig.from_json(data)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", ["block-film", "film-block"])
def test_a_batch_of_images_gives_what_each_image_gives_alone(loaded: Any, small: Any, variant: str, order: str) -> None:
    model = build(loaded, small, variant, order=order)
    pixels = torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        together = model(loaded.clip.encode_image(pixels, (1, 2, 3)))
        for place in range(3):
            alone = model(loaded.clip.encode_image(pixels[place : place + 1], (1, 2, 3)))
            torch.testing.assert_close(together.tokens[place], alone.tokens[0], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(together.masks[place], alone.masks[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_label_tokens_depend_on_every_patch_of_their_image(loaded: Any, small: Any, variant: str) -> None:
    model = build(loaded, small, variant)
    patches = torch.randn(1, 16, 16, requires_grad=True)
    model.labels(patches)[0, 0, 0].backward()
    assert patches.grad is not None
    assert (patches.grad.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("order", ["block-film", "film-block"])
def test_the_decoder_is_the_equation_written_out(loaded: Any, small: Any, order: str) -> None:
    decoder = build(loaded, small, "prefix", order=order).decoder
    taps = [torch.randn(2, 17, 16) for _ in range(3)]
    condition = torch.randn(2, 5, 16)
    with torch.no_grad():
        fast = decoder(taps, condition)
        for image in range(2):
            for label in range(5):
                state = torch.zeros(1, 16, 8)
                for tap, reduce, block, film in zip(taps, decoder.reduces, decoder.blocks, decoder.films, strict=True):
                    state = state + reduce(tap[image : image + 1, 1:])
                    times, plus = film.multiply(condition[image, label]), film.add(condition[image, label])
                    state = block(state) * times + plus if order == "block-film" else block(state * times + plus)
                slow = decoder.head(state[0].T.reshape(1, 8, 4, 4))[0, 0]
                torch.testing.assert_close(fast[image, label], slow, atol=1e-5, rtol=1e-4)


def test_hidden_states_are_those_of_transformers_and_unneeded_layers_do_not_run(loaded: Any) -> None:
    tower, pixels = loaded.clip.model.vision_model, torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = tower(pixel_values=pixels, output_hidden_states=True)
        found = vision_pass(tower, None, pixels, (0, 2))
    torch.testing.assert_close(found.taps[0], expected.hidden_states[0])
    torch.testing.assert_close(found.taps[1], expected.hidden_states[2])
    assert found.pooled is None
    ran: list[int] = []
    hooks = [layer.register_forward_hook(lambda *_, i=i: ran.append(i)) for i, layer in enumerate(tower.encoder.layers)]
    vision_pass(tower, None, pixels, (0, 2))
    for hook in hooks:
        hook.remove()
    assert ran == [0, 1]


def test_image_and_text_embeddings_are_those_of_transformers(loaded: Any) -> None:
    model, pixels = loaded.clip.model, torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(
            loaded.clip.encode_image(pixels).pooled, model.get_image_features(pixel_values=pixels).pooler_output
        )
        ids = loaded.clip.tokenizer(["a photo of a dog", "a sea"], padding=True, return_tensors="pt")
        expected = model.get_text_features(**ids).pooler_output
    torch.testing.assert_close(loaded.clip.encode_text(["a photo of a dog", "a sea"]), expected, atol=1e-5, rtol=1e-4)


def test_a_text_has_the_same_embedding_whatever_stands_beside_it(loaded: Any) -> None:
    alone = loaded.clip.encode_text(["a dog"])[0]
    beside = loaded.clip.encode_text(["a dog", "a photo of a hot-air balloon"])[0]
    torch.testing.assert_close(alone, beside, atol=1e-5, rtol=1e-4)


def test_the_frozen_clip_stays_frozen_and_in_evaluation_mode(loaded: Any) -> None:
    loaded.clip.train()
    assert not loaded.clip.model.training
    assert not any(parameter.requires_grad for parameter in loaded.clip.parameters())


def test_snapping_conditions_on_the_nearest_label_and_nothing_else(loaded: Any, small: Any) -> None:
    model = build(loaded, small, "prefix")
    features = loaded.clip.encode_image(torch.randn(1, 3, 16, 16), (1, 2, 3))
    text = loaded.clip.encode_text(["a dog", "a cat", "unlabeled"])
    found = segment(model, features, text, snap=True)
    cosines = torch.cat([found.similarity, found.nothing.unsqueeze(-1)], -1)
    expected = model.decoder(features.taps, text[cosines.argmax(-1)]).sigmoid()
    torch.testing.assert_close(found.masks, expected)
    tokens = model.labels(features.patches)
    torch.testing.assert_close(found.similarity[0, 0, 1], functional.cosine_similarity(tokens[0, 0], text[1], dim=0))


def test_unit_conditions_of_one_direction_draw_one_mask(loaded: Any, small: Any) -> None:
    decoder = build(loaded, small, "prefix", condition="unit").decoder
    taps, condition = [torch.randn(1, 17, 16) for _ in range(3)], torch.randn(1, 2, 16)
    torch.testing.assert_close(decoder(taps, condition), decoder(taps, 7 * condition), atol=1e-4, rtol=1e-4)


def test_one_film_can_serve_all_blocks(loaded: Any, small: Any) -> None:
    config = coseg_config(loaded.clip, mask_decoder={**small["mask_decoder"]}).mask_decoder
    own, shared = MaskDecoder(config), MaskDecoder(replace(config, shared_film=True))
    assert len(own.films) == 3
    assert len(shared.films) == 1
