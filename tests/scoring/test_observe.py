from __future__ import annotations

import numpy as np
import pytest

from cosegbench import IGNORE, VOID, LabelMap, MaskSet, ScoreMap, Vocabulary
from cosegbench.assignment import AssignmentRule, assign
from cosegbench.errors import PredictorError, ProtocolError
from cosegbench.pairing import oracle_counts
from cosegbench.protocols import family_protocols, get_protocol, observe, ranked_labels

WORDS = Vocabulary.from_names(["sky", "sea", "sand", "boat"])
STANDARD = get_protocol("standard")
AUTHORS = get_protocol("coseg-authors").for_cell("coseg-prefix", "voc20")


def some_masks(number=5, seed=0) -> MaskSet:
    rng = np.random.default_rng(seed)
    return MaskSet(
        rng.random((number, 9, 9)).astype(np.float32),
        rng.random((number, len(WORDS))).astype(np.float32),
        rng.random(number).astype(np.float32),
    )


def some_target(shape=(21, 30)) -> np.ndarray:
    target = np.random.default_rng(1).integers(0, len(WORDS), shape).astype(np.uint16)
    target[0] = IGNORE
    return target


def test_one_pass_serves_every_protocol_of_its_family():
    family = family_protocols(STANDARD.family, "mine", "voc20")
    target = some_target()
    target[0] = 0
    evidence = observe([STANDARD], some_masks(), target, "x", WORDS)
    refused = set()
    for protocol in family:
        try:
            assert 0 <= protocol.score(evidence).miou <= 100
        except ProtocolError:
            refused.add(protocol.name)
    # a similarity; boundaries, which nobody asked for; void
    assert refused == {"open-miou", "boundary-iou", "torchmetrics-jaccard-macro", "torchmetrics-pairs"}


@pytest.mark.parametrize("prediction", [some_masks(), LabelMap(np.ones((21, 30), np.uint16))])
def test_boundaries_are_counted_where_a_protocol_asks_for_them_and_change_nothing_else(prediction):
    boundary, target = get_protocol("boundary-iou"), some_target()
    evidence = observe([STANDARD, boundary], prediction, target, "x", WORDS)
    labels = assign(prediction, target.shape, AssignmentRule(), len(WORDS), None, "x")
    expected = observe([STANDARD], prediction, target, "x", WORDS)
    expected.add_boundary("x", labels, target)
    assert evidence == expected
    assert observe([boundary], prediction, target, "x", WORDS) == evidence


def test_masks_are_counted_as_assignment_and_pairing_say():
    masks, target = some_masks(), some_target()
    evidence = observe([STANDARD], masks, target, "x", WORDS)
    labels = assign(masks, target.shape, AssignmentRule(), len(WORDS), None, "x")
    assert evidence.confusion()[-1].sum() == ((labels == VOID) & (target != IGNORE)).sum()
    counts = oracle_counts(masks, target, 0.3)
    assert evidence.table("binary").column("intersection").tolist() == counts.intersection.tolist()
    assert evidence.channels == {"pairs", "binary", "binary-exclusive", "ranked"}


@pytest.mark.parametrize("number", [32, 33])
def test_many_masks_give_what_few_give(number):
    masks, target = some_masks(number), some_target()
    doubled = MaskSet(*(np.concatenate([part, part]) for part in (masks.masks, masks.similarity, masks.nothing)))
    assert observe([STANDARD], masks, target, "x", WORDS) == observe([STANDARD], doubled, target, "x", WORDS)


@pytest.mark.parametrize(
    "prediction",
    [LabelMap(np.ones((21, 30), np.uint16)), ScoreMap(np.random.default_rng(0).random((4, 5, 5)), "probability")],
)
def test_predictions_without_masks_fill_the_pairs_only(prediction):
    evidence = observe([STANDARD], prediction, some_target(), "x", WORDS)
    assert evidence.channels == {"pairs"}


def test_a_protocol_that_needs_masks_says_so():
    prediction = LabelMap(np.ones((21, 30), np.uint16))
    with pytest.raises(ProtocolError, match=r"'coseg-oracle' pairs masks .* returned LabelMap"):
        observe([STANDARD, get_protocol("coseg-oracle")], prediction, some_target(), "x", WORDS)


def test_the_authors_protocol_keeps_its_own_threshold_and_no_label_map():
    masks, target = some_masks(), some_target((9, 9))
    evidence = observe([AUTHORS], masks, target, "x", WORDS)
    assert evidence.channels == {"binary", "binary-exclusive"}
    counts = oracle_counts(masks, target, 0.2)
    assert evidence.table("binary").column("predicted").tolist() == counts.predicted.tolist()


def test_void_becomes_background_in_the_label_map_and_the_oracle_does_not_ask_for_it():
    words = Vocabulary.from_names(["background", *WORDS.names], background=0)
    nothing = MaskSet(np.zeros((1, 4, 4), np.float32), np.ones((1, 5), np.float32))
    target = np.array([[0, 0, 2, 2]], np.uint16)
    evidence = observe([STANDARD], nothing, target, "x", words)
    assert evidence.confusion()[0].tolist() == [2, 0, 2, 0, 0]
    assert evidence.table("binary").column("label").tolist() == [2]


def test_protocols_of_different_passes_are_refused_together():
    with pytest.raises(ProtocolError, match="different inference passes"):
        observe([STANDARD, AUTHORS], some_masks(), some_target(), "x", WORDS)
    with pytest.raises(ProtocolError, match="for_cell"):
        observe([get_protocol("coseg-authors")], some_masks(), some_target(), "x", WORDS)
    with pytest.raises(ProtocolError, match="no protocol"):
        observe([], some_masks(), some_target(), "x", WORDS)


def test_a_broken_prediction_names_the_image():
    masks = some_masks()
    broken = MaskSet(masks.masks[:, 0], masks.similarity)
    with pytest.raises(PredictorError, match="'beach'"):
        observe([STANDARD], broken, some_target(), "beach", WORDS)


def test_ranked_labels_are_those_that_are_drawn_best_first_without_repeats():
    masks = MaskSet(
        np.zeros((4, 1, 1), np.float32),
        np.array([[0.1, 0.7, 0], [0.2, 0.9, 0], [0.8, 0, 0], [0, 0, 0.95]], np.float32),
        np.array([0, 0, 0, 0.99], np.float32),
    )
    labels, scores = ranked_labels(masks, AssignmentRule())
    assert labels == [1, 0]
    assert scores == pytest.approx([0.9, 0.8])
