from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cosegbench.errors import RequestError
from cosegbench.statistics import bootstrap, draws, paired_bootstrap, summands
from cosegbench.statistics.intervals import bca, percentile
from uncertainty.samples import BY_IMAGE, RULES, figure, make_evidence, worlds

FEW = settings(max_examples=20, deadline=None)
DRAWS = 60


def scipys(statistic, images: int, method: str, seed: int = 3) -> tuple[float, float]:
    """SciPy's interval of a statistic of image indices, from the same draws as ours."""
    found = stats.bootstrap(
        (np.arange(images),),
        statistic,
        n_resamples=DRAWS,
        vectorized=False,
        method=method,
        rng=np.random.default_rng(seed),
    )
    return found.confidence_interval.low, found.confidence_interval.high


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("rule", ["gt-void-fn", "detectron2-union", "all-classes", *BY_IMAGE])
def test_intervals_equal_scipys_with_the_kernel_as_its_statistic(rule, method):
    evidence = make_evidence(12, 6)
    low, high = scipys(lambda images: figure(evidence, rule, images), len(evidence), method)

    ours = bootstrap(summands(evidence, rule).figure, resamples=DRAWS, seed=3)
    interval = ours.percentile if method == "percentile" else ours.bca
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("rule", ["gt-void-fn", "mess", "fine-grained", "torchmetrics-pairs"])
def test_intervals_of_a_paired_difference_equal_scipys(rule, method):
    one, other = make_evidence(12, 5, skill=0.7), make_evidence(12, 5, shift=1)
    low, high = scipys(lambda images: figure(one, rule, images) - figure(other, rule, images), 12, method)

    found = paired_bootstrap(summands(one, rule).figure, summands(other, rule).figure, resamples=DRAWS, seed=3)
    interval = found.difference.percentile if method == "percentile" else found.difference.bca
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9)
    assert found.difference.estimate == pytest.approx(figure(one, rule) - figure(other, rule), rel=1e-12)


@FEW
@given(worlds(), st.sampled_from(RULES), st.integers(0, 2**31))
def test_each_draw_is_the_kernels_figure_of_the_images_drawn(world, rule, seed):
    evidence = make_evidence(**world)
    images = np.random.default_rng(seed).integers(0, len(evidence), (5, len(evidence)))

    ours = bootstrap(summands(evidence, rule).figure, resamples=5, seed=seed)
    np.testing.assert_allclose(ours.values, [figure(evidence, rule, each) for each in images], rtol=1e-12)


def test_the_classes_averaged_are_found_anew_in_each_draw_and_the_absent_ones_reported():
    evidence = make_evidence(8, 12)
    images = np.random.default_rng(0).integers(0, 8, (50, 8))
    table = evidence.table("pairs")
    shown = [set(table.column("target")[table.image == place].tolist()) for place in range(8)]
    everything = set().union(*shown)
    absent = [everything - set().union(*(shown[image] for image in each)) for each in images.tolist()]

    dropped = bootstrap(summands(evidence, "gt-void-fn").figure, resamples=50).dropped
    assert dropped.classes == len(set().union(*absent)) > 0
    assert dropped.mean == pytest.approx(np.mean([len(each) for each in absent]))
    assert dropped.most == max(len(each) for each in absent)
    assert bootstrap(summands(evidence, "all-classes").figure, resamples=50).dropped.classes == 0


@FEW
@given(worlds(), st.sampled_from(RULES))
def test_a_predictor_compared_with_itself_differs_by_exactly_nothing(world, rule):
    counts = summands(make_evidence(**world), rule).figure
    difference = paired_bootstrap(counts, counts, resamples=20).difference

    assert difference.estimate == 0
    assert (difference.percentile.low, difference.percentile.high) == (0, 0)
    if counts.images > 1:  # one image left out of one leaves nothing to correct by
        assert difference.bca == difference.percentile


@FEW
@given(worlds(), st.sampled_from(RULES))
def test_exchanging_the_two_turns_the_difference_round(world, rule):
    one = summands(make_evidence(**world), rule).figure
    other = summands(make_evidence(**world, shift=1), rule).figure
    forth, back = (paired_bootstrap(*pair, resamples=20) for pair in ((one, other), (other, one)))

    np.testing.assert_array_equal(forth.difference.values, -back.difference.values)
    np.testing.assert_array_equal(forth.first.values, back.second.values)


@pytest.mark.parametrize("rule", RULES)
def test_draws_in_chunks_are_the_draws_at_once_whatever_the_chunk(rule, monkeypatch):
    counts = summands(make_evidence(7, 9), rule).figure
    whole = bootstrap(counts, resamples=60, seed=5)
    monkeypatch.setattr(draws, "CHUNK_BYTES", 2000)

    parts = bootstrap(counts, resamples=60, seed=5)
    np.testing.assert_array_equal(parts.values, whole.values)
    assert (parts.percentile, parts.bca, parts.dropped) == (whole.percentile, whole.bca, whole.dropped)


def test_the_order_of_images_changes_the_draws_and_nothing_that_does_not_depend_on_them():
    counts = summands(make_evidence(9, 5), "gt-void-fn").figure
    moved = counts.take(np.array([3, 1, 4, 0, 5, 8, 2, 6, 7]))
    one, other = bootstrap(counts, resamples=4000), bootstrap(moved, resamples=4000)

    assert one.estimate == other.estimate
    assert not np.array_equal(one.values, other.values)
    assert one.percentile.low == pytest.approx(other.percentile.low, abs=1.5)
    assert one.percentile.high == pytest.approx(other.percentile.high, abs=1.5)


def test_equal_seeds_give_equal_draws_and_other_seeds_others():
    counts = summands(make_evidence(9, 5), "mess").figure
    first, again, other = (bootstrap(counts, resamples=30, seed=seed).values for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_higher_level_gives_a_wider_interval():
    counts = summands(make_evidence(20, 5), "gt-void-fn").figure
    narrow, wide = (bootstrap(counts, resamples=500, level=level) for level in (0.8, 0.99))

    for name in ("percentile", "bca"):
        assert getattr(wide, name).low < getattr(narrow, name).low < wide.estimate
        assert wide.estimate < getattr(narrow, name).high < getattr(wide, name).high


def test_draws_that_average_nothing_are_left_out_and_counted():
    counts = summands(make_evidence(4, 3), "coseg-oracle").figure
    only = dataclasses.replace(
        counts, **{name: getattr(counts, name)[:1] for name in ("image", "label", "hit", "union", "true")}
    )
    found = bootstrap(only, resamples=100)

    assert found.undefined == np.isnan(found.values).sum() > 0
    assert found.percentile.low == pytest.approx(found.estimate)
    assert found.bca is None  # without the one image that counts there is no figure


def test_intervals_that_do_not_exist_are_none_and_not_a_number():
    assert percentile(np.array([np.nan, np.nan])) is None
    assert bca(np.array([np.nan]), 1.0, np.array([1.0, 2.0])) is None
    assert bca(np.array([1.0, 2.0]), 0.0, np.array([1.0, 2.0])) is None


def test_requests_without_draws_images_or_pairs_are_refused():
    counts = summands(make_evidence(3, 3), "mess").figure
    with pytest.raises(RequestError, match="number of resamples is 0"):
        bootstrap(counts, resamples=0)
    with pytest.raises(RequestError, match="level of an interval is 95"):
        bootstrap(counts, level=95)
    with pytest.raises(RequestError, match="3 and 2 images"):
        paired_bootstrap(counts, counts.take(np.array([0, 1])))
    with pytest.raises(RequestError, match="no image"):
        bootstrap(counts.take(np.array([], int)))
