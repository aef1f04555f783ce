from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cosegbench import Evidence, score
from cosegbench.errors import RequestError
from cosegbench.statistics import image_values, permutation_test, summands, tally
from uncertainty.samples import DATA_SET, RULES, make_evidence, worlds

FEW = settings(max_examples=20, deadline=None)


def swapped(one: Evidence, other: Evidence, images: set[int]) -> tuple[Evidence, Evidence]:
    """Both with the bytes of these images exchanged."""
    first, second = Evidence(one.num_classes), Evidence(one.num_classes)
    for place, image_id in enumerate(one.image_ids):
        pair = (other, one) if place in images else (one, other)
        first.add_image_bytes(image_id, pair[0].image_bytes(image_id))
        second.add_image_bytes(image_id, pair[1].image_bytes(image_id))
    return first, second


def every_way(one: Evidence, other: Evidence, rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Differences of mIoU, (2**n,), and of each class's IoU, (2**n, K), by the kernel, for every way to swap."""
    subsets = itertools.chain.from_iterable(itertools.combinations(range(len(one)), n) for n in range(len(one) + 1))
    pairs = [[score(each, rule) for each in swapped(one, other, set(subset))] for subset in subsets]
    return (
        np.array([first.miou - second.miou for first, second in pairs]),
        np.array([first.iou - second.iou for first, second in pairs]),
    )


def share_at_least(values: np.ndarray) -> np.ndarray:
    """Share of the ways whose difference is as large as the first one's, which swaps nothing."""
    return (np.abs(values) >= np.abs(values[0]) - 1e-9).mean(axis=0)


def test_with_few_images_p_is_exact_and_scipys():
    one, other = make_evidence(7, 4, skill=0.6), make_evidence(7, 4, shift=1)

    def difference(first, second, axis):
        pairs = [swapped(one, other, set(np.flatnonzero(row >= 7).tolist())) for row in first.reshape(-1, 7)]
        found = [score(a, "gt-void-fn").miou - score(b, "gt-void-fn").miou for a, b in pairs]
        return np.array(found).reshape(first.shape[:-1])

    places = np.arange(7.0)
    theirs = stats.permutation_test(
        (places, places + 7), difference, permutation_type="samples", vectorized=True, n_resamples=1000
    )
    ours = permutation_test(*(summands(each, "gt-void-fn") for each in (one, other)), permutations=1000)
    assert ours.exact
    assert ours.permutations == 128
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.difference == pytest.approx(theirs.statistic)


@pytest.mark.parametrize("rule", RULES)
def test_an_exact_p_is_the_share_of_all_ways_to_swap_for_the_mean_and_for_each_class(rule):
    one, other = make_evidence(5, 4, skill=0.7), make_evidence(5, 4, shift=1)
    means, classes = every_way(one, other, rule)

    ours = permutation_test(summands(one, rule), summands(other, rule), permutations=32)
    assert ours.p == pytest.approx(share_at_least(means))
    known = ~np.isnan(classes).any(axis=0)
    assert known.any()
    np.testing.assert_allclose(ours.classes.p[known], share_at_least(classes)[known])
    np.testing.assert_allclose(ours.classes.difference[known], classes[0][known], rtol=1e-9, atol=1e-12)


def test_a_sampled_p_is_near_the_exact_one_and_never_zero():
    one, other = (summands(make_evidence(12, 4, **each), "mess") for each in ({"skill": 0.55}, {"shift": 1}))
    exact = permutation_test(one, other, permutations=2**12)
    sampled = permutation_test(one, other, permutations=2**12 - 1)

    assert exact.exact
    assert not sampled.exact
    assert sampled.p == pytest.approx(exact.p, abs=0.03)
    apart = summands(make_evidence(30, 4, skill=1.0), "mess"), summands(make_evidence(30, 4, skill=0.1), "mess")
    assert permutation_test(*apart, permutations=99).p == 0.01


def test_adjusted_p_values_are_benjamini_and_hochbergs_by_a_plain_loop():
    classes = permutation_test(
        summands(make_evidence(14, 8, skill=0.8), "gt-void-fn"), summands(make_evidence(14, 8), "gt-void-fn")
    ).classes
    p = classes.p[~np.isnan(classes.p)].tolist()

    smallest, loop = 1.0, {}
    for rank, place in reversed(list(enumerate(sorted(range(len(p)), key=p.__getitem__), 1))):
        smallest = min(smallest, p[place] * len(p) / rank)
        loop[place] = smallest
    np.testing.assert_allclose(classes.adjusted[~np.isnan(classes.p)], [loop[place] for place in range(len(p))])


@FEW
@given(worlds(), st.sampled_from(RULES))
def test_a_predictor_tested_against_itself_has_difference_zero_and_p_one(world, rule):
    parts = summands(make_evidence(**world), rule)
    found = permutation_test(parts, parts, permutations=50)

    assert (found.difference, found.p, found.differing) == (0, 1, 0)
    known = ~np.isnan(found.classes.difference)
    assert (found.classes.difference[known] == 0).all()
    assert (found.classes.adjusted[known] == 1).all()
    assert tally(parts, parts).equal == np.count_nonzero(~np.isnan(image_values(parts)))


@FEW
@given(worlds(), st.sampled_from(RULES), st.integers(0, 100))
def test_exchanging_the_two_turns_the_difference_round_and_leaves_p(world, rule, seed):
    one, other = summands(make_evidence(**world), rule), summands(make_evidence(**world, shift=1), rule)
    forth, back = (permutation_test(*pair, permutations=50, seed=seed) for pair in ((one, other), (other, one)))

    assert forth.difference == -back.difference
    assert forth.p == back.p
    np.testing.assert_array_equal(forth.classes.p, back.classes.p)


@FEW
@given(worlds(most=5), st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_the_order_of_images_leaves_no_trace_in_an_exact_test(world, rule, random):
    order = list(range(world["images"]))
    random.shuffle(order)

    def moved(parts):
        figure, by_class = (each.take(np.array(order)) for each in (parts.figure, parts.by_class))
        return dataclasses.replace(
            parts, figure=figure, by_class=figure if parts.figure is parts.by_class else by_class
        )

    pair = [summands(make_evidence(**world, shift=shift), rule) for shift in (0, 1)]
    here, there = (permutation_test(*each, permutations=32) for each in (pair, [moved(parts) for parts in pair]))
    assert here.exact
    assert here.difference == pytest.approx(there.difference, abs=1e-9)
    assert here.p == there.p
    np.testing.assert_array_equal(here.classes.p, there.classes.p)
    assert tally(*pair) == tally(*(moved(parts) for parts in pair))


@FEW
@given(worlds(most=5), st.sampled_from(DATA_SET), st.randoms(use_true_random=False))
def test_permuting_classes_permutes_their_tests_and_leaves_the_one_of_the_mean(world, rule, random):
    order = list(range(world["classes"]))
    random.shuffle(order)

    def moved(parts):
        counts = dataclasses.replace(parts.by_class, label=np.array(order)[parts.by_class.label])
        return dataclasses.replace(parts, figure=counts, by_class=counts)

    pair = [summands(make_evidence(**world, shift=shift), rule) for shift in (0, 1)]
    here, there = (permutation_test(*each, permutations=32) for each in (pair, [moved(parts) for parts in pair]))
    assert here.p == there.p
    np.testing.assert_array_equal(there.classes.p[order], here.classes.p)
    np.testing.assert_array_equal(there.classes.adjusted[order], here.classes.adjusted)


def test_a_class_that_only_one_of_the_two_has_a_figure_of_gets_no_p():
    one, other = Evidence(3), Evidence(3)
    target = np.zeros((2, 2), np.uint16)
    one.add("a", target, target)
    other.add("a", target + 2, target)
    classes = permutation_test(summands(one, "mess"), summands(other, "mess")).classes

    np.testing.assert_array_equal(np.isnan(classes.p), [False, True, True])
    np.testing.assert_array_equal(np.isnan(classes.first), [False, True, True])
    assert classes.second[2] == 0


def test_images_are_tallied_by_a_plain_loop_over_the_classes_that_they_show():
    one, other = make_evidence(9, 5, skill=0.6), make_evidence(9, 5, shift=1)
    means = []
    for evidence in (one, other):
        table = evidence.table("pairs")
        rows = [table.column(name).tolist() for name in ("prediction", "target", "pixels")]
        by_image: list[list[float]] = [[] for _ in range(9)]
        for place in range(9):
            here = [
                row for row, image in zip(zip(*rows, strict=True), table.image.tolist(), strict=True) if image == place
            ]
            for label in {true for _, true, _ in here}:
                hit = sum(n for guess, true, n in here if guess == true == label)
                union = sum(n for guess, true, n in here if label in (guess, true))
                by_image[place].append(100 * hit / union)
        means.append([sum(values) / len(values) for values in by_image])
    np.testing.assert_allclose(image_values(summands(one, "gt-void-fn")), means[0])
    found = tally(summands(one, "gt-void-fn"), summands(other, "gt-void-fn"))
    assert found.better == sum(a > b + 1e-9 for a, b in zip(*means, strict=True))
    assert found.worse == sum(a < b - 1e-9 for a, b in zip(*means, strict=True))
    assert found.better + found.worse + found.equal == 9


def test_figures_that_are_no_pair_are_refused():
    one = summands(make_evidence(3, 3), "mess")
    for other in (summands(make_evidence(4, 3), "mess"), summands(make_evidence(3, 3), "mmseg")):
        with pytest.raises(RequestError, match="one rule over the same images"):
            permutation_test(one, other)
    with pytest.raises(RequestError, match="permutations is 0"):
        permutation_test(one, one, permutations=0)
    with pytest.raises(RequestError, match="same ones"):
        tally(one, summands(make_evidence(4, 3), "mess"))
