from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cosegbench_baselines.coseg import CoSegOutput
from cosegbench_baselines.losses import (
    LossConfig,
    coseg_loss,
    dice_loss,
    in_sequence_loss,
    matched,
    matching_cost,
    vocabulary_loss,
)
from cosegbench_baselines.targets import area_targets


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    dot = sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return dot / math.sqrt(sum(x * x for x in a.tolist())) / math.sqrt(sum(x * x for x in b.tolist()))


def slow_in_sequence(tokens: torch.Tensor, anchors: torch.Tensor, ids: list[int], tau: float, literal: bool) -> float:
    """One image, plain loops: every distinct other label once (or, literally, every place)."""
    losses = []
    for i, token in enumerate(tokens):
        places, seen = [i], {ids[i]}
        for j, other in enumerate(ids):
            if j != i and (literal or other not in seen):
                places.append(j)
                seen.add(other)
        logits = {j: cosine(token, anchors[j]) / tau for j in places}
        losses.append(-logits[i] + math.log(sum(math.exp(value) for value in logits.values())))
    return sum(losses) / len(losses)


@given(ids=st.lists(st.integers(0, 4), min_size=1, max_size=6), literal=st.booleans(), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_in_sequence_loss_equals_plain_loops(ids: list[int], literal: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    vocabulary, tokens = torch.randn(5, 8, generator=generator), torch.randn(len(ids), 8, generator=generator)
    anchors = vocabulary[ids]
    found = in_sequence_loss(tokens[None], anchors[None], torch.tensor([ids]), 0.08, literal=literal)
    assert float(found) == pytest.approx(slow_in_sequence(tokens, anchors, ids, 0.08, literal), rel=1e-4, abs=1e-4)


def test_perfect_tokens_reach_zero_only_when_repeated_anchors_leave_the_denominator() -> None:
    anchors = torch.eye(4)[[0, 1, 3, 3, 3]][None]
    ids = torch.tensor([[0, 1, 3, 3, 3]])
    assert float(in_sequence_loss(anchors, anchors, ids, 0.01)) == pytest.approx(0, abs=1e-6)
    assert float(in_sequence_loss(anchors, anchors, ids, 0.01, literal=True)) == pytest.approx(3 / 5 * math.log(3))


def test_the_vocabulary_loss_is_the_cross_entropy_over_all_labels() -> None:
    tokens, anchors, ids = torch.randn(2, 3, 8), torch.randn(6, 8), torch.tensor([[0, 5, 5], [2, 1, 5]])
    slow = []
    for image in range(2):
        for place in range(3):
            logits = [cosine(tokens[image, place], anchor) / 0.08 for anchor in anchors]
            slow.append(-logits[ids[image, place]] + math.log(sum(math.exp(value) for value in logits)))
    assert float(vocabulary_loss(tokens, anchors, ids, 0.08)) == pytest.approx(sum(slow) / 6, rel=1e-4)


def test_dice_is_zero_for_a_perfect_mask_and_near_one_for_a_wrong_one() -> None:
    mask = torch.zeros(2, 8, 8)
    mask[:, :4] = 1
    logits = torch.stack([(mask[0] - 0.5) * 200, (0.5 - mask[1]) * 200])
    found = dice_loss(logits, mask)
    assert float(found[0]) == pytest.approx(0, abs=1e-5)
    assert float(found[1]) == pytest.approx(1 - 1 / 65)


def test_targets_are_the_largest_classes_first_with_ties_in_ascending_order_and_padding_empty() -> None:
    labels = torch.full((1, 4, 4), 65535)
    labels[0, 0], labels[0, 1], labels[0, 2, :2], labels[0, 3, 0] = 7, 2, 5, 1
    found = area_targets(labels, 6, 9)
    assert found.ids.tolist() == [[2, 7, 5, 1, 9, 9]]
    assert found.masks.sum((-2, -1)).tolist() == [[4, 4, 2, 1, 0, 0]]
    assert found.present.tolist() == [[True] * 4 + [False] * 2]
    assert area_targets(labels, 2, 9).ids.tolist() == [[2, 7]]


def test_more_queries_than_classes_are_padded() -> None:
    found = area_targets(torch.zeros(1, 2, 2, dtype=torch.long), 5, 3)
    assert found.ids.tolist() == [[0, 3, 3, 3, 3]]


def random_case(seed: int) -> tuple[CoSegOutput, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    output = CoSegOutput(torch.randn(2, 4, 8, generator=generator), torch.randn(2, 4, 8, 8, generator=generator))
    return output, torch.randint(0, 4, (2, 8, 8), generator=generator), torch.randn(6, 8, generator=generator)


def test_matching_finds_the_cheapest_assignment() -> None:
    from itertools import permutations

    output, labels, anchors = random_case(3)
    labels[labels == 3] = 65535
    targets = area_targets(labels, 4, 5)
    config = LossConfig(pairing="matching", language="vocabulary", dice_weight=0.3)
    cost = matching_cost(output, targets, anchors, config)
    found = matched(targets, cost)
    for image in range(2):
        count = int(targets.present[image].sum())
        best = min(
            sum(float(cost[image, q, t]) for t, q in enumerate(order)) for order in permutations(range(4), count)
        )
        place = {int(label): column for column, label in enumerate(targets.ids[image].tolist()) if label < 5}
        got = sum(float(cost[image, q, place[label]]) for q, label in enumerate(found.ids[image].tolist()) if label < 5)
        assert got == pytest.approx(best, rel=1e-5)
        assert sorted(found.ids[image].tolist()) == sorted(targets.ids[image].tolist())


def test_matching_moves_masks_with_their_labels() -> None:
    output, labels, anchors = random_case(5)
    targets = area_targets(labels, 4, 5)
    found = matched(targets, matching_cost(output, targets, anchors, LossConfig(pairing="matching")))
    for image in range(2):
        for label, mask in zip(found.ids[image].tolist(), found.masks[image], strict=True):
            np.testing.assert_array_equal(mask.numpy(), (labels[image] == label).numpy())


def test_the_total_is_the_weighted_sum_and_the_papers_has_no_dice() -> None:
    output, labels, anchors = random_case(7)
    targets = area_targets(labels, 4, 5)
    paper = coseg_loss(output, targets, anchors, LossConfig())
    assert float(paper["total"]) == pytest.approx(float(paper["mask"] + 0.08 * paper["language"]), rel=1e-5)
    with_dice = coseg_loss(output, targets, anchors, LossConfig(dice_weight=0.18))
    assert float(with_dice["total"]) == pytest.approx(float(paper["total"] + 0.18 * paper["dice"]), rel=1e-5)


@pytest.mark.parametrize("language", ["in-sequence", "in-sequence-literal", "vocabulary"])
@pytest.mark.parametrize("pairing", ["area", "matching"])
def test_every_loss_sends_gradients_to_tokens_and_masks(language: str, pairing: str) -> None:
    output, labels, anchors = random_case(9)
    output = CoSegOutput(output.tokens.requires_grad_(), output.masks.requires_grad_())
    config = LossConfig(language=language, pairing=pairing, dice_weight=0.2)  # type: ignore[arg-type]
    coseg_loss(output, area_targets(labels, 4, 5), anchors, config)["total"].backward()
    assert output.tokens.grad is not None
    assert output.masks.grad is not None
    assert torch.isfinite(output.tokens.grad).all()
    assert output.masks.grad.abs().sum() > 0


@pytest.mark.parametrize(("name", "value"), [("steps", "-3"), ("batch", "0"), ("save_every", "0"), ("warmup", "-1")])
def test_a_training_option_that_is_too_small_is_refused(name: str, value: str) -> None:
    from cosegbench.errors import RequestError
    from cosegbench_baselines.training.overrides import override
    from cosegbench_baselines.training.recipes import recipe_for

    with pytest.raises(RequestError, match=f"{name} is {value}; give"):
        override(recipe_for("miniature", "miniature"), {name: value})


def test_a_training_option_of_the_wrong_kind_is_refused_in_words() -> None:
    from cosegbench.errors import RequestError
    from cosegbench_baselines.training.overrides import override
    from cosegbench_baselines.training.recipes import recipe_for

    with pytest.raises(RequestError, match="'abc' is not a whole number"):
        override(recipe_for("paper", "real"), {"steps": "abc"})


def test_dice_without_a_weight_is_reported_and_changes_no_bit_of_the_gradient() -> None:
    output, labels, anchors = random_case(5)
    labels[0, :4] = 65535
    targets = area_targets(labels, 4, 5)
    masks = output.masks.requires_grad_()
    found = coseg_loss(output, targets, anchors, LossConfig())
    (gradient,) = torch.autograd.grad(found["total"], masks)
    (plain,) = torch.autograd.grad(functional.binary_cross_entropy_with_logits(masks, targets.masks), masks)
    assert gradient.equal(plain)
    weighted = coseg_loss(output, targets, anchors, LossConfig(dice_weight=0.18))
    assert found["dice"].equal(weighted["dice"])
    assert not torch.autograd.grad(weighted["total"], masks)[0].equal(gradient)
    each = dice_loss(masks.detach(), targets.masks)[targets.present]
    assert float(found["dice"]) == pytest.approx(float(each.mean()))
