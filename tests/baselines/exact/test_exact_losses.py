"""The training losses against their formulas written out in float64, and gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.exact import plain_losses as plain
from baselines.exact.small_coseg import build, inputs, numbers, plain_masks, plain_tokens
from cosegbench_baselines.coseg import CoSeg, CoSegOutput
from cosegbench_baselines.losses import LossConfig, coseg_loss
from cosegbench_baselines.targets import Targets, area_targets

SAME = 1e-12
CLASSES = 5
CONFIGS = {
    "the paper's": LossConfig(),
    "as printed": LossConfig(language="in-sequence-literal"),
    "the code's": LossConfig(language="vocabulary", dice_weight=0.18),
}


def plain_loss(
    output: CoSegOutput, labels: torch.Tensor, vocabulary: np.ndarray, config: LossConfig
) -> dict[str, float]:
    """Every term of a batch: language per image, mask terms over all masks of the batch."""
    tokens, logits = output.tokens.detach().double().numpy(), output.masks.detach().double().numpy()
    targets = [plain.targets_by_area(each.numpy(), tokens.shape[1], CLASSES) for each in labels]
    language = []
    for predicted, (ids, _) in zip(tokens, targets, strict=True):
        if config.language == "vocabulary":
            language.append(plain.vocabulary_cross_entropy(predicted, vocabulary, ids, config.tau))
        else:
            literal = config.language == "in-sequence-literal"
            language.append(plain.info_nce(predicted, vocabulary[ids], ids, config.tau, literal=literal))
    masks = np.concatenate([each for _, each in targets])
    flat = logits.reshape(-1, *logits.shape[2:])
    terms = {
        "language": sum(language) / len(language),
        "mask": plain.binary_cross_entropy(flat, masks),
        "dice": plain.dice(flat, masks),
    }
    weights = {"language": config.language_weight, "mask": config.mask_weight, "dice": config.dice_weight}
    return terms | {"total": sum(weights[name] * terms[name] for name in weights)}


def some_labels(rng: np.random.Generator, images: int, side: int) -> torch.Tensor:
    """Blocks of classes, some of no class, as squares of 24 pixels have them."""
    cells = rng.choice([0, 1, 2, 3, 4, 65535], (images, 3, 3))
    return torch.from_numpy(np.kron(cells, np.ones((side // 3, side // 3), int)))


def targets_of(labels: torch.Tensor, queries: int) -> Targets:
    """In float64: torch computes the binary cross entropy in the type of the targets."""
    found = area_targets(labels, queries, CLASSES)
    return Targets(found.ids, found.masks.double())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), queries=st.integers(1, 7), name=st.sampled_from(list(CONFIGS)))
def test_every_term_is_its_formula(seed: int, queries: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    output = CoSegOutput(
        torch.from_numpy(rng.normal(size=(2, queries, 4))), torch.from_numpy(rng.normal(size=(2, queries, 6, 6)))
    )
    labels, vocabulary = some_labels(rng, 2, 6), rng.normal(size=(CLASSES + 1, 4))
    targets = targets_of(labels, queries)
    found = coseg_loss(output, targets, torch.from_numpy(vocabulary), CONFIGS[name])
    expected = plain_loss(output, labels, vocabulary, CONFIGS[name])
    for term, value in expected.items():
        assert float(found[term]) == pytest.approx(value, rel=SAME, abs=SAME), term


def test_padding_counts_once_by_default_and_once_a_place_as_printed() -> None:
    rng = np.random.default_rng(1)
    predicted, vocabulary, ids = rng.normal(size=(4, 6)), rng.normal(size=(3, 6)), [0, 2, 2, 2]
    kept, printed = (
        plain.info_nce(predicted, vocabulary[ids], ids, 0.08, literal=literal) for literal in (False, True)
    )
    assert printed > kept


def whole_loss(model: CoSeg, features: Any, labels: torch.Tensor, vocabulary: np.ndarray, config: LossConfig) -> float:
    """The training loss of the model as it now is, by the equations alone."""
    tokens, masks = [], []
    label_weights, mask_weights = numbers(model.labels), numbers(model.decoder)
    for place, patches in enumerate(features.patches.numpy()):
        tokens.append(plain_tokens(model, label_weights, patches))
        hidden = [tap[place].numpy() for tap in features.taps]
        masks.append(plain_masks(model, mask_weights, hidden, tokens[-1]))
    output = CoSegOutput(torch.from_numpy(np.stack(tokens)), torch.from_numpy(np.stack(masks)))
    return plain_loss(output, labels, vocabulary, config)["total"]


def central_difference(value: Callable[[], float], parameter: torch.Tensor, place: int, step: float = 1e-5) -> float:
    flat = parameter.data.view(-1)
    before = float(flat[place])
    found = []
    for moved in (before + step, before - step):
        flat[place] = moved
        found.append(value())
    flat[place] = before
    return (found[0] - found[1]) / (2 * step)


@pytest.mark.parametrize(("variant", "order"), [("prefix", "block-film"), ("xatten", "film-block")])
def test_gradients_are_the_finite_differences_of_the_equations(variant: str, order: str) -> None:
    """One entry of every parameter, the one with the largest gradient."""
    rng = np.random.default_rng(2)
    tiny = {"variant": variant, "queries": 2, "blocks": 2, "feedforward": 3}
    model = build(tiny, {"order": order, "taps": (1, 2), "feedforward": 3, "patch": 4}, seed=4)
    features = inputs(images=1, side=2, taps=2, seed=5)
    labels, vocabulary = torch.from_numpy(rng.integers(0, 2, (1, 8, 8))), rng.normal(size=(CLASSES + 1, 8))
    config = LossConfig(dice_weight=0.18)
    loss = coseg_loss(model(features), targets_of(labels, 2), torch.from_numpy(vocabulary), config)["total"]
    loss.backward()
    assert float(loss.detach()) == pytest.approx(whole_loss(model, features, labels, vocabulary, config), rel=1e-12)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        place = int(parameter.grad.abs().argmax())
        expected = central_difference(lambda: whole_loss(model, features, labels, vocabulary, config), parameter, place)
        assert float(parameter.grad.view(-1)[place]) == pytest.approx(expected, rel=1e-6, abs=1e-8), name
