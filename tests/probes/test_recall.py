"""Recall of segments, against plain loops over pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence, LabelMap, MaskSet, Vocabulary
from cosegbench.assignment import AssignmentRule
from cosegbench.errors import RequestError
from cosegbench.probes.coexistence import measure
from cosegbench.probes.gains import CONTRASTS, averages, gain_differences, gain_figures
from cosegbench.probes.looking import look, look_through
from cosegbench.probes.recall import CONDITIONS, answers, unit_name
from cosegbench.probes.segments import Segment

K = 3
WORDS = Vocabulary.from_names(["a", "b", "c"])


def random_maps(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Target and prediction."""
    return tuple(rng.choice([0, 1, 2, 65535], (5, 6), p=[0.3, 0.3, 0.2, 0.2]).astype(np.uint16) for _ in range(2))


def evidence_of(segments: list[Segment], rng: np.random.Generator) -> tuple[Evidence, dict[str, tuple]]:
    """Evidence of every picture of the segments, and its maps."""
    evidence, maps = Evidence(K), {}
    targets = {}
    for segment in segments:
        targets.setdefault(segment.image_id, random_maps(rng)[0])
        for condition in CONDITIONS:
            unit = unit_name(segment, condition)
            if unit in maps:
                continue
            target, prediction = targets[segment.image_id], random_maps(rng)[1]
            maps[unit] = (target, prediction)
            evidence.merge(look(unit, LabelMap(prediction), target, AssignmentRule(), WORDS))
    return evidence, maps


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_recall_is_that_of_a_plain_loop(seed: int) -> None:
    segments = [Segment(f"image {i}", c, 1, "x", "y", (0.0, 0.0)) for i in range(2) for c in range(K)]
    evidence, maps = evidence_of(segments, np.random.default_rng(seed))
    found = answers(evidence, segments)

    for condition in CONDITIONS:
        for place, segment in enumerate(segments):
            target, prediction = maps[unit_name(segment, condition)]
            votes = dict.fromkeys(range(K), 0)
            for row in range(5):
                for column in range(6):
                    if target[row, column] == segment.label and prediction[row, column] != VOID:
                        votes[int(prediction[row, column])] += 1
            best = next(c for c in range(K) if votes[c] == max(votes.values())) if any(votes.values()) else None
            assert found[condition].right[place] == votes[segment.label]
            assert found[condition].named[place] == (best == segment.label)
            assert found[condition].proposed[place] == (prediction == segment.label).any()


def test_the_labels_that_masks_propose_are_the_names_of_masks_that_draw() -> None:
    masks = np.zeros((2, 4, 4), np.float32)
    similarity = np.array([[0, 1, 0], [0, 0, 1]], np.float32)
    prediction = MaskSet(masks, similarity, np.array([0.5, 2.0], np.float32))
    evidence = look("u", prediction, np.zeros((4, 4), np.uint16), AssignmentRule(), WORDS)

    assert evidence.table("ranked").column("label").tolist() == [1]
    assert evidence.confusion()[K].tolist() == [16, 0, 0]


def test_names_that_mean_nothing_here_are_void_and_others_keep_their_meaning() -> None:
    asked = Vocabulary.from_names(["c", "stranger", "a"])
    prediction = np.array([[0, 1, 2, VOID]], np.uint16)
    meaning = np.array([2, VOID, 0], np.uint16)
    found = look_through(
        "u", LabelMap(prediction), np.array([[2, 2, 0, IGNORE]], np.uint16), AssignmentRule(), asked, WORDS, meaning
    )

    expected = Evidence(K)
    expected.add("u", np.array([[2, VOID, 0, VOID]], np.uint16), np.array([[2, 2, 0, IGNORE]], np.uint16))
    assert found == expected


def test_what_has_no_class_is_background_where_there_is_one() -> None:
    scored = Vocabulary.from_names(["none", "a"], background=0)
    asked = Vocabulary.from_names(["none", "a", "stranger"], background=0)
    prediction = np.array([[2, VOID, 1]], np.uint16)
    meaning = np.array([0, 1, VOID], np.uint16)
    found = look_through(
        "u", LabelMap(prediction), np.zeros((1, 3), np.uint16), AssignmentRule(), asked, scored, meaning
    )

    assert found.confusion().tolist() == [[2, 0], [1, 0], [0, 0]]


def measured(seed: int):
    segments = [Segment(f"image {i:02}", c, 7, "x", "y", (0.0, 0.0)) for i in range(9) for c in range(1 + i % K)]
    rng = np.random.default_rng(seed)
    from cosegbench.probes.recall import Answer

    numbers = {name: Answer(*(rng.integers(0, high, len(segments)) for high in (8, 2, 2))) for name in CONDITIONS}
    return measure(segments, numbers, K)


def test_both_means_and_the_interval_are_those_of_plain_loops() -> None:
    found = measured(0)
    values = found.values("pixels", "grey")
    got = averages(found, values, seed=3)

    by_class = [np.mean([v for v, c in zip(values, found.label, strict=True) if c == k]) for k in range(K)]
    assert got["by_segment"]["estimate"] == pytest.approx(100 * np.mean(values))
    assert got["by_class"]["estimate"] == pytest.approx(100 * np.mean(by_class))
    draws = []
    for drawn in np.random.default_rng(3).integers(0, 9, (1000, 9)):
        chosen = [value for image in drawn for value in values[found.image == image]]
        draws.append(100 * np.mean(chosen))
    low, high = np.quantile(draws, [0.025, 0.975])
    assert (got["by_segment"]["low"], got["by_segment"]["high"]) == pytest.approx((low, high))


def test_gains_are_differences_of_recall_and_their_differences_differences_of_gains() -> None:
    first, second = measured(0), measured(1)
    gains = [gain_figures(each, 0)["named"] for each in (first, second)]
    gap = gain_differences(first, second, 0)["named"]

    for name, (one, other) in CONTRASTS.items():
        direct = 100 * (first.values("named", one) - first.values("named", other)).mean()
        assert gains[0][name]["by_segment"]["estimate"] == pytest.approx(direct)
        expected = gains[0][name]["by_segment"]["estimate"] - gains[1][name]["by_segment"]["estimate"]
        assert gap[name]["by_segment"]["estimate"] == pytest.approx(expected)


def test_predictors_that_were_asked_about_other_segments_are_not_compared() -> None:
    first = measured(0)
    other = measure([Segment("image 00", 0, 7, "x", "y", (0.0, 0.0))], first.answers, K)
    with pytest.raises(RequestError, match="same segments"):
        gain_differences(first, other, 0)
