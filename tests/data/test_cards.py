import itertools
from pathlib import Path

import pytest
from fakes import loose_card, plain_card

from cosegbench.adapters import READERS
from cosegbench.card_schema import KINDS
from cosegbench.cards import list_cards, load_card
from cosegbench.dataset import Dataset
from cosegbench.errors import CardError, RequestError, UnknownNameError
from cosegbench.suites import SUITES, suite_datasets


def edited(folder: Path, old: str, new: str) -> Path:
    path = plain_card(folder, 3)
    path.write_text(path.read_text().replace(old, new))
    return path


@pytest.mark.parametrize("name", list_cards())
def test_every_built_in_card_opens_under_every_choice_of_conventions(name, tmp_path):
    card = load_card(name)
    assert card.id == name
    for values in itertools.product(*(option.choices for option in card.options.values())):
        given = dict(zip(card.options, values, strict=True))
        needed = {
            o.name for o in card.options.values() if o.needs and o.needs not in {f"{k}={v}" for k, v in given.items()}
        }
        chosen = card.choose({key: value for key, value in given.items() if key not in needed})
        assert set(chosen) == set(card.options) - needed
        for split in card.splits:
            assert Dataset(card, tmp_path, split, chosen).missing()


@pytest.mark.parametrize("suite", SUITES)
def test_every_data_set_of_a_suite_has_a_card(suite):
    assert set(suite_datasets(suite)) <= set(list_cards())


def test_an_unknown_suite_lists_near_ones():
    with pytest.raises(UnknownNameError, match=r"'cross-datasets'. Did you mean 'cross-dataset'"):
        suite_datasets("cross-datasets")


def test_every_format_kind_has_a_reader():
    assert set(READERS) == set(KINDS)


def test_an_unknown_data_set_lists_near_ones_and_says_how_to_give_a_card():
    with pytest.raises(UnknownNameError, match=r"'voc2'. Did you mean 'voc2[01]'.*given by its path"):
        load_card("voc2")


def test_a_card_given_by_path_is_the_same_as_a_built_in_one(tmp_path):
    own = load_card(str(loose_card(tmp_path, "voc20")))
    assert own.vocabulary() == load_card("voc20").vocabulary()
    assert own.format({}) == load_card("voc20").format({})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("offset =", "ofset =", r"mine\.toml \[format\]: unknown 'ofset' \(did you mean 'offset'\?\)"),
        ('title = "A card of my own"', "", r"mine\.toml: title is missing"),
        ('title = "A card', 'titel = "A card', r"mine\.toml: title is missing\. Is 'titel' meant for it\?"),
        ('kind = "label-png"', 'kind = "label-pgn"', r"'label-pgn' is not one of .* \(did you mean 'label-png'"),
        ('background = "ignore"', 'background = "ignored"', r"background = 'ignored' is not one of ignore, class"),
        ("schema_version = 1", "schema_version = 2", "schema_version is 2; this cosegbench reads version 1"),
        ("schema_version = 1", "", "schema_version is missing"),
        ("offset = 0", 'offset = "0"', r"offset must be a whole number, got '0'"),
        ("background = [0]", 'background = ["9-3"]', r"background holds '9-3'; write a number or a range"),
        ("background = [0]", "background = [70000]", r"outside 0\.\.65535"),
        ("photos/{id}.jpg", "photos/{name}.jpg", r"images = .* must hold \{id\} once, in the file name"),
        ("photos/{id}.jpg", "photos/image.jpg", r"must hold \{id\} once"),
        ("photos/{id}.jpg", "../photos/{id}.jpg", "must be a path below the data root"),
        ("photos/{id}.jpg", "/photos/{id}.jpg", "must be a path below the data root"),
        ("[splits.val]", "", r"\[splits\.NAME\] is missing"),
        ("[splits.val]", "[splits.val]\ncuont = 3", r"\[splits\.val\]: unknown 'cuont' \(did you mean 'count'"),
        ("[splits.val]", "[splits.val.when.route.json]", r"'route' is not an option of this card \(it has none\)"),
        ('kind = "label-png"', "", r"\[format\] needs kind and labels"),
    ],
)
def test_a_card_that_is_not_understood_names_file_table_and_key(tmp_path, old, new, message):
    with pytest.raises(CardError, match=message):
        load_card(edited(tmp_path, old, new))


def test_a_file_that_is_not_toml_and_a_file_that_is_not_there_are_card_errors(tmp_path):
    (tmp_path / "bad.toml").write_text("= nothing")
    for name in ("bad.toml", "absent.toml"):
        with pytest.raises(CardError, match=f"{name}: cannot be read as a card"):
            load_card(tmp_path / name)


def test_a_value_that_is_a_class_and_ignored_is_refused(tmp_path):
    card = load_card(plain_card(tmp_path, 3, extra="ignore = [2]"))
    with pytest.raises(CardError, match="value 2 is class 'class 1' and also ignore"):
        Dataset(card, tmp_path, "val", {})


def test_a_dropped_class_must_exist(tmp_path):
    card = load_card(plain_card(tmp_path, 3, extra='drop_classes = ["klass 1"]'))
    with pytest.raises(UnknownNameError, match=r"'klass 1'. Did you mean 'class 1'"):
        Dataset(card, tmp_path, "val", {})


def test_conventions_have_recorded_defaults_and_those_without_effect_are_not_recorded():
    card = load_card("coco-things")
    assert card.choose({}) == {"route": "stuffthingmaps"}
    assert card.choose({"route": "instances"}) == {"route": "instances", "overlap": "first", "crowd": "under"}


def test_a_convention_without_effect_is_refused_rather_than_ignored():
    with pytest.raises(RequestError, match="option overlap has no effect without route=instances"):
        load_card("coco-things").choose({"overlap": "last"})


def test_a_wrong_value_or_name_of_a_convention_lists_the_right_ones():
    with pytest.raises(RequestError, match="option images=5103 is not one of 5104, 5105"):
        load_card("context59").choose({"images": "5103"})
    with pytest.raises(UnknownNameError, match=r"'imges' of data set context59\. Did you mean 'images'"):
        load_card("context59").choose({"imges": "5104"})


def test_an_unknown_split_lists_those_of_the_card():
    with pytest.raises(UnknownNameError, match=r"unknown split 'test' of data set voc20. .*Known: train, val"):
        load_card("voc20").split("test", {})


def test_the_val_split_of_context_is_pinned_with_and_without_the_5105th_image():
    card = load_card("context459")
    small, large = (card.split("val", card.choose({"images": value})) for value in ("5104", "5105"))
    assert (small.count, small.exclude) == (5104, ("2010_001606",))
    assert (large.count, large.exclude) == (5105, ())
    assert small.ids_sha256 != large.ids_sha256


def test_the_json_route_of_context_takes_its_split_from_the_json():
    card = load_card("context59")
    chosen = card.choose({"route": "json"})
    train = card.split("train", chosen)
    assert (train.list, train.images_json, train.count) == (None, "pascal_context/trainval_merged.json", 4996)
    assert card.format(chosen).kind == "detail-json"


@pytest.mark.parametrize("name", [name for name in list_cards() if load_card(name).world == "real"])
def test_every_real_card_says_where_its_archives_are_and_pins_counts(name):
    card = load_card(name)
    assert card.archives
    assert card.licence
    assert card.citation
    assert all(card.split(split, card.choose({})).count for split in card.splits)
    for archive in card.archives:
        assert [len(d) for d in (archive.md5, archive.sha1, archive.sha256) if d] == [
            length for d, length in ((archive.md5, 32), (archive.sha1, 40), (archive.sha256, 64)) if d
        ]


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "a b", "x" * 101])
def test_an_id_that_cannot_name_a_file_is_refused(tmp_path, name):
    with pytest.raises(CardError, match="must be letters, digits"):
        load_card(edited(tmp_path, 'id = "mine"', f'id = "{name}"'))


def test_an_option_without_choices_and_a_count_below_1_are_refused(tmp_path):
    with pytest.raises(CardError, match="choices must name"):
        load_card(edited(tmp_path, "[splits.val]", '[options.o]\ndefault = "a"\nhelp = "h"\n[splits.val]'))
    with pytest.raises(CardError, match="count = -3 must be 1 or more"):
        load_card(edited(tmp_path, "[splits.val]", "[splits.val]\ncount = -3"))


def test_an_option_cannot_have_the_name_of_an_argument_of_load_dataset(tmp_path):
    option = '[options.split]\ndefault = "a"\nchoices = ["a"]\nhelp = "h"\n[splits.val]'
    with pytest.raises(CardError, match="cannot be called 'split'"):
        load_card(edited(tmp_path, "[splits.val]", option))
