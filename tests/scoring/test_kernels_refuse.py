from __future__ import annotations

import numpy as np
import pytest

from cosegbench import IGNORE, VOID, Evidence, score
from cosegbench.errors import ProtocolError, UnknownNameError
from cosegbench.kernels import KERNELS

CLEAN = np.zeros((2, 3), np.uint16)


def one_image(prediction=CLEAN, target=CLEAN) -> Evidence:
    evidence = Evidence(4)
    evidence.add("x", prediction, target)
    return evidence


def test_an_unknown_kernel_names_the_near_ones():
    with pytest.raises(UnknownNameError, match="'detectron2-gt'"):
        score(one_image(), "detectron-gt")


@pytest.mark.parametrize("name", ["coseg-oracle", "coseg-oracle-exclusive"])
def test_a_missing_channel_is_named_with_the_number_of_images(name):
    channel = KERNELS[name].channel
    with pytest.raises(ProtocolError, match=f"'{channel}', which 1 of 1 images lack .*pairs"):
        score(one_image(), name)


def test_a_channel_that_only_some_images_hold_is_not_enough():
    evidence = one_image()
    evidence.add_binary("x", [0], [1], [1], [1])
    evidence.add("y", CLEAN, CLEAN)
    with pytest.raises(ProtocolError, match="1 of 2 images"):
        score(evidence, "coseg-oracle")


@pytest.mark.parametrize("name", ["torchmetrics-jaccard-macro", "torchmetrics-pairs"])
def test_void_is_counted_in_the_refusal(name):
    prediction = CLEAN.copy()
    prediction[0, :2] = VOID
    with pytest.raises(ProtocolError, match="undefined with void; 2 pixels"):
        score(one_image(prediction), name)


def test_ignore_is_counted_in_the_refusal_and_does_not_trouble_the_others():
    target = CLEAN.copy()
    target[1] = IGNORE
    with pytest.raises(ProtocolError, match="undefined with ignore; 3 pixels"):
        score(one_image(target=target), "torchmetrics-pairs")
    assert score(one_image(target=target), "torchmetrics-jaccard-macro").miou == 100


def test_void_on_ignored_pixels_is_no_void():
    prediction, target = CLEAN.copy(), CLEAN.copy()
    prediction[0, 0], target[0, 0] = VOID, IGNORE
    assert score(one_image(prediction, target), "torchmetrics-jaccard-macro").miou == 100


def test_evidence_without_images_is_refused():
    with pytest.raises(ProtocolError, match="holds no image"):
        score(Evidence(3))


def test_where_nothing_is_scored_the_mean_is_absent_and_not_zero():
    result = score(one_image(target=np.full((2, 3), IGNORE, np.uint16)))
    assert np.isnan(result.miou)
    assert np.isnan(result.iou).all()
    assert result.extra == {"mACC": None, "pACC": None, "void_share": None}


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        (np.eye(3), r"shape \(4, 4\); got \(3, 3\)"),
        (np.eye(4) * 2, r"in \[0, 1\]"),
        (np.eye(4) - 0.1, r"in \[0, 1\]"),
        (np.ones((4, 4)) * 0.5, "ones on the diagonal"),
    ],
)
def test_a_similarity_that_is_none_is_refused(similarity, message):
    with pytest.raises(ProtocolError, match=message):
        score(one_image(), "open-miou", similarity=similarity)


def test_parameters_must_be_those_of_the_kernel():
    with pytest.raises(ProtocolError, match="takes similarity; got none"):
        score(one_image(), "open-miou")
    with pytest.raises(ProtocolError, match="takes no parameter; got similarity"):
        score(one_image(), "mess", similarity=np.eye(4))


def test_the_same_predictions_score_differently_under_different_rules():
    """The reason for this package: one prediction, five figures."""
    target = np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.uint16)
    prediction = np.array([[0, 0, VOID, VOID, 1, 1, 2, 2]], np.uint16)
    names = ("gt-void-fn", "detectron2-gt", "detectron2-union", "mess", "all-classes")
    figures = {name: score(one_image(prediction, target), name).miou for name in names}
    assert figures == {
        "gt-void-fn": pytest.approx(50),
        "detectron2-gt": pytest.approx(75),
        "detectron2-union": pytest.approx(50),
        "mess": pytest.approx(100 / 3),
        "all-classes": pytest.approx(25),
    }
