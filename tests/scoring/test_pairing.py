from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, Evidence, MaskSet, score
from cosegbench.errors import LabelError, PredictorError
from cosegbench.pairing import classes_by_area, oracle_counts

CASES = ["oracle31_K20", "oracle32_K59", "oracle33_K459", "oracle34_K459"]
FORMS = {"thresholded": "coseg-oracle", "exclusive": "coseg-oracle-exclusive"}


@pytest.fixture(scope="module")
def golden(shared):
    expected = json.loads((shared / "golden" / "oracle.expected.json").read_text())
    with np.load(shared / "golden" / "oracle.npz") as arrays:
        return {name: (case, images_of(arrays, name, case["images"])) for name, case in expected.items()}


def images_of(arrays, name, number):
    labels = unit(arrays[f"{name}/label_embeddings"])
    return [
        (
            MaskSet(
                arrays[f"{name}/mask_probability/{i}"].astype(np.float32) / np.float32(255),
                unit(arrays[f"{name}/token_embeddings/{i}"]) @ labels.T,
            ),
            arrays[f"{name}/gt/{i}"],
        )
        for i in range(number)
    ]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_no_golden_case_is_left_out(golden):
    assert sorted(golden) == CASES


@pytest.mark.parametrize("as_tensor", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_every_image_scores_as_the_notebooks_rule_says(golden, case, form, as_tensor):
    expected, images = golden[case]
    evidence = Evidence(expected["num_classes"])
    for index, (masks, target) in enumerate(images):
        counts = oracle_counts(
            tensors(masks) if as_tensor else masks, target, expected["threshold"], exclusive=form == "exclusive"
        )
        union = counts.predicted + counts.true - counts.intersection
        printed = expected[form]["per_image"][index]
        if printed is None:
            assert counts.classes.size == 0
        else:
            assert float(np.mean(counts.intersection / union)) == pytest.approx(printed, rel=1e-12)
        channel = "binary-exclusive" if form == "exclusive" else "binary"
        evidence.add_binary(
            str(index), counts.classes, counts.intersection, counts.predicted, counts.true, channel=channel
        )
    assert score(evidence, FORMS[form]).miou == pytest.approx(100 * expected[form]["score"], rel=1e-12)


def tensors(masks):
    torch = pytest.importorskip("torch")
    return MaskSet(torch.from_numpy(masks.masks), torch.from_numpy(masks.similarity))


def slow_oracle(masks, target, threshold, exclusive, background):
    """The rule in plain Python: class -> (intersection, predicted, true), in the order of the classes."""
    flat = target.ravel().tolist()
    areas = {label: flat.count(label) for label in sorted(set(flat)) if label not in (IGNORE, background)}
    chosen = sorted(areas, key=lambda label: -areas[label])[:20]
    column = masks.similarity.T.tolist()
    token = {label: column[label].index(max(column[label])) for label in chosen}
    pixels = masks.masks.reshape(masks.masks.shape[0], -1)
    out = {label: [0, 0, areas[label]] for label in chosen}
    for place, true in enumerate(flat):
        if exclusive:
            values = [pixels[token[label], place] for label in chosen]
            covering = [chosen[values.index(max(values))]] if chosen else []
        else:
            covering = [label for label in chosen if pixels[token[label], place] > np.float32(threshold)]
        for label in covering:
            out[label][0] += label == true
            out[label][1] += 1
    return [(label, *counts) for label, counts in out.items()]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([None, 0]))
def test_counts_equal_those_of_a_plain_loop(seed, exclusive, background):
    rng = np.random.default_rng(seed)
    classes = int(rng.choice([2, 5, 30]))
    masks = MaskSet(
        (rng.integers(0, 11, (4, 6, 9)) / np.float32(10)).astype(np.float32),
        (rng.integers(0, 6, (4, classes)) / 5).astype(np.float32),
    )
    target = rng.integers(0, classes, (6, 9)).astype(np.uint16)
    target[rng.random(target.shape) < 0.2] = IGNORE
    counts = oracle_counts(masks, target, 0.3, exclusive=exclusive, background=background)
    got = [
        tuple(row) for row in np.stack([counts.classes, counts.intersection, counts.predicted, counts.true], 1).tolist()
    ]
    assert got == slow_oracle(masks, target, 0.3, exclusive, background)


def test_of_equal_areas_the_lower_class_comes_first_and_only_twenty_are_kept():
    target = np.repeat(np.arange(25, dtype=np.uint16)[::-1], 2)[None]
    target[0, :2] = 7  # class 7 is larger, class 24 gone
    classes, areas = classes_by_area(target)
    assert classes.tolist() == [7, *(label for label in range(20) if label != 7)]
    assert areas.tolist() == [4] + [2] * 19


def test_one_mask_may_serve_several_classes_and_ties_then_go_to_the_larger_class():
    target = np.array([[0, 1, 1, IGNORE]], np.uint16)
    masks = MaskSet(np.full((1, 1, 4), 0.9, np.float32), np.ones((1, 2), np.float32))
    overlapping = oracle_counts(masks, target, 0.3)
    assert overlapping.classes.tolist() == [1, 0]
    assert overlapping.intersection.tolist() == [2, 1]
    assert overlapping.predicted.tolist() == [4, 4]
    exclusive = oracle_counts(masks, target, 0.3, exclusive=True)
    assert exclusive.predicted.tolist() == [4, 0]


def test_masks_on_another_grid_are_resized_to_the_targets():
    target = np.zeros((8, 10), np.uint16)
    masks = MaskSet(np.full((1, 2, 2), 0.9, np.float32), np.ones((1, 1), np.float32))
    assert oracle_counts(masks, target, 0.3).intersection.tolist() == [80]


def test_without_masks_every_class_is_missed():
    masks = MaskSet(np.zeros((0, 2, 2), np.float32), np.zeros((0, 3), np.float32))
    counts = oracle_counts(masks, np.array([[2, 2]], np.uint16), 0.3)
    assert (counts.classes.tolist(), counts.intersection.tolist(), counts.true.tolist()) == ([2], [0], [2])


def test_images_without_a_class_are_left_out_of_the_mean():
    evidence = Evidence(3)
    evidence.add_binary("a", [0, 1], [1, 0], [2, 0], [1, 5])
    evidence.add_binary("b", [], [], [], [])
    result = score(evidence, "coseg-oracle")
    assert result.miou == pytest.approx(25)
    assert result.averaged.tolist() == [True, True, False]


def test_masks_that_are_no_probabilities_are_refused_by_image():
    masks = MaskSet(np.full((1, 1, 1), 7.0, np.float32), np.ones((1, 1), np.float32))
    with pytest.raises(PredictorError, match="'cat'"):
        oracle_counts(masks, np.zeros((1, 1), np.uint16), 0.3, where="cat")


def test_the_threshold_is_compared_in_the_masks_own_type_bfloat16_too():
    torch = pytest.importorskip("torch")
    target = np.zeros((2, 2), np.uint16)
    for kind, inside in ((torch.bfloat16, 0), (torch.float16, 0), (torch.float32, 0), (torch.float64, 4)):
        masks = MaskSet(torch.full((1, 2, 2), 0.3).to(kind), torch.ones(1, 1))
        assert oracle_counts(masks, target, 0.3).predicted.tolist() == [inside]


def test_a_target_with_a_class_that_the_masks_do_not_know_is_refused_by_image():
    masks = MaskSet(np.zeros((1, 2, 2), np.float32), np.zeros((1, 3), np.float32))
    with pytest.raises(LabelError, match=r"'x': value 7 is outside 0\.\.2"):
        oracle_counts(masks, np.full((2, 2), 7, np.uint16), 0.3, where="x")
