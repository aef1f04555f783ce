"""Names that a user, a data set or an enemy gives: quotes, new lines, markup, ways out of the folder, other scripts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import make_plain, plain_card, random_labels, write_gray_png

from cosegbench.cards import load_card
from cosegbench.cli import main
from cosegbench.dataset import load_dataset
from cosegbench.errors import CardError, CosegbenchError, DataError, MissingDataError, RequestError
from cosegbench.records import check_name
from cosegbench.running.label_files import pair_files
from cosegbench.vocabulary import Vocabulary

ODD = [
    "it's",
    'say "cheese"',
    "<script>alert(1)</script>".replace("/", ""),
    "caf\u00e9_\u6f22\u5b57_\U0001f600",
    "a&b;c$(d)`e`",
    "%s{0}{id}",
]
"""Names of files that a file system allows, and that must be taken for what they are."""

BAD = ["../up", "/etc/passwd", "a/b", "a\\b", ".hidden", "a\0b", "a\x1bb", "x" * 1_000_000, "\u00e9" * 120]
"""Names that lead elsewhere, or that no file can have."""


def listed(folder: Path, ids: list[str]) -> Path:
    card = plain_card(folder, 3)
    card.write_text(card.read_text() + 'list = "val.txt"\n')
    (folder / "val.txt").write_text("".join(f"{each}\n" for each in ids), encoding="utf-8")
    return card


def test_odd_names_of_images_go_through_run_and_score_and_come_back_as_they_were(tmp_path: Path) -> None:
    maps = list(random_labels(len(ODD), [1, 2, 3]).values())
    labels = {name.replace(" ", "_"): label for name, label in zip(ODD, maps, strict=True)}
    card = listed(tmp_path / "data", list(labels))
    make_plain(tmp_path / "data", labels)
    on = ["--dataset", str(card), "--data-root", str(tmp_path / "data")]
    saved = ["--save-predictions", str(tmp_path / "saved"), "--results", str(tmp_path / "results")]
    ran = CliRunner().invoke(main, ["run", "--predictor", "random-labels", *on, *saved])
    scored = CliRunner().invoke(main, ["score", *on, "--predictions", str(tmp_path / "saved")])

    assert (ran.exit_code, scored.exit_code) == (0, 0), ran.output + scored.output
    assert ran.stdout.split()[-1] == scored.stdout.split()[-1]
    assert sorted(path.stem for path in (tmp_path / "saved/mine").glob("*.png")) == sorted(labels)


@pytest.mark.parametrize("name", BAD, ids=range(len(BAD)))
def test_an_image_id_that_leads_elsewhere_or_is_no_files_name_is_refused_in_a_short_line(
    name: str, tmp_path: Path
) -> None:
    card = listed(tmp_path, [name])
    (tmp_path / "labels").mkdir()
    with pytest.raises((DataError, MissingDataError), match="no image id") as caught:
        _ = load_dataset(card, tmp_path).image_ids
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["../../up.jpg", "a\0b.jpg", "x" * 1000 + ".jpg", "", ".."])
def test_a_region_file_cannot_name_a_photograph_outside_its_folder(name: str, tmp_path: Path) -> None:
    card = plain_card(tmp_path, 3)
    text = card.read_text().replace('kind = "label-png"', 'kind = "instances-json"')
    text = text.replace("labels/{id}.png", "a.json") + 'images_json = "a.json"\n'
    card.write_text(text)
    image = {"id": 1, "file_name": name, "height": 3, "width": 4}
    names = [{"id": i + 1, "name": f"class {i}"} for i in range(3)]
    (tmp_path / "a.json").write_text(json.dumps({"images": [image], "annotations": [], "categories": names}))
    dataset = load_dataset(card, tmp_path) if name == "../../up.jpg" else None
    if dataset is not None:  # only the last part of a name counts, so that it stays within the folder
        assert dataset.image_ids == ("up",)
        assert dataset.image_path("up").resolve().is_relative_to(tmp_path.resolve())
    else:
        with pytest.raises(CosegbenchError, match="no image id"):
            _ = load_dataset(card, tmp_path).image_ids


@pytest.mark.parametrize("name", [*BAD[:7], "", "."], ids=range(9))
def test_a_results_name_or_card_id_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError):
        check_name(name, "the name")
    card = plain_card(tmp_path, 3)
    card.write_text(card.read_text().replace('id = "mine"', f"id = {json.dumps(name)}"))
    with pytest.raises(CardError):
        load_card(card)


def test_a_vocabulary_path_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    card = plain_card(tmp_path, 3)
    card.write_text(card.read_text().replace('"mine.csv"', '"a\\u0000b"'))
    with pytest.raises(CardError, match="cannot be read as a vocabulary"):
        load_card(card).vocabulary()


@pytest.mark.parametrize(
    "path", ["../labels/{id}.png", "/labels/{id}.png", "a/../../{id}.png", "labels\\\\{id}.png", "\\u0000{id}.png"]
)
def test_a_card_cannot_point_out_of_the_data_root(path: str, tmp_path: Path) -> None:
    card = plain_card(tmp_path, 3)
    card.write_text(card.read_text().replace("labels/{id}.png", path))
    with pytest.raises(CardError, match="below the data root"):
        load_card(card)


def classes(folder: Path, names: list[str]) -> Path:
    stream = io.StringIO()
    csv.writer(stream).writerows([["index", "native_id", "name"], *([i, i + 1, name] for i, name in enumerate(names))])
    path = folder / "names.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return path


def test_class_names_of_any_script_are_kept_as_they_are(tmp_path: Path) -> None:
    names = [*ODD, "sky, blue", "<b>bold</b>", "../up", "= 1 + 1"]
    assert Vocabulary.from_csv(classes(tmp_path, names), id="x").names == tuple(names)


@pytest.mark.parametrize(
    "name", ["two\nlines", "tab\there", "nul\0", "\x1b[31mred", "\u202eback", " ", "x" * 1_000_000]
)
def test_class_names_that_cannot_be_printed_or_are_endless_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CardError) as caught:
        Vocabulary.from_csv(classes(tmp_path, ["cat", name]), id="x")
    assert len(str(caught.value)) < 1000


def test_an_image_that_is_listed_twice_is_one_image(tmp_path: Path) -> None:
    card = listed(tmp_path, ["a", "b", "a"])
    make_plain(tmp_path, {"a": np.ones((3, 4), np.uint16), "b": np.ones((3, 4), np.uint16)})
    assert load_dataset(card, tmp_path).image_ids == ("a", "b")


def test_a_file_of_predictions_that_differs_in_case_is_not_taken_for_the_image(tmp_path: Path) -> None:
    write_gray_png(tmp_path / "IMAGE.png", np.ones((3, 4), np.uint8))
    with pytest.raises(DataError, match=r"image\.png is missing"):
        pair_files(tmp_path, ["image", "other"])
