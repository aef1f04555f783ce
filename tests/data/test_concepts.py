"""Seen and unseen, computed from the one table of concepts."""

import csv
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.cards import list_cards, load_card
from cosegbench.concepts import RELATIONS, align, load_concepts, plain, seen
from cosegbench.vocabulary import ClassEntry, Vocabulary


def vocabulary(name):
    return load_card(name).vocabulary()


COUNTS = {
    "voc20": {"exact": 16, "synonym": 4},
    "context59": {"exact": 37, "synonym": 9, "catchall": 8, "part": 4, "none": 1},
    "context459": {"exact": 76, "synonym": 17, "catchall": 9, "part": 22, "parent": 31, "none": 304},
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_relations_to_coco_stuff_are_those_that_the_facts_count(name):
    rows = align(vocabulary(name), vocabulary("coco-stuff"))
    assert Counter(row.relation for row in rows) == COUNTS[name]


def test_all_of_voc_is_seen_under_coco_stuff():
    assert seen(vocabulary("voc20"), vocabulary("coco-stuff")) == (True,) * 20


def test_the_loose_level_adds_parts_and_parents():
    target, training = vocabulary("context459"), vocabulary("coco-stuff")
    assert sum(seen(target, training)) == 76 + 17 + 9
    assert sum(seen(target, training, "loose")) == 76 + 17 + 9 + 22 + 31


def relation(target, name, training):
    rows = align(vocabulary(target), vocabulary(training))
    (row,) = [row for row in rows if row.target.name == name]
    return row.relation, [match.name for match in row.matches]


@pytest.mark.parametrize(
    ("name", "expected", "first"),
    [
        ("wall", "catchall", "wall-other"),
        ("bag", "part", "handbag"),
        ("swan", "parent", "bird"),
        ("aeroplane", "synonym", "airplane"),
        ("dog", "exact", "dog"),
        ("window", "synonym", "window-other"),
    ],
)
def test_a_class_of_context_rests_on_its_principal_class_of_coco_stuff(name, expected, first):
    found, matches = relation("context459", name, "coco-stuff")
    assert (found, matches[0]) == (expected, first)


@pytest.mark.parametrize("name", ["plate", "hat", "shoe", "eyeglass"])
def test_names_that_coco_has_without_pixels_are_unseen(name):
    assert relation("context459", name, "coco-stuff") == ("none", [])


def test_relations_read_backwards_too():
    assert relation("coco-stuff", "wall-brick", "context59") == ("parent", ["wall"])
    assert relation("coco-stuff", "handbag", "context59") == ("parent", ["bag"])
    assert relation("coco-stuff", "bird", "context459")[0] == "exact"


def test_without_its_class_for_the_rest_a_concept_is_only_partly_seen():
    assert relation("context59", "food", "coco-things")[0] == "part"


@pytest.mark.parametrize("name", list_cards())
def test_every_vocabulary_is_wholly_seen_under_itself(name):
    rows = align(vocabulary(name), vocabulary(name))
    assert all(row.relation == "exact" and row.target in row.matches for row in rows)


def test_training_on_more_classes_never_loses_one():
    few, more = (seen(vocabulary("context459"), vocabulary(name)) for name in ("coco-things", "coco-stuff"))
    assert all(b or not a for a, b in zip(few, more, strict=True))


def test_names_that_the_table_does_not_know_are_concepts_of_their_own():
    training = Vocabulary.from_names(["Flux Capacitor", "dog"])
    rows = align(Vocabulary.from_names(["flux-capacitor", "warp core", "dog"]), training)
    assert [row.relation for row in rows] == ["exact", "none", "exact"]


def test_synonyms_of_a_users_own_card_count():
    target = Vocabulary("mine", (ClassEntry(0, "feline", 0, ("cat",)), ClassEntry(1, "gizmo", 1, ("thingamajig",))))
    training = Vocabulary("theirs", (ClassEntry(0, "cat", 0), ClassEntry(1, "thingamajig", 1)))
    assert [row.relation for row in align(target, training)] == ["synonym", "synonym"]


words = st.lists(st.sampled_from(sorted(load_concepts())), min_size=1, max_size=15, unique=True)


@given(words, words)
@settings(max_examples=30, deadline=None)
def test_alignment_depends_on_neither_order(target, training):
    forward = align(Vocabulary.from_names(target), Vocabulary.from_names(training))
    backward = align(Vocabulary.from_names(target[::-1]), Vocabulary.from_names(training[::-1]))
    assert [row.relation for row in forward] == [row.relation for row in backward][::-1]
    assert all(row.relation in RELATIONS for row in forward)
    assert all(bool(row.matches) == (row.relation != "none") for row in forward)


FAMILIES = {"coco": "coco-stuff", "voc": "voc20", "context": "context459"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_class_of_the_three_families_stands_in_the_table_once(family):
    native = [number for concept in load_concepts().values() for number in concept.ids[family]]
    assert sorted(native) == sorted(vocabulary(FAMILIES[family]).native_ids)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_class_of_the_three_families_has_a_name_of_its_concept(family):
    names = {
        number: {plain(name) for name in (concept.name, *concept.synonyms)}
        for concept in load_concepts().values()
        for number in concept.ids[family]
    }
    for entry in vocabulary(FAMILIES[family]).classes:
        assert plain(entry.name) in names[entry.native_id]


def test_overlapping_concepts_are_further_matches_and_never_decide_a_relation():
    assert relation("context459", "mountain", "coco-stuff") == ("exact", ["mountain", "hill"])
    target, training = Vocabulary.from_names(["mountain"]), Vocabulary.from_names(["hill"])
    assert [row.relation for row in align(target, training)] == ["none"]


@pytest.mark.parametrize("name", COUNTS)
def test_each_row_agrees_with_the_collected_facts(shared, name):
    with (shared / "facts/vocab/alignment.csv").open(newline="") as stream:
        facts = {int(row["native_id"]): row for row in csv.DictReader(stream) if row["dataset"] == name}
    rows = align(vocabulary(name), vocabulary("coco-stuff"))
    assert len(rows) == len(facts)
    for row in rows:
        fact = facts[row.target.native_id]
        further = fact["also_cocostuff_ids"].replace("|", " ").split()
        assert row.relation == (fact["coverage"] if fact["relation"] == "hypernym" else fact["relation"])
        assert [str(match.native_id) for match in row.matches] == [*fact["cocostuff_id"].split(), *further]


FACT_TABLES = {
    "coco-things": ("coco80.csv", "contiguous_id_0", "category_id"),
    "coco-stuff": ("cocostuff182.csv", "train_id_171", "id"),
    "voc20": ("voc20.csv", "train_id_20", "voc_id"),
    "context59": ("context59.csv", "train_id_59", "context459_id"),
    "context459": ("context459.csv", "train_id_459", "id"),
}


@pytest.mark.parametrize("name", FACT_TABLES)
def test_indices_native_ids_and_names_are_those_of_the_collected_facts(shared, name):
    file, index, native = FACT_TABLES[name]
    with (shared / "facts/vocab" / file).open(newline="") as stream:
        facts = [(int(row[index]), int(row[native]), row["name"]) for row in csv.DictReader(stream) if row[index]]
    assert [(each.index, each.native_id, each.name) for each in vocabulary(name).classes] == facts
