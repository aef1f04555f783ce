import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.cards import list_cards, load_card
from cosegbench.errors import CardError, UnknownNameError
from cosegbench.vocabulary import ClassEntry, Vocabulary

names = st.lists(st.text("abcdefgh xyz-", min_size=1).filter(str.strip), min_size=1, max_size=12, unique=True)


def test_names_native_ids_and_indices_follow_the_given_order():
    vocabulary = Vocabulary.from_names(["cat", "dog"], id="pets")
    assert (len(vocabulary), vocabulary.names, vocabulary.native_ids) == (2, ("cat", "dog"), (0, 1))
    assert vocabulary.index_of("dog") == 1
    assert vocabulary.background is None


def test_an_unknown_class_name_lists_near_ones():
    with pytest.raises(UnknownNameError, match=r"unknown class 'dgo'. Did you mean 'dog'.*pets"):
        Vocabulary.from_names(["cat", "dog"], id="pets").index_of("dgo")


def test_a_background_becomes_class_0_and_moves_the_others():
    vocabulary = Vocabulary.from_csv(load_card("voc20").vocabulary_path, id="v").with_background()
    assert vocabulary.names[:2] == ("background", "aeroplane")
    assert (vocabulary.background, vocabulary.native_ids[:2], len(vocabulary)) == (0, (0, 1), 21)
    with pytest.raises(CardError, match="has a background class already"):
        vocabulary.with_background()


def test_a_background_takes_the_lowest_native_id_that_no_class_has():
    assert Vocabulary.from_names(["cat", "dog"]).with_background().native_ids == (2, 0, 1)
    assert Vocabulary("v", (ClassEntry(0, "cat", 1),)).with_background().native_ids == (0, 1)


def test_equality_hash_and_digest_ignore_the_id_and_synonyms():
    one = Vocabulary("a", (ClassEntry(0, "cat", 7, ("kitty",)),))
    two = Vocabulary("b", (ClassEntry(0, "cat", 7),))
    assert one == two
    assert len({one, two}) == 1


@pytest.mark.parametrize(
    "other",
    [
        Vocabulary("a", (ClassEntry(0, "dog", 7),)),
        Vocabulary("a", (ClassEntry(0, "cat", 8),)),
        Vocabulary("a", (ClassEntry(0, "cat", 7),), background=0),
    ],
    ids=["name", "native id", "background"],
)
def test_the_digest_changes_with(other):
    assert other != Vocabulary("a", (ClassEntry(0, "cat", 7),))


@pytest.mark.parametrize(
    ("classes", "background", "message"),
    [
        ((), None, "holds 0 classes"),
        ((ClassEntry(1, "cat", 0),), None, "'cat' has index 1 and stands at place 0"),
        ((ClassEntry(0, "cat", 0), ClassEntry(1, "cat", 1)), None, "the name 'cat' occurs 2 times"),
        ((ClassEntry(0, "cat", 4), ClassEntry(1, "dog", 4)), None, "the native id 4 occurs 2 times"),
        ((ClassEntry(0, " ", 0),), None, "class 0 has no name"),
        ((ClassEntry(0, "cat", 0, (), "animal"),), None, "kind 'animal'"),
        ((ClassEntry(0, "cat", 0),), 1, r"background 1 is outside 0\.\.0"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(classes, background, message):
    with pytest.raises(CardError, match=message):
        Vocabulary("mine", classes, background)


@given(names)
@settings(max_examples=25, deadline=None)
def test_index_of_is_the_inverse_of_names(listed):
    vocabulary = Vocabulary.from_names(listed)
    assert [vocabulary.index_of(name) for name in listed] == list(range(len(listed)))


@given(names)
@settings(max_examples=25, deadline=None)
def test_another_order_is_another_vocabulary(listed):
    reverse = Vocabulary.from_names(listed[::-1])
    assert (reverse == Vocabulary.from_names(listed)) == (listed == listed[::-1])


def test_a_csv_with_an_unknown_column_names_it(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("index,native_id,nmae\n0,1,cat\n")
    with pytest.raises(CardError, match=r"v\.csv: columns are index, native_id, nmae; expected index, native_id, name"):
        Vocabulary.from_csv(path, id="v")


def test_a_csv_with_a_wrong_number_names_the_line(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("index,native_id,name\n0,1,cat\n1,two,dog\n")
    with pytest.raises(CardError, match=r"v\.csv, line 3: index and native_id must be whole numbers"):
        Vocabulary.from_csv(path, id="v")


def test_a_csv_whose_name_holds_a_bare_comma_is_refused(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("index,native_id,name\n0,1,cat, big\n")
    with pytest.raises(CardError, match="line 2: more fields than columns"):
        Vocabulary.from_csv(path, id="v")


SIZES = {
    "coco-things": 80, "coco-stuff": 171, "coco-object": 81, "voc20": 20, "voc21": 21,
    "context59": 59, "context60": 60, "context459": 459,
}  # fmt: skip


@pytest.mark.parametrize(("card", "classes"), SIZES.items())
def test_a_view_has_its_number_of_classes(card, classes):
    assert len(load_card(card).vocabulary()) == classes


def test_the_views_with_a_scored_background_have_it_as_class_0_and_no_other_has_one():
    real = [load_card(name) for name in list_cards() if load_card(name).world == "real"]
    with_background = {card.id for card in real if card.vocabulary().background == 0}
    assert with_background == {"coco-object", "voc21", "context60"}


def test_coco_stuff_is_in_the_order_of_its_ids_with_80_things_first_and_eleven_ids_unused():
    vocabulary = load_card("coco-stuff").vocabulary()
    assert list(vocabulary.native_ids) == sorted(vocabulary.native_ids)
    assert [entry.kind for entry in vocabulary.classes] == ["thing"] * 80 + ["stuff"] * 91
    assert set(range(1, 183)) - set(vocabulary.native_ids) == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91}
    assert (vocabulary.names[0], vocabulary.names[79], vocabulary.names[170]) == ("person", "toothbrush", "wood")


def test_coco_things_are_the_first_80_of_coco_stuff():
    assert load_card("coco-things").vocabulary().names == load_card("coco-stuff").vocabulary().names[:80]


def test_context_classes_are_alphabetical_and_the_59_keep_their_459_ids():
    small, full = load_card("context59").vocabulary(), load_card("context459").vocabulary()
    assert list(small.names) == sorted(small.names)
    assert list(full.names) == sorted(full.names)
    assert full.native_ids == tuple(range(1, 460))
    assert [full.names[native - 1] for native in small.native_ids] == list(small.names)
    # The label of 2008_000002 in mmsegmentation's own conversion holds 55 and 58, counted from 1.
    assert (small.names[54], small.names[57]) == ("tvmonitor", "window")
    assert full.names[430] == "unknown"


def test_voc_classes_are_alphabetical_from_aeroplane_to_tvmonitor():
    vocabulary = load_card("voc20").vocabulary()
    assert list(vocabulary.names) == sorted(vocabulary.names)
    assert vocabulary.native_ids == tuple(range(1, 21))


def test_a_csv_with_an_open_quote_or_a_control_character_is_refused(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text('index,native_id,name\n0,0,"cat\n1,1,dog\n')
    with pytest.raises(CardError, match="unexpected end of data"):
        Vocabulary.from_csv(path, id="v")
    path.write_text("index,native_id,name\n0,0,c\x00at\n")
    with pytest.raises(CardError, match="cannot be printed"):
        Vocabulary.from_csv(path, id="v")
