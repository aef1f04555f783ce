from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import VOID, LabelMap, MaskSet, ScoreMap
from cosegbench.assignment import AssignmentRule, Mosaic, Part, assign
from cosegbench.assignment import reduce as reduction
from cosegbench.errors import PredictorError, ProtocolError
from cosegbench.geometry import Place, Window, central_square
from scoring.slow_inputs import Labels, labels_of_masks, labels_of_scores

CLOSE = 1e-4
"""Single precision may decide otherwise where two scores are nearer than this."""

SIDES = st.integers(1, 14)
KINDS = st.sampled_from(["squash", "crop", "slide"])
CLASSES = 5
RULE = AssignmentRule()


@st.composite
def scenes(draw) -> tuple[int, int, tuple[Place, ...], np.random.Generator]:
    """Size of an image and the places that one of the three inputs shows."""
    height, width, kind = draw(SIDES), draw(SIDES), draw(KINDS)
    size = draw(SIDES)
    places = {
        "squash": (Place(0, 0, height, width),),
        "crop": (central_square(height, width),),
        "slide": Window(size, draw(st.integers(1, size))).places(height, width),
    }[kind]
    return height, width, places, np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


def box(place: Place) -> tuple[int, int, int, int]:
    return place.top, place.left, place.top + place.height, place.left + place.width


def score_maps(rng: np.random.Generator, number: int, kind=np.float32) -> list[ScoreMap]:
    shape = (CLASSES, int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    return [ScoreMap(rng.standard_normal(shape).astype(kind), "logit") for _ in range(number)]


def mask_sets(rng: np.random.Generator, number: int) -> list[MaskSet]:
    found = []
    for _ in range(number):
        masks = int(rng.integers(0, 5))
        nothing = rng.random(masks).astype(np.float32) if rng.random() < 0.5 else None
        similarity = rng.random((masks, CLASSES)).astype(np.float32)
        found.append(MaskSet(rng.random((masks, 3, 4)).astype(np.float32), similarity, nothing))
    return found


def names_of(prediction: MaskSet) -> list[int]:
    names = []
    for mask, row in enumerate(prediction.similarity.tolist()):
        nothing = prediction.nothing is not None and float(prediction.nothing[mask]) > max(row)
        names.append(-1 if nothing else row.index(max(row)))
    return names


def mosaic(places, predictions) -> Mosaic:
    return Mosaic(tuple(Part(*each) for each in zip(places, predictions, strict=True)))


def labels_of(whole: Mosaic, size, *, rule=RULE, background=None) -> np.ndarray:
    return assign(whole, size, rule, CLASSES, background, "x")


def assert_as(expected: Labels, labels: np.ndarray) -> None:
    assert labels.dtype == np.uint16
    clear = expected.margin > CLOSE
    np.testing.assert_array_equal(labels[clear], expected.labels[clear])


@settings(max_examples=150, deadline=None)
@given(scenes(), st.sampled_from([np.float32, np.float64, np.float16]))
def test_scores_become_the_labels_of_a_plain_loop_under_every_input(scene, kind):
    height, width, places, rng = scene
    maps = score_maps(rng, len(places), kind)
    layers = [(box(place), each.scores.astype(np.float64)) for place, each in zip(places, maps, strict=True)]
    assert_as(labels_of_scores(layers, height, width), labels_of(mosaic(places, maps), (height, width)))


@settings(max_examples=150, deadline=None)
@given(scenes())
def test_masks_become_class_scores_a_window_and_the_labels_of_a_plain_loop(scene):
    height, width, places, rng = scene
    sets = mask_sets(rng, len(places))
    layers = [(box(place), each.masks.astype(np.float64)) for place, each in zip(places, sets, strict=True)]
    expected = labels_of_masks(layers, [names_of(each) for each in sets], CLASSES, 0.3, height, width)
    assert_as(expected, labels_of(mosaic(places, sets), (height, width)))


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(0, 20), st.sampled_from(["scores", "masks"]), st.integers(0, 2**32 - 1))
def test_one_window_over_the_whole_image_gives_what_the_whole_image_gives(height, width, more, what, seed):
    rng = np.random.default_rng(seed)
    [prediction] = score_maps(rng, 1) if what == "scores" else mask_sets(rng, 1)
    places = Window(max(height, width) + more, 1).places(height, width)
    whole = assign(prediction, (height, width), RULE, CLASSES, None, "x")
    np.testing.assert_array_equal(labels_of(mosaic(places, [prediction]), (height, width)), whole)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.sampled_from([np.float32, np.float64, np.float16]))
def test_constant_scores_give_one_label_wherever_a_window_lies(scene, kind):
    """The mean of equal numbers is that number, also where three windows overlap."""
    height, width, places, rng = scene
    level = rng.random(CLASSES).astype(kind)
    level[0] += 1
    level[1] = np.nextafter(level[0], kind(3))  # one rounding would make them equal
    prediction = ScoreMap(np.broadcast_to(level[:, None, None], (CLASSES, 3, 2)).copy(), "probability")
    labels = labels_of(mosaic(places, [prediction] * len(places)), (height, width))
    assert set(np.unique(labels).tolist()) <= {int(level.argmax()), VOID}
    whole = assign(prediction, (height, width), RULE, CLASSES, None, "x")
    np.testing.assert_array_equal(labels[labels != VOID], whole[labels != VOID])


def test_a_constant_mask_stays_at_its_threshold_where_windows_overlap():
    places = Window(4, 1).places(7, 7)
    for value, expected in ((np.float32(0.3), VOID), (np.nextafter(np.float32(0.3), np.float32(1)), 2)):
        prediction = MaskSet(np.full((1, 2, 2), value), np.eye(CLASSES, dtype=np.float32)[2:3])
        assert (labels_of(mosaic(places, [prediction] * len(places)), (7, 7)) == expected).all()


def test_what_lies_outside_the_central_square_is_void_and_becomes_background_where_there_is_one():
    square = central_square(2, 5)
    whole = mosaic([square], [LabelMap(np.array([[1, VOID], [2, 3]], np.uint16))])
    assert labels_of(whole, (2, 5)).tolist() == [[VOID, VOID, 1, VOID, VOID], [VOID, VOID, 2, 3, VOID]]
    assert labels_of(whole, (2, 5), background=0).tolist() == [[0, 0, 1, 0, 0], [0, 0, 2, 3, 0]]


def test_a_class_that_one_window_draws_and_its_neighbour_does_not_loses_half_of_its_score_in_the_overlap():
    places = Window(2, 1).places(1, 3)
    drawn = MaskSet(np.full((1, 1, 1), 0.55, np.float32), np.eye(CLASSES, dtype=np.float32)[4:5])
    none = MaskSet(np.zeros((0, 1, 1), np.float32), np.zeros((0, CLASSES), np.float32))
    assert labels_of(mosaic(places, [drawn, none]), (1, 3)).tolist() == [[4, VOID, VOID]]
    assert labels_of(mosaic(places, [none, none]), (1, 3)).tolist() == [[VOID, VOID, VOID]]


def test_equal_averages_go_to_the_lower_class():
    places = Window(2, 1).places(1, 3)
    first, second = np.zeros((2, CLASSES, 1, 1), np.float32)
    first[3], second[1] = 1, 1
    whole = mosaic(places, [ScoreMap(first, "logit"), ScoreMap(second, "logit")])
    assert labels_of(whole, (1, 3)).tolist() == [[3, 1, 1]]


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("what", ["scores", "masks"])
def test_tensors_and_arrays_give_the_same_labels(kind, what):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    places = Window(9, 4).places(17, 12)
    predictions = [as_tensors(each, kind) for each in (score_maps if what == "scores" else mask_sets)(rng, len(places))]
    arrays = [as_arrays(each, torch.float64 if kind == "float64" else torch.float32) for each in predictions]
    np.testing.assert_array_equal(
        labels_of(mosaic(places, predictions), (17, 12)), labels_of(mosaic(places, arrays), (17, 12))
    )


def as_tensors(prediction, kind):
    import torch

    def tensor(array):
        return torch.from_numpy(array).to(getattr(torch, kind)).requires_grad_()

    if isinstance(prediction, ScoreMap):
        return ScoreMap(tensor(prediction.scores), prediction.kind)
    nothing = None if prediction.nothing is None else tensor(prediction.nothing)
    return MaskSet(tensor(prediction.masks), tensor(prediction.similarity), nothing)


def as_arrays(prediction, kind):
    def array(values):
        return values.detach().to(kind).numpy()

    if isinstance(prediction, ScoreMap):
        return ScoreMap(array(prediction.scores), prediction.kind)
    nothing = None if prediction.nothing is None else array(prediction.nothing)
    return MaskSet(array(prediction.masks), array(prediction.similarity), nothing)


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_tensors_that_stay_on_their_device_in_chunks_give_the_same_labels(monkeypatch, chunk):
    torch = pytest.importorskip("torch")
    from cosegbench.assignment import mosaic as module

    places = Window(6, 3).places(11, 13)
    maps = score_maps(np.random.default_rng(chunk), len(places))
    expected = labels_of(mosaic(places, maps), (11, 13))
    monkeypatch.setattr(module, "on_host", lambda array: array)
    monkeypatch.setattr(module, "chunk_length", lambda array, pixels: 4 * chunk)
    tensors = [ScoreMap(torch.from_numpy(each.scores), "logit") for each in maps]
    np.testing.assert_array_equal(labels_of(mosaic(places, tensors), (11, 13)), expected)
    assert reduction.chunk_length(maps[0].scores, 100) == 1


def test_nothing_that_the_predictor_returned_is_written_to():
    places = Window(4, 2).places(6, 6)
    rng = np.random.default_rng(0)
    maps = [ScoreMap(rng.random((CLASSES, 4, 4)).astype(np.float32), "logit") for _ in places]
    masks = [MaskSet(rng.random((3, 4, 4)).astype(np.float32), np.eye(3, CLASSES, dtype=np.float32)) for _ in places]
    before = [each.scores.copy() for each in maps], [each.masks.copy() for each in masks]
    labels_of(mosaic(places, maps), (6, 6))
    labels_of(mosaic(places, masks), (6, 6))
    np.testing.assert_array_equal([each.scores for each in maps], before[0])
    np.testing.assert_array_equal([each.masks for each in masks], before[1])


SCORES = np.zeros((CLASSES, 1, 1), np.float32)


@pytest.mark.parametrize(
    ("second", "error", "message"),
    [
        (ScoreMap(SCORES, "probability"), PredictorError, "'logit' and ScoreMap of kind 'probability'"),
        (MaskSet(SCORES, np.eye(CLASSES, dtype=np.float32)), PredictorError, "MaskSet and ScoreMap"),
        (ScoreMap(SCORES[:3], "logit"), PredictorError, "3 channels; the vocabulary has 5"),
        (ScoreMap(SCORES * np.nan, "logit"), PredictorError, "NaN or infinite"),
    ],
)
def test_windows_that_break_the_contract_are_refused_by_image(second, error, message):
    places = Window(2, 1).places(1, 3)
    with pytest.raises(error, match=f"image 'x'.*{message}"):
        labels_of(mosaic(places, [ScoreMap(SCORES, "logit"), second]), (1, 3))


def test_label_maps_of_several_windows_are_refused_with_the_reason():
    places = Window(2, 1).places(1, 3)
    parts = [LabelMap(np.zeros((1, 2), np.uint16))] * 2
    with pytest.raises(ProtocolError, match=r"image 'x'.*Labels cannot be averaged.*--input squash or crop"):
        labels_of(mosaic(places, parts), (1, 3))
