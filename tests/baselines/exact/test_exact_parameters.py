"""The parameter counts that docs/exactness.md states are those of the models, and those of a sum by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from cosegbench_baselines.config import CoSegConfig, LabelModelConfig, MaskDecoderConfig
from cosegbench_baselines.coseg import CoSeg

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "docs/exactness.md"
WEIGHTS = REPOSITORY / "baselines/cosegbench_baselines/weights/miniature"
AUTHORS = {"order": "film-block", "shared_film": True, "keep_cls": True}


def shipped(name: str) -> CoSegConfig:
    return CoSegConfig.from_json(json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))["config"])


def b16(label: dict[str, Any], **decoder: Any) -> CoSegConfig:
    return CoSegConfig(LabelModelConfig(**label), MaskDecoderConfig(**decoder))


CONFIGS = {
    "prefix, B/16": b16({"variant": "prefix"}),
    "xatten, B/16": b16({"variant": "xatten"}),
    "prefix, B/16, as the code": b16({"variant": "prefix"}, **AUTHORS),
    "xatten, B/16, as the code": b16({"variant": "xatten", "final_norm": True}, **AUTHORS),
    "prefix, miniature": shipped("coseg-prefix.miniature"),
    "xatten, miniature": shipped("coseg-xatten.miniature"),
}


def counts(config: CoSegConfig) -> tuple[int, int, int]:
    """Trained parameters of the label model, of the mask decoder and together; the frozen CLIP is no part."""
    with torch.device("meta"):
        model = CoSeg(config)
    label, decoder = (sum(each.numel() for each in half.parameters()) for half in (model.labels, model.decoder))
    assert sum(each.numel() for each in model.parameters()) == label + decoder
    return label, decoder, label + decoder


def by_hand(config: CoSegConfig) -> tuple[int, int, int]:
    """Weights and biases layer by layer."""
    label, decoder = config.label_model, config.mask_decoder

    def linear(inputs: int, outputs: int) -> int:
        return inputs * outputs + outputs

    def block(width: int, feedforward: int, attentions: int) -> int:
        attention = linear(width, 3 * width) + linear(width, width)
        fed = linear(width, feedforward) + linear(feedforward, width)
        return attentions * attention + fed + (attentions + 1) * 2 * width

    tokens = label.queries * label.width
    if label.variant == "prefix":
        tokens += label.blocks * block(label.width, label.feedforward, 1)
    else:
        half = label.blocks // 2
        tokens += half * (block(label.width, label.feedforward, 1) + block(label.width, label.feedforward, 2))
        tokens += 2 * 2 * label.width if label.final_norm else 0
    reduce, depth = decoder.reduce, len(decoder.taps)
    masks = depth * (linear(decoder.hidden, reduce) + block(reduce, decoder.feedforward, 1))
    masks += (1 if decoder.shared_film else depth) * 2 * linear(decoder.width, reduce)
    masks += 9 * reduce * reduce + reduce
    masks += 16 * reduce * (reduce // 2) + reduce // 2
    masks += (decoder.patch // 4) ** 2 * (reduce // 2) + 1
    return tokens, masks, tokens + masks


def stated() -> dict[str, tuple[int, ...]]:
    """The rows of the page's table of parameters."""
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: tuple(int(number.replace(",", "")) for number in numbers) for name, *numbers in rows}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_page_states_the_parameters_that_the_models_have(name: str) -> None:
    assert counts(CONFIGS[name]) == by_hand(CONFIGS[name])
    assert stated()[name] == counts(CONFIGS[name])


def test_the_page_states_no_other_model() -> None:
    assert set(stated()) == set(CONFIGS)


def test_every_test_that_the_page_names_is_there() -> None:
    folder = Path(__file__).parent
    named = re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))
    present = {
        name
        for path in [*folder.glob("test_*.py"), folder.parent / "test_clipseg.py"]
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named
    assert set(named) <= present
