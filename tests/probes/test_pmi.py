"""Co-occurrence, against plain loops over images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence
from cosegbench.errors import RequestError
from cosegbench.probes.pmi import (
    FIGURES,
    Pairs,
    draw_figures,
    figure_differences,
    figures,
    pair_pmi,
    pmi,
    summarise,
    supported_pairs,
)
from cosegbench.probes.presence import Presence, presence

K = 4


def worlds(images: int = 20, seed: int = 0) -> Presence:
    rng = np.random.default_rng(seed)
    scene = rng.random((images, 1)) < 0.5
    true = rng.random((images, K)) < np.where(scene, [0.8, 0.7, 0.2, 0.4], [0.2, 0.3, 0.8, 0.4])
    return Presence(true, true ^ (rng.random((images, K)) < 0.2))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_presence_is_that_of_a_plain_loop_over_pixels(seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    evidence, maps = Evidence(K), {}
    for image in "ab":
        maps[image] = [rng.choice([*range(K), 65535], (4, 5)).astype(np.uint16) for _ in range(2)]
        evidence.add(image, *maps[image])
    found = presence(evidence, least)

    for place, (prediction, target) in enumerate(maps.values()):
        for label in range(K):
            scored = target != IGNORE
            assert found.true[place, label] == ((target == label).sum() >= least)
            assert found.predicted[place, label] == (((prediction == label) & scored).sum() >= least)


def test_void_is_no_class_and_a_threshold_below_1_is_refused() -> None:
    evidence = Evidence(2)
    evidence.add("a", np.full((3, 3), VOID, np.uint16), np.zeros((3, 3), np.uint16))
    assert not presence(evidence, 1).predicted.any()
    with pytest.raises(RequestError, match="--presence is 0"):
        presence(evidence, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5]))
def test_pmi_is_that_of_a_plain_loop_over_images(seed: int, shrink: float) -> None:
    flags = worlds(seed=seed).true
    pairs = Pairs(*(np.array(each) for each in np.triu_indices(K, 1)))
    for first, second in zip(pairs.first, pairs.second, strict=True):
        one = sum(bool(row[first]) for row in flags)
        other = sum(bool(row[second]) for row in flags)
        both = sum(bool(row[first] and row[second]) for row in flags)
        if shrink == 0 and not (one and other):
            continue
        numbers = (np.float64(value) for value in (both, one, other, len(flags)))
        got = float(pmi(*numbers, shrink))
        below = one * other / len(flags) + shrink
        assert got == (pytest.approx(math.log2((both + shrink) / below)) if both + shrink else -math.inf)
    assert pair_pmi(flags, pairs).shape == (6, 1)


def test_plain_pmi_is_0_where_classes_occur_together_as_often_as_chance_has_it() -> None:
    flags = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], bool)
    assert pair_pmi(flags, Pairs(np.array([0]), np.array([1])))[0, 0] == 0


def test_the_draws_are_those_of_resampled_images() -> None:
    found, pairs = worlds(), Pairs(np.array([0, 1]), np.array([2, 3]))
    (got,) = draw_figures([found], pairs, 5, seed=2)

    for place, drawn in enumerate(np.random.default_rng(2).integers(0, 20, (5, 20))):
        again = [pair_pmi(flags[drawn], pairs) for flags in (found.true, found.predicted)]
        for name, value in summarise(*again).items():
            assert got[name][place] == pytest.approx(value[0])


def test_the_summary_is_numpys_own() -> None:
    found = worlds(60)
    pairs = supported_pairs(found, 3)
    true, predicted = (pair_pmi(flags, pairs) for flags in (found.true, found.predicted))
    got = {name: value[0] for name, value in summarise(true, predicted).items()}

    x, y = true[:, 0], predicted[:, 0]
    assert got["correlation"] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert got["slope"] == pytest.approx(np.polyfit(x, y, 1)[0])
    assert got["mean_difference"] == pytest.approx((y - x).mean())
    assert got["mean_absolute_difference"] == pytest.approx(abs(y - x).mean())


def test_predictions_that_equal_the_ground_truth_differ_by_nothing_in_every_draw() -> None:
    true = worlds().true
    found = figures(Presence(true, true), supported_pairs(Presence(true, true), 2), 50, 0)

    assert found["mean_absolute_difference"] == {"estimate": 0.0, "low": 0.0, "high": 0.0}
    assert found["correlation"]["estimate"] == pytest.approx(1)
    assert found["slope"]["estimate"] == pytest.approx(1)


def test_a_pair_needs_support_on_both_sides() -> None:
    true = np.array([[1, 1, 1]] * 3, bool)
    predicted = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0]], bool)
    pairs = supported_pairs(Presence(true, predicted), 2)

    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0], [1])
    with pytest.raises(RequestError, match="--support is 0"):
        supported_pairs(Presence(true, predicted), 0)


def test_without_a_pair_there_is_no_figure() -> None:
    nothing = Pairs(np.empty(0, np.int64), np.empty(0, np.int64))
    found = figures(worlds(), nothing, 10, 0)
    assert all(each == {"estimate": None, "low": None, "high": None} for each in found.values())
    assert set(found) == set(FIGURES)


def test_two_results_are_compared_over_the_pairs_that_both_support() -> None:
    one, other = Pairs(np.array([0, 0]), np.array([1, 2])), Pairs(np.array([0, 1]), np.array([2, 3]))
    shared = one.both(other)
    assert (shared.first.tolist(), shared.second.tolist()) == ([0], [2])
    found = worlds()
    same = figure_differences(found, found, supported_pairs(found, 2), 20, 0)
    assert {tuple(each.values()) for each in same.values()} == {(0.0, 0.0, 0.0)}
