from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import Evidence, score
from cosegbench.errors import ProtocolError, UnknownNameError
from cosegbench.kernels import KERNELS
from cosegbench.statistics import summands
from cosegbench.statistics.counts import Counts
from cosegbench.statistics.figures import Sums
from uncertainty.samples import DATA_SET, RULES, drawn, make_evidence, worlds

FEW = settings(max_examples=30, deadline=None)
WITH_VOID = [name for name in RULES if KERNELS[name].defined_with_void and KERNELS[name].defined_with_ignore]


def sums(counts: Counts) -> Sums:
    return Sums.of(counts.matrix().sum(axis=1)[:, None])


@FEW
@given(worlds(), st.sampled_from(RULES))
def test_summed_over_all_images_the_summands_give_the_kernels_own_figure(world, rule):
    evidence = make_evidence(**world)
    parts, own = summands(evidence, rule), score(evidence, rule)

    figure, by_class = sums(parts.figure), sums(parts.by_class)
    assert figure.miou(parts.figure.over)[0] == pytest.approx(own.miou, rel=1e-12, nan_ok=True)
    np.testing.assert_array_equal(by_class.averaged(parts.by_class.over)[:, 0], own.averaged)
    printed = ~np.isnan(own.iou)  # some systems print none for a class that is only predicted
    np.testing.assert_allclose(by_class.ious(parts.by_class.over)[printed, 0], own.iou[printed], rtol=1e-12)


@FEW
@given(worlds(), st.sampled_from(WITH_VOID))
def test_void_and_ignored_pixels_count_as_the_kernel_counts_them(world, rule):
    evidence = make_evidence(**world, void=True)
    parts = summands(evidence, rule)

    assert sums(parts.figure).miou(parts.figure.over)[0] == pytest.approx(
        score(evidence, rule).miou, rel=1e-12, nan_ok=True
    )


@FEW
@given(worlds(), st.sampled_from(RULES), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_images_taken_twice_count_twice(world, rule, images):
    evidence = make_evidence(**world)
    chosen = np.array(images) % len(evidence)
    parts = summands(evidence, rule)

    taken = parts.figure.take(chosen)
    assert taken.images == chosen.size
    assert sums(taken).miou(taken.over)[0] == pytest.approx(score(drawn(evidence, chosen), rule).miou, rel=1e-12)


@pytest.mark.parametrize("rule", DATA_SET)
def test_sums_of_counts_are_whole_numbers(rule):
    parts = summands(make_evidence(5, 4), rule)
    for values in (parts.by_class.hit, parts.by_class.union, parts.by_class.true):
        np.testing.assert_array_equal(values, np.round(values))


@pytest.mark.parametrize("rule", RULES)
def test_permuting_classes_permutes_their_figures(rule):
    order = np.array([2, 0, 3, 1], np.uint16)
    here, there = Evidence(4), Evidence(4)
    rng = np.random.default_rng(0)
    from uncertainty.samples import add

    for place in range(4):
        prediction, target = rng.integers(0, 4, (2, 5, 5)).astype(np.uint16)
        add(here, str(place), prediction, target)
        add(there, str(place), order[prediction], order[target])
    one, other = summands(here, rule).by_class, summands(there, rule).by_class
    np.testing.assert_allclose(sums(other).ious(other.over)[order], sums(one).ious(one.over), rtol=1e-12)


def test_what_a_rule_cannot_score_it_has_no_statistics_of():
    with pytest.raises(ProtocolError, match="needs similarity"):
        summands(make_evidence(2, 3), "open-miou")
    with pytest.raises(ProtocolError, match="undefined with void"):
        summands(make_evidence(2, 3, void=True), "torchmetrics-pairs")
    with pytest.raises(ProtocolError, match="no image"):
        summands(Evidence(3), "mess")
    with pytest.raises(UnknownNameError, match="gt-void-fn"):
        summands(make_evidence(2, 3), "gt-void")
