"""Variants of a vocabulary, and the figure that is the same in all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence, Vocabulary, score
from cosegbench.cards import load_card
from cosegbench.concepts import plain
from cosegbench.errors import RequestError
from cosegbench.probes.names import other_names, strange_names
from cosegbench.probes.spread import core_counts, order, split, spread_of
from cosegbench.probes.variants import BASE, VariantOf, VariantRule, make_variants, removed_anywhere
from cosegbench.statistics import bootstrap

WORDS = Vocabulary.from_names(["a", "b", "c", "d", "e", "f", "g"])


def made(words: Vocabulary = WORDS, **changes: object) -> dict[str, VariantOf]:
    rule = VariantRule(**{"distractors": 2, "removed": 2, **changes})  # type: ignore[arg-type]
    found = make_variants(words, rule, {1: ("bee", "bea"), 2: ("sea", "see")}, ("x", "y", "z"))
    return {each.name: each for each in found}


def test_the_names_as_given_come_first_and_every_kind_follows() -> None:
    names = list(made())
    assert names[0] == BASE
    assert names[4:] == ["synonyms 1", "synonyms 2", "2 added, 1", "2 added, 2", "2 removed, 1", "2 removed, 2"]
    assert "2 added, 1" not in made(distractors=0)
    assert "2 removed, 1" not in made(removed=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_every_name_that_is_asked_for_means_what_it_meant(seed: int, background: bool) -> None:
    words = Vocabulary("w", WORDS.classes, background=3 if background else None)
    for name, each in made(words, seed=seed).items():
        for entry, means in zip(each.vocabulary.classes, each.meaning, strict=True):
            if means == VOID:
                assert entry.name in each.added
            else:
                old = words.names[means]
                assert entry.name == each.renamed.get(old, old)
        kept = {means for means in each.meaning if means != VOID}
        assert kept | set(each.removed) == set(range(len(WORDS)))
        assert not kept & set(each.removed)
        assert len(each.added) == (2 if "added" in name else 0)
        assert len(each.removed) == (2 if "removed" in name else 0)
        if background:
            assert 3 not in each.removed
            assert each.vocabulary.classes[each.vocabulary.background].name == "d"


def test_equal_seeds_give_equal_variants_and_the_draws_of_a_seed_differ() -> None:
    first, again, other = made(seed=0), made(seed=0), made(seed=5)
    assert {name: each.described(WORDS.names) for name, each in first.items()} == {
        name: each.described(WORDS.names) for name, each in again.items()
    }
    assert any(first[name].meaning != other[name].meaning for name in first)
    assert first["2 removed, 1"].removed != first["2 removed, 2"].removed


def test_too_many_names_to_add_or_to_remove_are_refused() -> None:
    with pytest.raises(RequestError, match="hold 3 names"):
        made(distractors=4)
    with pytest.raises(RequestError, match="--removed 3 in 2 draws"):
        made(removed=3)
    with pytest.raises(RequestError, match="--draws is 0"):
        made(draws=0)
    with pytest.raises(RequestError, match="--distractors is -1"):
        made(distractors=-1)


@pytest.mark.parametrize(
    ("card", "world"), [("voc20", "real"), ("context59", "real"), ("miniature-context59", "miniature")]
)
def test_no_synonym_is_another_classs_name_and_no_strange_name_is_a_class(card: str, world: str) -> None:
    words = load_card(card).vocabulary()
    synonyms, strangers = other_names(words, world), strange_names(words, world)

    taken = {plain(name) for name in words.names}
    for index, names in synonyms.items():
        assert not {plain(name) for name in names} & (taken - {plain(words.names[index])})
    assert synonyms
    assert len({plain(name) for name in strangers}) == len(strangers) > 16
    everything = taken | {plain(name) for names in synonyms.values() for name in names}
    assert not {plain(name) for name in strangers} & everything


def evidence_of(seed: int, images: int = 3) -> Evidence:
    rng = np.random.default_rng(seed)
    evidence = Evidence(6)
    for place in range(images):
        maps = [rng.choice([*range(6), 65535], (5, 7)).astype(np.uint16) for _ in range(2)]
        evidence.add(f"image {place}", *maps)
    return evidence


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_the_figure_is_the_kernels_own_where_nothing_is_removed(seed: int) -> None:
    evidence = evidence_of(seed)
    for treatment in ("ignored", "counted"):
        found = bootstrap(core_counts(evidence, (), treatment), resamples=2)  # type: ignore[arg-type]
        assert found.estimate == pytest.approx(score(evidence, "gt-void-fn").miou)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_removed_classes_are_ignored_or_stay_as_errors_as_a_plain_loop_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prediction, target = (rng.choice([*range(6), 65535], (8, 8)).astype(np.uint16) for _ in range(2))
    evidence = Evidence(6)
    evidence.add("a", prediction, target)
    gone = (1, 4)

    for treatment in ("ignored", "counted"):
        ious = []
        for label in (0, 2, 3, 5):
            hit = union = true = 0
            for p, t in zip(prediction.ravel().tolist(), target.ravel().tolist(), strict=True):
                if t == IGNORE or (treatment == "ignored" and t in gone):
                    continue
                hit, union, true = hit + (p == t == label), union + (label in (p, t)), true + (t == label)
            if true:
                ious.append(100 * hit / union)
        found = bootstrap(core_counts(evidence, gone, treatment), resamples=2)  # type: ignore[arg-type]
        assert found.estimate == pytest.approx(np.mean(ious))


def test_the_classes_that_any_variant_removes_are_never_averaged() -> None:
    found = removed_anywhere(tuple(made().values()))
    assert set(found) == set(made()["2 removed, 1"].removed) | set(made()["2 removed, 2"].removed)


def test_a_variants_evidence_is_found_under_the_images_own_ids() -> None:
    plainly, whole = evidence_of(0), Evidence(6)
    for image_id in plainly.image_ids:
        whole.add_image_bytes(f"x: {image_id}", plainly.image_bytes(image_id))
    assert split(whole, "x: ", plainly.image_ids) == plainly


def test_spread_and_order() -> None:
    figures = {name: {"miou": {"estimate": value}} for name, value in (("one", 10.0), ("two", 13.0), ("three", 10.0))}
    assert spread_of(figures) == {
        "lowest": "one",
        "highest": "two",
        "range": 3.0,
        "standard_deviation": pytest.approx(2**0.5),
    }
    assert order({"b": 1.0, "a": 1.0, "c": 2.0}) == ["c", "a", "b"]
