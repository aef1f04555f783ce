"""Every averaging rule against what the named system's own evaluator printed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cosegbench import Evidence, score
from cosegbench.errors import ProtocolError

CASES = [
    *("case11_K5", "case12_K20", "case13_K20", "case14_K59", "case15_K171", "case16_K256", "case17_K257"),
    *("case18_K459", "case19_K459", "case20_K847"),
]
EXACT, SINGLE = 1e-9, 1e-5


@pytest.fixture(scope="module")
def golden(shared):
    expected = json.loads((shared / "golden" / "label_maps.expected.json").read_text())
    with np.load(shared / "golden" / "label_maps.npz") as maps:
        found = {}
        for name, case in expected.items():
            evidence = Evidence(case["num_classes"])
            for index in range(case["images"]):
                evidence.add(str(index), maps[f"{name}/pred/{index}"], maps[f"{name}/gt/{index}"])
            found[name] = (evidence, case["expected"])
    return found


def test_no_golden_case_is_left_out(golden):
    assert sorted(golden) == sorted(CASES)


@pytest.mark.parametrize("kernel", ["detectron2-gt", "detectron2-union", "mess"])
@pytest.mark.parametrize("case", CASES)
def test_the_detectron2_family_is_exact_class_by_class(golden, case, kernel):
    evidence, expected = golden[case]
    printed, result = expected[kernel], score(evidence, kernel)
    iou = np.array([np.nan if value is None else value for value in printed["IoU"]], float)
    np.testing.assert_allclose(result.iou, iou, rtol=EXACT, equal_nan=True)
    assert result.miou == pytest.approx(printed["mIoU"], rel=EXACT)
    for name in ("fwIoU", "mACC", "pACC"):
        assert result.extra[name] == pytest.approx(printed[name], rel=EXACT)
    if kernel == "detectron2-gt":
        np.testing.assert_array_equal(result.averaged, ~np.isnan(iou))
    assert np.nansum(iou) / result.averaged.sum() == pytest.approx(printed["mIoU"], rel=EXACT)


@pytest.mark.parametrize("case", CASES)
def test_mmseg_is_equal_after_its_rounding(golden, case):
    evidence, expected = golden[case]
    printed, result = expected["mmseg-rounded"], score(evidence, "mmseg")
    figures = {"mIoU": result.miou, **result.extra}
    # It prints float32, so its own two decimals carry noise behind them.
    assert {key: round(value, 2) for key, value in figures.items()} == {key: round(printed[key], 2) for key in figures}


@pytest.mark.parametrize("case", CASES)
def test_hugging_face_evaluate_is_exact(golden, case):
    evidence, expected = golden[case]
    printed, result = expected["hf-evaluate"], score(evidence, "hf-evaluate")
    assert result.miou == pytest.approx(100 * printed["mean_iou"], rel=EXACT)
    for name in ("mean_accuracy", "overall_accuracy"):
        assert result.extra[name] == pytest.approx(100 * printed[name], rel=EXACT)


@pytest.mark.parametrize("case", CASES)
def test_fine_grained_agrees_with_its_authors(golden, case):
    evidence, expected = golden[case]
    if "fine-grained" not in expected:  # its authors' code knows no void
        assert score(evidence, "gt-void-fn").extra["void_share"] > 0
        return
    assert score(evidence, "fine-grained").miou == pytest.approx(expected["fine-grained"]["mIoU_I"], rel=SINGLE)


@pytest.mark.parametrize("kernel", ["torchmetrics-jaccard-macro", "torchmetrics-pairs"])
@pytest.mark.parametrize("case", CASES)
def test_torchmetrics_agrees_or_is_refused_with_the_reason(golden, case, kernel):
    evidence, expected = golden[case]
    if kernel in expected:
        assert score(evidence, kernel).miou == pytest.approx(100 * expected[kernel], rel=SINGLE)
        return
    with pytest.raises(ProtocolError, match=r"undefined with (void|ignore); [1-9]"):
        score(evidence, kernel)
