from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, Evidence, score
from cosegbench.kernels import KERNELS
from scoring.maps import add_up, images, loop_counts, loop_ious

FEW = settings(max_examples=40, deadline=None)
VANISHING = ("detectron2-gt", "detectron2-union", "open-miou")
ON_LABEL_MAPS = [name for name, kernel in KERNELS.items() if kernel.channel == "pairs"]


def collect(case, order=None) -> Evidence:
    classes, pairs = case
    evidence = Evidence(classes)
    for index in order or range(len(pairs)):
        evidence.add(f"image {index}", *pairs[index])
    return evidence


def given_parameters(name, classes) -> dict:
    return {"similarity": np.eye(classes)} if name == "open-miou" else {}


def over_data_set(case, name) -> tuple[list[Fraction], int]:
    """IoUs that enter the mean, and by how many the sum is divided, for the rules that sum over the data set."""
    classes, pairs = case
    ious = loop_ious(add_up([loop_counts(pair) for pair in pairs]), classes, void_vanishes=name in VANISHING)
    if name == "all-classes":
        return [iou or Fraction(0) for iou, _ in ious.values()], classes
    entering = [iou for iou, true in ious.values() if true]
    if name in ("gt-void-fn", "detectron2-gt"):
        return entering, len(entering)
    return entering, sum(iou is not None for iou, _ in ious.values())


@FEW
@given(
    images(),
    st.sampled_from(sorted(set(ON_LABEL_MAPS) - {"fine-grained", "torchmetrics-pairs", "torchmetrics-jaccard-macro"})),
)
def test_rules_over_the_data_set_equal_a_plain_loop(case, name):
    entering, number = over_data_set(case, name)
    result = score(collect(case), name, **given_parameters(name, case[0]))
    assert result.averaged.sum() == number
    if number:
        assert result.miou == pytest.approx(100 * float(sum(entering) / number), rel=1e-12)
    else:
        assert np.isnan(result.miou)


@FEW
@given(images(void=False))
def test_macro_jaccard_equals_a_plain_loop(case):
    entering, number = over_data_set(case, "torchmetrics-jaccard-macro")
    result = score(collect(case), "torchmetrics-jaccard-macro")
    if number:
        assert result.miou == pytest.approx(100 * float(sum(entering) / number), rel=1e-12)


@FEW
@given(images(void=False, ignore=False))
def test_pairs_average_equals_a_plain_loop(case):
    classes, pairs = case
    ious = [iou for pair in pairs for iou, _ in loop_ious(loop_counts(pair), classes).values() if iou is not None]
    assert score(collect(case), "torchmetrics-pairs").miou == pytest.approx(
        100 * float(sum(ious) / len(ious)), rel=1e-12
    )


@FEW
@given(images())
def test_fine_grained_equals_a_plain_loop(case):
    classes, pairs = case
    by_image, by_class = [], {}
    for pair in pairs:
        present = {label: iou for label, (iou, true) in loop_ious(loop_counts(pair), classes).items() if true}
        if present:
            by_image.append(sum(present.values()) / len(present))
        for label, iou in present.items():
            by_class.setdefault(label, []).append(iou)
    result = score(collect(case), "fine-grained")
    if not by_image:
        assert np.isnan(result.miou)
        return
    means = [sum(values) / len(values) for values in by_class.values()]
    worst = [sorted(values)[0] for values in by_class.values()]  # fewer than 20 images: a tenth is one of them
    assert result.miou == pytest.approx(100 * float(sum(by_image) / len(by_image)), rel=1e-12)
    assert result.extra["mIoU_C"] == pytest.approx(100 * float(sum(means) / len(means)), rel=1e-12)
    assert result.extra["mIoU_I_worst10"] == pytest.approx(100 * float(min(by_image)), rel=1e-12)
    assert result.extra["mIoU_C_worst10"] == pytest.approx(100 * float(sum(worst) / len(worst)), rel=1e-12)
    assert set(np.flatnonzero(result.averaged).tolist()) == set(by_class)


def test_the_worst_tenth_is_rounded_down():
    evidence, target = Evidence(3), np.zeros((1, 10), np.uint16)
    for hits in range(25):  # IoU 0.0, 0.1, ... 0.9 and then 1.0 throughout
        prediction = np.full((1, 10), 1, np.uint16)
        prediction[0, : min(hits, 10)] = 0
        evidence.add(f"{hits:02}", prediction, target)
    assert score(evidence, "fine-grained").extra["mIoU_I_worst10"] == pytest.approx(5.0)  # of 25 images the lowest 2


@FEW
@given(images(), st.integers(0, 2**32 - 1))
def test_open_miou_equals_its_formula_in_a_plain_loop(case, seed):
    classes, pairs = case
    similarity = np.random.default_rng(seed).random((classes, classes))
    np.fill_diagonal(similarity, 1.0)
    counts = {pair: n for pair, n in add_up([loop_counts(pair) for pair in pairs]).items() if pair[0] < classes}
    true, soft, wrong = (dict.fromkeys(range(classes), 0.0) for _ in range(3))
    for (p, t), n in counts.items():
        true[t] += n
        soft[t] += n * similarity[p, t]
        wrong[p] += n * (1 - similarity[p, t])
    ious = [soft[label] / (true[label] + wrong[label]) for label in range(classes) if true[label]]
    number = sum(true[label] > 0 or wrong[label] > 0 for label in range(classes))
    result = score(collect(case), "open-miou", similarity=similarity)
    if number:
        assert result.miou == pytest.approx(100 * sum(ious) / number, rel=1e-9)


@FEW
@given(images())
def test_open_miou_with_the_identity_is_detectron2_union(case):
    soft = score(collect(case), "open-miou", similarity=np.eye(case[0]))
    hard = score(collect(case), "detectron2-union")
    np.testing.assert_allclose(soft.iou, hard.iou, rtol=1e-12)
    np.testing.assert_array_equal(soft.averaged, hard.averaged)
    np.testing.assert_allclose(soft.miou, hard.miou, rtol=1e-12)


@FEW
@given(images(void=False, ignore=False), st.sampled_from(ON_LABEL_MAPS), st.randoms(use_true_random=False))
def test_permuting_classes_permutes_iou(case, name, random):
    classes, pairs = case
    order = list(range(classes))
    random.shuffle(order)
    table = np.array(order, np.uint16)
    moved = collect((classes, [(table[prediction], table[target]) for prediction, target in pairs]))
    parameters = given_parameters(name, classes)
    before, after = score(collect(case), name, **parameters), score(moved, name, **parameters)
    np.testing.assert_array_equal(after.iou[order], before.iou)
    np.testing.assert_array_equal(after.averaged[order], before.averaged)
    np.testing.assert_allclose(after.miou, before.miou, rtol=1e-12)


@FEW
@given(images(void=False, ignore=False), st.sampled_from(ON_LABEL_MAPS))
def test_the_order_of_images_leaves_no_trace(case, name):
    parameters = given_parameters(name, case[0])
    forth = score(collect(case), name, **parameters)
    back = score(collect(case, list(reversed(range(len(case[1]))))), name, **parameters)
    assert forth.miou == back.miou
    np.testing.assert_array_equal(forth.iou, back.iou)


@FEW
@given(images(void=False), st.sampled_from(sorted(set(ON_LABEL_MAPS) - {"torchmetrics-pairs"})))
def test_cutting_away_ignored_pixels_changes_no_figure(case, name):
    classes, pairs = case
    kept = [(p[t != IGNORE][None], t[t != IGNORE][None]) for p, t in pairs]
    parameters = given_parameters(name, classes)
    whole, cut = score(collect(case), name, **parameters), score(collect((classes, kept)), name, **parameters)
    np.testing.assert_array_equal(whole.miou, cut.miou)
    np.testing.assert_array_equal(whole.iou, cut.iou)


@FEW
@given(images(void=False, ignore=False, most=1), st.sampled_from(ON_LABEL_MAPS))
def test_a_perfect_prediction_scores_one_hundred_over_the_classes_that_occur(case, name):
    classes, [(_, target)] = case
    result = score(collect((classes, [(target, target)])), name, **given_parameters(name, classes))
    share = np.unique(target).size / classes if name == "all-classes" else 1
    assert result.miou == pytest.approx(100 * share)
