"""Channel `boundary` and kernel `boundary-iou`, against the erosion of the authors' code written out class by class."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence, score
from cosegbench.errors import EvidenceError, LabelError, ProtocolError
from cosegbench.evidence.boundary import band_width
from scoring.maps import images

SOME = settings(max_examples=60, deadline=None)


def eroded(mask: np.ndarray, times: int) -> np.ndarray:
    """What a 3 x 3 square of ones leaves of a mask, so many times, behind a frame of zeros that is one pixel wide."""
    framed = np.pad(mask, 1)
    for _ in range(times):
        wide = np.pad(framed, 1, constant_values=True)  # nothing comes from beyond the frame
        height, width = framed.shape
        shifted = [wide[row : row + height, column : column + width] for row in range(3) for column in range(3)]
        framed = np.logical_and.reduce(shifted)
    return framed[1:-1, 1:-1]


def slow_counts(prediction: np.ndarray, target: np.ndarray) -> dict[int, tuple[int, int, int]]:
    """Class -> pixels of both bands, of the predicted and of the true one; ignored pixels go with every mask."""
    ignored = target == IGNORE
    diagonal = math.sqrt(target.shape[0] ** 2 + target.shape[1] ** 2)
    times = max(1, round(0.02 * diagonal))
    found = {}
    for label in sorted({*np.unique(prediction).tolist(), *np.unique(target).tolist()} - {VOID}):
        bands = []
        for labels in (prediction, target):
            mask = labels == label
            bands.append(mask & ~ignored & ~eroded(mask | ignored, times))
        counts = (int((bands[0] & bands[1]).sum()), int(bands[0].sum()), int(bands[1].sum()))
        if counts[1] or counts[2]:
            found[label] = counts
    return found


def counts_of(prediction: np.ndarray, target: np.ndarray, classes: int) -> dict[int, tuple[int, int, int]]:
    evidence = Evidence(classes)
    evidence.add_boundary("x", prediction, target)
    rows = evidence.table("boundary").rows
    return {int(row["label"]): tuple(int(row[name]) for name in ("intersection", "predicted", "true")) for row in rows}


@st.composite
def areas(draw) -> tuple[int, np.ndarray, np.ndarray]:
    """K and one image of blocks, large enough for bands of up to 4 pixels; a prediction that is often right."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes, block = draw(st.sampled_from([1, 2, 5, 300])), draw(st.sampled_from([1, 3, 11, 60]))
    height, width = draw(st.integers(1, 130)), draw(st.integers(1, 130))
    shown = rng.integers(0, classes, 4)

    def blocks() -> np.ndarray:
        cells = rng.choice(shown, (-(-height // block), -(-width // block)))
        return np.kron(cells, np.ones((block, block), int))[:height, :width].astype(np.uint16)

    target = blocks()
    prediction = np.where(rng.random(target.shape) < 0.002, blocks(), np.roll(target, rng.integers(-3, 4, 2), (0, 1)))
    for labels in (prediction, target):
        top, left = rng.integers(0, height), rng.integers(0, width)
        if rng.random() < 0.5:  # void in the one, ignore in the other
            labels[top : top + 9, left : left + 9] = VOID
    return classes, prediction.astype(np.uint16), target


@SOME
@given(areas())
def test_counts_equal_those_of_eroding_every_class_by_itself(case):
    classes, prediction, target = case
    assert counts_of(prediction, target, classes) == slow_counts(prediction, target)


@SOME
@given(images())
def test_counts_of_noise_equal_those_of_eroding_every_class_by_itself(case):
    classes, pairs = case
    for prediction, target in pairs:
        assert counts_of(prediction, target, classes) == slow_counts(prediction, target)


@SOME
@given(areas(), st.integers(0, 2**32 - 1))
def test_nothing_depends_on_what_is_predicted_where_the_target_is_ignored(case, seed):
    classes, prediction, target = case
    noise = np.random.default_rng(seed).integers(0, classes, target.shape).astype(np.uint16)
    changed = np.where(target == IGNORE, noise, prediction)
    assert counts_of(changed, target, classes) == counts_of(prediction, target, classes)


@SOME
@given(areas(), st.integers(0, 2**32 - 1))
def test_a_prediction_that_is_right_wherever_it_is_scored_gets_one_hundred(case, seed):
    classes, _, target = case
    noise = np.random.default_rng(seed).integers(0, classes, target.shape).astype(np.uint16)
    evidence = Evidence(classes)
    evidence.add_boundary("x", np.where(target == IGNORE, noise, target), target)
    evidence.add("x", np.where(target == IGNORE, noise, target), target)
    result = score(evidence, "boundary-iou")
    if result.averaged.any():
        assert result.miou == 100
        assert result.extra["min_mIoU"] == 100
    else:
        assert (target == IGNORE).any()
        assert np.isnan(result.miou)


@pytest.mark.parametrize(
    ("shape", "width"), [((3, 4), 1), ((375, 500), 12), ((45, 60), 2), ((75, 100), 2), ((105, 140), 4)]
)
def test_the_band_is_two_percent_of_the_diagonal_rounded_as_the_authors_code_rounds(shape, width):
    assert band_width(*shape) == width  # 45 x 60: 1.5 -> 2; 75 x 100: 2.5 -> 2; 105 x 140: 3.5 -> 4


def test_the_images_border_is_an_outline():
    target = np.zeros((40, 40), np.uint16)
    assert band_width(40, 40) == 1
    assert counts_of(target, target, 1) == {0: (156, 156, 156)}


def test_an_ignored_region_is_no_outline_and_void_is_one():
    target = np.zeros((40, 40), np.uint16)
    prediction = target.copy()
    target[10:20, 10:20] = IGNORE
    assert counts_of(prediction, target, 1) == {0: (156, 156, 156)}
    target[:], prediction[10:20, 10:20] = 0, VOID
    assert counts_of(prediction, target, 1) == {0: (156, 156 + 44, 156)}


def test_classes_are_summed_over_images_before_they_are_divided_and_absent_ones_are_left_out():
    evidence = Evidence(4)
    total: dict[int, np.ndarray] = {}
    rng = np.random.default_rng(0)
    for name in "abc":
        target = np.kron(rng.integers(0, 3, (4, 4)), np.ones((20, 20), int)).astype(np.uint16)
        prediction = np.where(np.roll(target, 2, 1) == 2, 3, np.roll(target, 2, 1)).astype(np.uint16)
        evidence.add_boundary(name, prediction, target)
        for label, counts in slow_counts(prediction, target).items():
            total[label] = total.get(label, 0) + np.array(counts)
    ious = {label: 100 * both / (one + other - both) for label, (both, one, other) in total.items() if other}
    result = score(evidence, "boundary-iou")
    assert set(np.flatnonzero(result.averaged).tolist()) == set(ious) == {0, 1, 2}
    assert result.iou[:3].tolist() == pytest.approx([ious[label] for label in range(3)])
    assert np.isnan(result.iou[3])
    assert result.miou == pytest.approx(sum(ious.values()) / 3)


def test_a_ring_with_the_right_outline_is_caught_by_the_smaller_of_both():
    target = np.zeros((100, 100), np.uint16)
    target[20:80, 20:80] = 1
    prediction = target.copy()
    prediction[30:70, 30:70] = 0
    evidence = Evidence(2)
    evidence.add("x", prediction, target)
    evidence.add_boundary("x", prediction, target)
    areas_alone, bands = score(evidence, "gt-void-fn").iou, score(evidence, "boundary-iou")
    assert areas_alone[1] < bands.iou[1]
    assert bands.extra["min_mIoU"] == pytest.approx(np.minimum(areas_alone, bands.iou).mean())


def test_without_areas_what_needs_them_is_absent():
    evidence, target = Evidence(1), np.zeros((40, 40), np.uint16)
    evidence.add_boundary("x", target, target)
    assert score(evidence, "boundary-iou").extra == {"min_mIoU": None, "band_share": None}
    evidence.add("x", target, target)
    assert score(evidence, "boundary-iou").extra == {"min_mIoU": 100, "band_share": 100 * 156 / 1600}


def test_evidence_without_boundaries_is_refused_by_the_channels_name():
    evidence = Evidence(1)
    evidence.add("x", np.zeros((9, 9), np.uint16), np.zeros((9, 9), np.uint16))
    with pytest.raises(ProtocolError, match="'boundary', which 1 of 1 images lack"):
        score(evidence, "boundary-iou")


def test_boundaries_survive_saving_and_only_they_raise_the_version_of_the_file(tmp_path):
    evidence, target = Evidence(2), np.kron([[0, 1], [1, 0]], np.ones((30, 30), int)).astype(np.uint16)
    evidence.add("x", target, target)
    evidence.save(tmp_path / "plain.npz")
    evidence.add_boundary("x", np.roll(target, 3), target)
    evidence.save(tmp_path / "both.npz")
    assert Evidence.load(tmp_path / "both.npz") == evidence
    assert Evidence.from_image_bytes(2, {"x": evidence.image_bytes("x")}) == evidence
    with np.load(tmp_path / "plain.npz") as plain, np.load(tmp_path / "both.npz") as both:
        assert (int(plain["version"]), int(both["version"])) == (1, 2)


def test_rows_that_no_image_could_give_are_refused():
    evidence, target = Evidence(3), np.kron([[0, 1], [2, 0]], np.ones((9, 9), int)).astype(np.uint16)
    evidence.add_boundary("x", target, target)
    blob = evidence.image_bytes("x")
    rows = evidence.table("boundary").rows
    swapped = blob.replace(rows.tobytes(), rows[::-1].tobytes())
    assert swapped != blob
    with pytest.raises(EvidenceError, match="contradict each other"):
        Evidence.from_image_bytes(3, {"x": swapped})


def test_maps_that_are_none_are_refused():
    target = np.zeros((9, 9), np.uint16)
    for prediction in (target.astype(np.uint8), target[:8], target + np.uint16(1)):
        with pytest.raises(LabelError, match="'x'"):
            Evidence(1).add_boundary("x", prediction, target)
