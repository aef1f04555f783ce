"""What holds for the measures of any run, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.errors import ProtocolError
from cosegbench.evidence import Evidence
from cosegbench.labels import IGNORE, VOID
from cosegbench.measures import MEASURES, Setting, by_concepts, measure
from cosegbench.statistics import bootstrap
from cosegbench.vocabulary import ClassEntry, Vocabulary

from .samples import CLASSES, evidence_of, pictures

NAMES = ("cat", "sofa", "car", "wall", "tree", "dog")
VOCABULARY = Vocabulary(
    "v", tuple(ClassEntry(i, name, i, (), "stuff" if i in (3, 4) else "thing") for i, name in enumerate(NAMES))
)
TRAINING = Vocabulary.from_names(["cat", "couch", "wall-other"])
SETTING = Setting(VOCABULARY, TRAINING, by_concepts(VOCABULARY))


def values(evidence: Evidence, setting: Setting = SETTING) -> dict[str, float | None]:
    return {each.definition.key: each.value for each in measure(evidence, setting)}


seeds = st.integers(0, 10_000)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_every_measure_lies_between_0_and_100(seed: int) -> None:
    for key, value in values(evidence_of(pictures(seed))).items():
        low = -100 if key == "open-miou-gain" else 0
        assert value is None or low <= value <= 100, key


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_with_void_missed_the_figure_is_never_above_that_with_void_filled_right(seed: int) -> None:
    found = values(evidence_of(pictures(seed)))
    missed, filled = found["miou-void-missed"], found["miou-void-right"]
    assert missed is not None and filled is not None
    assert missed <= filled + 1e-9


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_seen_and_unseen_weighed_by_their_classes_are_the_whole(seed: int) -> None:
    found = {each.definition.key: each for each in measure(evidence_of(pictures(seed)), SETTING)}
    whole = found["miou-void-missed"]
    for parts in (["seen-strict", "unseen-strict"], ["miou-things", "miou-stuff", "miou-kind-unknown"]):
        summed = sum((found[key].value or 0.0) * (found[key].classes or 0) for key in parts)
        assert summed == pytest.approx(whole.value * whole.classes)  # type: ignore[operator]


@given(seeds, st.permutations(range(CLASSES)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_classes_leaves_no_trace(seed: int, order: list[int]) -> None:
    images = pictures(seed)
    moved = Vocabulary(
        "v",
        tuple(ClassEntry(new, NAMES[old], new, (), VOCABULARY.classes[old].kind) for new, old in enumerate(order)),
    )
    place = np.full(65536, VOID, np.uint16)
    place[list(order)] = np.arange(CLASSES, dtype=np.uint16)
    evidence = Evidence(CLASSES)
    for image in images:
        evidence.add(image.id, place[image.prediction], place[image.target])
    before = values(evidence_of(images, ranked=False))
    after = values(evidence, Setting(moved, TRAINING, by_concepts(moved)))
    assert after == {key: value if value is None else pytest.approx(value) for key, value in before.items()}


def test_a_perfect_prediction_has_100_in_every_measure_that_is_no_gap_and_no_share_of_void() -> None:
    evidence = Evidence(CLASSES)
    for image in pictures(3):
        evidence.add(image.id, image.target, image.target)
    found = values(evidence)
    zero = {"void-share", "open-miou-gain"}
    known = {key: value for key, value in found.items() if value is not None and key not in zero}
    assert known == {key: pytest.approx(100.0) for key in known}
    assert len(known) > 15
    assert {found[key] for key in zero} == {0.0}


def test_what_nobody_declared_is_missing_and_never_0() -> None:
    found = values(evidence_of(pictures(0)), Setting(VOCABULARY))
    missing = {key for key, value in found.items() if value is None}
    needy = {key for key, each in MEASURES.items() if each.needs}
    assert missing == needy | {"miou-kind-unknown"}


def test_without_ranked_labels_what_is_about_proposals_is_missing() -> None:
    found = values(evidence_of(pictures(0), ranked=False))
    assert {key for key, value in found.items() if value is None and key.startswith("proposals")} == {
        key for key in MEASURES if key.startswith("proposals")
    }


def test_a_run_whose_pixels_are_all_ignored_has_no_figure_at_all() -> None:
    evidence = Evidence(CLASSES)
    evidence.add("a", np.zeros((2, 2), np.uint16), np.full((2, 2), IGNORE, np.uint16))
    assert set(values(evidence).values()) == {None}


def test_a_model_that_says_nothing_gains_nothing() -> None:
    evidence = Evidence(CLASSES)
    for image in pictures(1):
        evidence.add(image.id, np.full_like(image.target, VOID), image.target)
    found = values(evidence)
    assert found["labels-precision"] == found["labels-f1"] == found["pixel-accuracy"] == found["harmonic-strict"] == 0.0
    assert found["void-share"] == 100.0
    assert found["miou-void-vanishes"] is None


def test_a_harmonic_mean_is_missing_where_one_side_is_empty() -> None:
    found = values(evidence_of(pictures(0)), Setting(VOCABULARY, VOCABULARY))
    assert found["seen-exact"] is not None
    assert found["unseen-exact"] is None
    assert found["harmonic-exact"] is None


def test_evidence_of_another_number_of_classes_is_refused() -> None:
    with pytest.raises(ProtocolError, match="has 6 classes, the evidence 4"):
        measure(Evidence(4), SETTING)


def test_evidence_without_label_maps_has_no_figure_at_all() -> None:
    binary = Evidence(CLASSES)
    binary.add_binary("a", [0], [1], [1], [1])
    assert set(values(binary).values()) == {None}


def test_the_summands_of_a_measure_give_its_own_figure_and_an_interval_around_it() -> None:
    images = pictures(5, images=30)
    for each in measure(evidence_of(images), SETTING):
        if each.counts is not None and each.value is not None:
            drawn = bootstrap(each.counts, resamples=50, seed=1)
            assert drawn.estimate == pytest.approx(each.value), each.definition.key
            assert drawn.percentile is not None


def test_every_measure_says_how_it_is_made_and_whose_it_is() -> None:
    for key, each in MEASURES.items():
        assert key == each.key
        assert each.formula and each.treatment and each.source and each.name
    assert len({each.name for each in MEASURES.values()}) == len(MEASURES)
