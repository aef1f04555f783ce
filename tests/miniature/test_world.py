from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cosegbench.miniature.draw import EVERYTHING, SEEN_ONLY, VOC_LIKE
from cosegbench.miniature.paint import SHAPES
from cosegbench.miniature.places import unknown_names
from cosegbench.miniature.scenes import Wish, settings
from cosegbench.miniature.textures import TEXTURES
from cosegbench.miniature.world import CONCEPTS, CONTEXT_59_IDS, LOOK_ALIKES, Concept, concept


def test_every_name_in_the_scene_types_is_a_concept() -> None:
    assert unknown_names() == set()


def test_every_thing_has_a_shape_and_every_stuff_a_texture_and_none_is_left_over() -> None:
    assert set(SHAPES) == {c.name for c in CONCEPTS if c.kind == "thing"}
    assert set(TEXTURES) == {c.name for c in CONCEPTS if c.kind == "stuff"}


@pytest.mark.parametrize("wish", [SEEN_ONLY, EVERYTHING], ids=["seen", "everything"])
def test_every_allowed_concept_can_be_shown_somewhere(wish: Wish) -> None:
    assert [name for name in sorted(wish.allowed) if not settings(wish, name)] == []


def test_every_voc_class_can_be_shown_in_the_voc_like_view() -> None:
    assert [c.name for c in CONCEPTS if c.voc and not settings(VOC_LIKE, c.name)] == []


def test_names_and_aliases_never_mean_two_concepts() -> None:
    spoken = [name for c in CONCEPTS for name in (c.name, *c.aliases)]
    assert len(spoken) == len(set(spoken))


def test_all_twenty_voc_classes_are_there_and_seen() -> None:
    assert sorted(c.voc for c in CONCEPTS if c.voc) == list(range(1, 21))
    assert all(c.seen for c in CONCEPTS if c.voc)


def test_both_kinds_of_look_alikes_occur() -> None:
    pairs = [(concept(a), concept(b)) for a, b in LOOK_ALIKES]
    assert {a.kind for a, _ in pairs} == {"thing", "stuff"}
    assert any(a.seen != b.seen for a, b in pairs)


def test_unseen_concepts_are_things_and_stuff() -> None:
    assert {c.kind for c in CONCEPTS if not c.seen} == {"thing", "stuff"}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_ids_are_those_of_the_collected_facts(shared: Path) -> None:
    vocab = shared / "facts" / "vocab"
    stuff = {int(row["id"]): row for row in _rows(vocab / "cocostuff182.csv")}
    frequent = {int(row["context459_id"]) for row in _rows(vocab / "context59.csv")}
    assert frequent == CONTEXT_59_IDS
    for each in CONCEPTS:
        if each.seen:
            assert stuff[each.coco]["unused"] == "0", each
            assert stuff[each.coco]["kind"] == each.kind, each


def test_unseen_concepts_have_no_relation_to_any_coco_stuff_class(shared: Path) -> None:
    relation = {
        int(row["native_id"]): row["relation"]
        for row in _rows(shared / "facts" / "vocab" / "alignment.csv")
        if row["dataset"] == "context459"
    }
    related = [(c.name, relation[c.context]) for c in CONCEPTS if not c.seen and relation[c.context] != "none"]
    assert related == []


def test_a_concept_is_seen_exactly_when_it_has_a_coco_id() -> None:
    assert not Concept("camel", "thing", 0, 52).seen
    assert Concept("person", "thing", 1, 284).seen
