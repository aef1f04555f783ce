"""`cosegbench report` as a command: what it writes, what it refuses, and that equal records give an equal page."""

from __future__ import annotations

import base64
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from running.support import World
from uncertainty.samples import make_evidence

from cosegbench import load_dataset
from cosegbench.cards import load_card
from cosegbench.cli import main
from cosegbench.concepts import seen
from cosegbench.records import read_record, write_record
from cosegbench.report import thumbnails
from cosegbench.report.machines import tidy_command
from cosegbench.running.runner import run

from .samples import CLASSES, Page, page_of, report, write, write_three


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_three(tmp_path_factory.mktemp("command") / "results")


@pytest.fixture
def results(tmp_path: Path, three: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(three, tmp_path / "results"))


def test_the_page_is_written_whole_and_its_size_is_said(three: Path, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "page.html"
    done = report(three, "--output", str(file))
    assert done.exit_code == 0
    assert file.read_text().startswith("<!DOCTYPE html>\n")
    assert file.read_text().endswith("</html>\n")
    assert done.stdout == f"{file}: {file.stat().st_size / 1000:.0f} kB\n"
    assert [path.name for path in file.parent.iterdir()] == ["page.html"]


def test_equal_records_give_an_equal_page_wherever_they_lie_and_it_names_no_place(three: Path, results: Path) -> None:
    page = page_of(results)
    assert page == page_of(three)
    assert str(three) not in page
    assert str(results) not in page
    assert str(Path.home()) not in page


def test_another_seed_gives_other_draws(three: Path) -> None:
    assert page_of(three, "--seed", "1") != page_of(three)


def test_the_page_of_one_suite_and_rule_shows_no_other(three: Path) -> None:
    page = Page(page_of(three, "--suite", "cross-dataset", "--protocol", "mess"))
    captions = page.sections["measured"]
    assert "cross-dataset, protocol mess" in captions
    assert "protocol standard" not in captions
    assert "8 records: 3 systems and 1 reference on 2 data sets." in page.sections[""]


def test_absolute_paths_of_a_command_line_are_left_out() -> None:
    words = ("cosegbench", "run", "--predictor", "/home/me/mine.py:Mine", "--data-root=/data", "~/x", "C:\\w", "a/b")
    expected = "cosegbench run --predictor (a path) --data-root=(a path) (a path) (a path) a/b"
    assert tidy_command(words) == expected


def test_without_evidence_figures_stand_without_interval_and_test_and_the_reason_is_said(results: Path) -> None:
    for file in results.glob("*/*.npz"):
        file.unlink()
    done = report(results, "--output", "-")
    assert done.exit_code == 0
    assert "8 of 8 records have no evidence beside them" in done.stderr
    page = Page(done.stdout)
    assert {row["verdict"] for row in page.table("pairs-1")} == {"no test"}
    assert "no test: good: no evidence lies beside the record; near: no evidence" in page.sections["pairs"]
    assert "images" not in page.sections
    assert all(row["voc20"] != "–" for row in page.table("measured-table-1"))


def test_damaged_evidence_is_told_on_the_page_without_naming_a_place(results: Path) -> None:
    (results / "good" / "voc20.open-vocabulary.evidence.npz").write_bytes(b"damaged")
    assert report(results, "--output", "-").exit_code == 1

    done = report(results, "--output", "-", "--no-check")
    assert done.exit_code == 0
    assert "evidence good/voc20.open-vocabulary.evidence.npz is not the file" in done.stdout
    assert str(results) not in done.stdout
    assert "the evidence beside the record is damaged" in Page(done.stdout).sections["pairs"]


def test_one_system_alone_is_compared_with_nothing(tmp_path: Path) -> None:
    write(tmp_path, "alone", make_evidence(8, CLASSES))
    page = Page(page_of(tmp_path))
    assert "nothing to compare" in page.sections["answers"]
    assert "pairs" not in page.sections
    assert page.table("answer-1")[0]["verdict"] == "nothing to compare with"


def test_seen_and_unseen_are_told_where_the_record_names_its_training_set(tmp_path: Path) -> None:
    vocabulary = load_card("miniature-context459").vocabulary()
    evidence = make_evidence(8, len(vocabulary))
    facts = {"trained_on": "miniature-coco-stuff"}
    path = write(tmp_path, "mine", evidence, "miniature-context459", classes=vocabulary.names, facts=facts)
    assert "seen" not in Page(page_of(tmp_path)).sections["classes"].replace("Seen", "")

    made = read_record(path)
    write_record(path, replace(made, dataset=replace(made.dataset, vocabulary_digest=vocabulary.digest)))
    rows = Page(page_of(tmp_path)).table("classes-1-1")
    expected = seen(vocabulary, load_card("miniature-coco-stuff").vocabulary())
    heading = "in training set miniature-coco-stuff"
    assert [row[heading] for row in rows] == ["seen" if each else "unseen" for each in expected]
    assert {row[heading] for row in rows} == {"seen", "unseen"}
    assert [row["kind"] for row in rows] == [entry.kind for entry in vocabulary.classes]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--results", "{tmp}/nowhere"), "'{tmp}/nowhere' does not exist"),
        (("--results", "{tmp}/empty"), "no record lies in {tmp}/empty"),
        (("--suite", "minature"), "Did you mean 'miniature'"),
        (("--suite", "miniature"), "holds a figure under standard, coseg-authors. Records hold: coseg-oracle"),
        (("--protocol", "standart"), "Did you mean 'standard'"),
        (("--protocol", "mmseg"), "no record holds a figure under mmseg"),
        (("--resamples", "0"), "--resamples"),
        (("--worst", "-1"), "--worst"),
        (("--data-root", "{tmp}"), "give --pictures as well"),
        (("--output", "{tmp}/empty"), "{tmp}/empty is a folder"),
        (("--output", "{tmp}/file/page.html"), "{tmp}/file is a file"),
        (("--output", "{tmp}/both", "--json", "{tmp}/both"), "give each a file of its own"),
    ],
)
def test_a_bad_request_is_answered_with_exit_code_2(
    three: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    given = [word.format(tmp=tmp_path) for word in words]
    done = CliRunner().invoke(main, ["report", "--results", str(three), "--output", str(tmp_path / "page"), *given])
    assert done.exit_code == 2, done.output
    assert says.format(tmp=tmp_path) in done.stderr
    assert not (tmp_path / "page").exists()


def test_where_no_folder_is_named_and_none_is_there_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["report"])
    assert done.exit_code == 2
    assert "no record lies in results" in done.stderr
    assert "cosegbench run --predictor coseg-prefix" in done.stderr


def test_a_damaged_record_is_named_with_exit_code_1(results: Path, tmp_path: Path) -> None:
    (results / "good" / "voc20.open-vocabulary.json").write_text("{")
    done = report(results, "--output", str(tmp_path / "page.html"))
    assert done.exit_code == 1
    assert "voc20.open-vocabulary.json cannot be read" in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_figure_that_its_evidence_does_not_give_is_refused_unless_it_is_not_checked(
    results: Path, tmp_path: Path
) -> None:
    path = results / "good" / "voc20.open-vocabulary.json"
    content = json.loads(path.read_text())
    content["scores"]["standard"]["miou"] = 99.0
    path.write_text(json.dumps(content))
    done = report(results, "--output", str(tmp_path / "page.html"))
    assert done.exit_code == 1
    assert "the record says 99" in done.stderr
    assert report(results, "--no-check", "--output", str(tmp_path / "page.html")).exit_code == 0


def test_json_on_standard_output_is_one_document_and_writes_no_page(three: Path, tmp_path: Path) -> None:
    done = report(three, "--output", str(tmp_path / "page.html"), "--json", "-")
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert [part["id"] for part in document["parts"]][:3] == ["measured", "pairs", "rules"]
    assert not (tmp_path / "page.html").exists()


def pictures(page: Page) -> list[Image.Image]:
    addresses = [str(given["src"]) for tag, given in page.tags if tag == "img"]
    return [Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) for address in addresses]


def test_pictures_of_photograph_and_ground_truth_are_within_the_page_where_they_are_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(world.request())
    assert pictures(Page(page_of(world.results, "--pictures"))) == []  # a card of the user's own: nobody says where

    found = load_dataset(world.card, world.root)
    monkeypatch.setattr(thumbnails, "list_cards", lambda: [found.id])
    monkeypatch.setattr(thumbnails, "open_views", lambda views, **_: [found])
    page = Page(page_of(world.results, "--pictures", "--worst", "2"))
    drawn = pictures(page)
    assert [image.format for image in drawn] == ["JPEG", "PNG"] * 2
    assert all(max(image.size) == thumbnails.SIDE for image in drawn)
    assert [given["alt"] for tag, given in page.tags if tag == "img"] == ["photograph", "ground truth"] * 2
    assert pictures(Page(page_of(world.results, "--worst", "2"))) == []


def test_pictures_without_the_data_are_a_bad_request(three: Path, tmp_path: Path) -> None:
    done = report(three, "--output", "-", "--pictures", "--data-root", str(tmp_path / "nowhere"))
    assert done.exit_code == 2
    assert f"{tmp_path / 'nowhere'} is missing: the data root" in done.stderr
    assert done.stdout == ""
