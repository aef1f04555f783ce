"""A smaller version of uncertainty/calibrate.py, whose tables stand in docs/statistics.md. Seeds are fixed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from uncertainty.simulation import COMMON, RARE, Regime, coverage, evenly, make_population, rejections

DATASETS, RESAMPLES = 150, 200
SHORT = Regime("as COMMON, with fewer classes and images", 200, evenly(0.1, 0.5, 8))


def agrees(number: int, share: float) -> bool:
    """Whether ``number`` of the data sets is what a chance of ``share`` gives, but for one case in a thousand."""
    return binomtest(number, DATASETS, share).pvalue > 0.001


def test_ninety_five_percent_of_the_intervals_hold_the_populations_miou_where_no_class_is_rare():
    found = coverage(SHORT, datasets=DATASETS, resamples=RESAMPLES, seed=1)
    for number in (found.percentile, found.bca, found.difference_percentile, found.difference_bca):
        assert agrees(number, 0.95)
        assert not agrees(number, 0.80)


def test_the_check_itself_can_fail_intervals_of_a_lower_level_hold_it_less_often():
    found = coverage(SHORT, datasets=DATASETS, resamples=RESAMPLES, seed=1, level=0.7)
    for number in (found.percentile, found.bca, found.difference_percentile, found.difference_bca):
        assert not agrees(number, 0.95)
        assert agrees(number, 0.7)


def test_rare_classes_are_dropped_from_draws_and_common_ones_never():
    few = {"datasets": 3, "resamples": 50, "seed": 2}
    assert coverage(COMMON, **few).dropped == 0
    assert coverage(RARE, **few).dropped > 1


@pytest.mark.parametrize("images", [20, 100])
def test_of_two_exchangeable_predictors_five_percent_are_told_apart(images):
    number = rejections(images=images, datasets=DATASETS, permutations=99, seed=3)
    assert agrees(number, 0.05)


def test_of_two_predictors_that_differ_most_are_told_apart():
    number = rejections(images=100, datasets=DATASETS, permutations=99, seed=3, gap=0.4)
    assert number > 0.8 * DATASETS
    assert not agrees(number, 0.05)


def test_without_a_gap_the_two_predictors_have_nearly_one_truth_and_with_one_the_first_is_better():
    shares = np.full(5, 0.4)
    first, second = make_population(shares, seed=4, gap=0.0).truths()
    assert abs(first - second) < 0.5
    first, second = make_population(shares, seed=4, gap=0.2).truths()
    assert first > second + 2
