from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import VOID, LabelMap, MaskSet, ScoreMap
from cosegbench.assignment import AssignmentRule, assign
from cosegbench.errors import PredictorError, ProtocolError

FEW = settings(max_examples=30, deadline=None)
PAPER = AssignmentRule()


def labels_of(prediction, size=(2, 2), *, classes=3, rule=PAPER, background=None):
    return assign(prediction, size, rule, classes, background, "x")


def masks(*rows, similarity, **more) -> MaskSet:
    """Masks of one row of pixels each."""
    return MaskSet(np.array(rows, np.float32)[:, None, :], np.array(similarity, np.float32), **more)


def slow_assignment(prediction: MaskSet, threshold: float) -> np.ndarray:
    """The rule pixel by pixel, in plain Python."""
    number, height, width = prediction.masks.shape
    out = np.full((height, width), VOID, np.uint16)
    for y in range(height):
        for x in range(width):
            best = None
            for mask in range(number):
                row = prediction.similarity[mask].tolist()
                if prediction.nothing is not None and prediction.nothing[mask] > max(row):
                    continue
                value = prediction.masks[mask, y, x]
                if value > np.float32(threshold) and (best is None or value > best):
                    best, out[y, x] = value, row.index(max(row))
    return out


@FEW
@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.booleans())
def test_masks_become_the_labels_of_a_plain_loop(seed, number, with_nothing):
    rng = np.random.default_rng(seed)
    prediction = MaskSet(
        (rng.integers(0, 11, (number, 5, 7)) / np.float32(10)).astype(np.float32),
        (rng.integers(0, 4, (number, 3)) / 4).astype(np.float32),
        (rng.integers(0, 4, number) / 4).astype(np.float32) if with_nothing else None,
    )
    np.testing.assert_array_equal(labels_of(prediction, (5, 7)), slow_assignment(prediction, 0.3))


def test_a_pixel_goes_to_its_most_probable_mask_and_stays_void_at_the_threshold():
    prediction = masks([0.9, 0.4, 0.3, 0.2], [0.5, 0.6, 0.3, 0.31], similarity=[[1, 0, 0], [0, 0, 1]])
    assert labels_of(prediction, (1, 4)).tolist() == [[0, 2, VOID, 2]]


def test_the_threshold_is_compared_in_the_masks_own_type():
    single, double = np.float32(0.3), np.float64(np.float32(0.3))
    for value, expected in ((single, VOID), (double, 0)):  # 0.3 as float32 exceeds 0.3 as float64
        prediction = MaskSet(np.full((1, 1, 1), value), np.ones((1, 3), np.float32))
        assert labels_of(prediction, (1, 1)).item() == expected


def test_a_bfloat16_mask_is_compared_in_bfloat16_and_a_gradient_is_no_hindrance():
    torch = pytest.importorskip("torch")
    # 0.3 rounds up in bfloat16, so a mask of 0.3 does not exceed a threshold of 0.3.
    maps = torch.full((2, 2, 2), 0.3, requires_grad=True).bfloat16()
    similarity = torch.eye(2, 3, requires_grad=True)
    assert (labels_of(MaskSet(maps, similarity)) == VOID).all()
    assert (labels_of(MaskSet(maps + 0.01, similarity)) == 0).all()


def test_ties_go_to_the_lower_index():
    tie = masks([0.5], [0.5], similarity=[[0, 1, 1], [1, 0, 0]])
    assert labels_of(tie, (1, 1)).item() == 1
    assert labels_of(ScoreMap(np.zeros((3, 1, 1), np.float32), "logit"), (1, 1)).item() == 0


def test_a_mask_nearest_to_nothing_draws_nothing_unless_the_rule_says_so():
    prediction = masks([0.9], similarity=[[0.1, 0.5, 0.2]], nothing=np.array([0.6], np.float32))
    assert labels_of(prediction, (1, 1)).item() == VOID
    assert labels_of(prediction, (1, 1), rule=AssignmentRule(nothing="unused")).item() == 1
    level = masks([0.9], similarity=[[0.1, 0.5, 0.2]], nothing=np.array([0.5], np.float32))
    assert labels_of(level, (1, 1)).item() == 1


def test_void_becomes_background_where_the_view_has_one():
    prediction = masks([0.9, 0.1], similarity=[[0, 0, 1]])
    assert labels_of(prediction, (1, 2), background=0).tolist() == [[2, 0]]
    assert labels_of(LabelMap(np.array([[VOID, 1]], np.uint16)), (1, 2), background=0).tolist() == [[0, 1]]


def test_no_mask_at_all_is_all_void():
    empty = MaskSet(np.zeros((0, 4, 4), np.float32), np.zeros((0, 3), np.float32))
    assert (labels_of(empty, (2, 5)) == VOID).all()
    assert labels_of(empty, (2, 5)).shape == (2, 5)


def test_without_a_threshold_every_pixel_gets_a_class():
    prediction = masks([0.0, 0.2], [0.1, 0.1], similarity=[[1, 0, 0], [0, 1, 0]])
    assert labels_of(prediction, (1, 2), rule=AssignmentRule(threshold=None)).tolist() == [[1, 0]]


@FEW
@given(st.integers(0, 2**32 - 1))
def test_score_maps_equal_the_arg_max_of_the_resized_scores(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((9, 4, 6)).astype(np.float32)
    resized = torch.nn.functional.interpolate(torch.from_numpy(scores)[None], size=(13, 11), mode="bilinear")[0]
    top = resized.topk(2, dim=0).values
    clear = (top[0] - top[1] > 1e-5).numpy()
    labels = labels_of(ScoreMap(scores, "logit"), (13, 11), classes=9)
    np.testing.assert_array_equal(labels[clear], resized.argmax(0).numpy()[clear])


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
def test_tensors_and_arrays_give_the_same_labels(kind):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(3)
    drawn = torch.rand((5, 8, 9), generator=generator).to(getattr(torch, kind))
    similarity = torch.rand((5, 3), generator=generator)
    tensor = labels_of(MaskSet(drawn.requires_grad_(), similarity), (17, 12))
    array = labels_of(
        MaskSet(drawn.detach().float().numpy() if kind != "float64" else drawn.detach().numpy(), similarity.numpy()),
        (17, 12),
    )
    np.testing.assert_array_equal(tensor, array)


@pytest.mark.parametrize("chunk", [1, 3, 100])
@pytest.mark.parametrize("kind", ["masks", "scores"])
def test_tensors_that_stay_on_their_device_in_chunks_give_the_same_labels(monkeypatch, kind, chunk):
    """What happens on an accelerator, here with tensors that are kept from becoming arrays."""
    torch = pytest.importorskip("torch")
    import cosegbench.assignment as package
    from cosegbench.assignment import reduce

    rng = np.random.default_rng(chunk)
    maps = (rng.integers(0, 6, (7, 6, 8)) / 5).astype(np.float32)  # coarse values, so that there are ties
    similarity, nothing = rng.random((7, 7)).astype(np.float32), rng.random(7).astype(np.float32)
    for size in ((6, 8), (11, 13)):
        expected = labels_of(
            MaskSet(maps, similarity, nothing) if kind == "masks" else ScoreMap(maps, "logit"), size, classes=7
        )
        with monkeypatch.context() as patch:
            patch.setattr(package, "on_host", lambda array: array)
            patch.setattr(reduce, "chunk_length", lambda array, pixels: chunk)
            tensors = [torch.from_numpy(array) for array in (maps, similarity, nothing)]
            prediction = MaskSet(*tensors) if kind == "masks" else ScoreMap(tensors[0], "logit")
            np.testing.assert_array_equal(labels_of(prediction, size, classes=7), expected)


def test_label_maps_pass_through_and_wider_integers_are_taken_when_in_range():
    torch = pytest.importorskip("torch")
    expected = np.array([[0, 2], [VOID, 1]], np.uint16)
    for labels in (expected, expected.astype(np.int64), torch.from_numpy(expected.astype(np.int32))):
        np.testing.assert_array_equal(labels_of(LabelMap(labels)), expected)


SQUARE = np.zeros((2, 2), np.uint16)
SIMILAR = np.zeros((1, 3), np.float32)


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (LabelMap(SQUARE + np.uint16(3)), r"value 3 is outside 0\.\.2 "),
        (LabelMap(SQUARE.astype(np.int64) - 1), r"label -1 is outside 0\.\.2"),
        (LabelMap(SQUARE.astype(np.int64) + 70000), "label 70000"),
        (LabelMap(np.zeros((2, 3), np.uint16)), r"shape \(2, 3\); expected the image's own \(2, 2\)"),
        (LabelMap(np.zeros((2, 2), np.float32)), "type float32; expected uint16"),
        (LabelMap([[0, 1], [1, 0]]), "no array but list"),
        (ScoreMap(np.zeros((4, 2, 2), np.float32), "logit"), "4 channels; the vocabulary has 3"),
        (ScoreMap(np.zeros((3, 2, 2), np.int64), "logit"), "type int64; expected .* floating"),
        (ScoreMap(np.full((3, 2, 2), np.nan, np.float32), "logit"), "NaN or infinite"),
        (ScoreMap(np.zeros((3, 0, 2), np.float32), "logit"), "its maps are empty"),
        (
            MaskSet(np.full((1, 2, 2), 1.5, np.float32), SIMILAR),
            r"over \[1\.5, 1\.5\]; expected probabilities .*sigmoid",
        ),
        (MaskSet(np.full((1, 2, 2), -0.5, np.float32), SIMILAR), "expected probabilities"),
        (MaskSet(np.zeros((2, 2, 2), np.float32), SIMILAR), r"expected \(N, K\) = \(2, 3\)"),
        (MaskSet(np.zeros((1, 2, 2), np.float32), SIMILAR + np.inf), "NaN or infinite"),
        (MaskSet(np.zeros((1, 2, 2), np.float32), SIMILAR, np.zeros(2, np.float32)), r"expected \(N,\) = \(1,\)"),
        (MaskSet(np.zeros((2, 2), np.float32), SIMILAR), r"expected \(N, h, w\)"),
        (SQUARE, "returned ndarray; expected LabelMap, ScoreMap or MaskSet"),
    ],
)
def test_a_prediction_that_breaks_the_contract_is_refused_by_image(prediction, message):
    with pytest.raises(PredictorError, match=f"image 'x'.*{message}"):
        labels_of(prediction)


@pytest.mark.parametrize("threshold", [-0.1, 1.0, 2])
def test_a_threshold_that_no_mask_or_every_mask_passes_is_refused(threshold):
    with pytest.raises(ProtocolError, match=r"\[0, 1\)"):
        AssignmentRule(threshold=threshold)
