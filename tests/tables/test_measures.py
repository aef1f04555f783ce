"""``table --measures``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.evidence import Evidence
from cosegbench.kernels import score
from cosegbench.measures import MEASURES
from cosegbench.suites import SUITES
from cosegbench.tables.figures import read_records
from cosegbench.tables.measures import Draws, measure_grids

from .samples import random_evidence, record, write, write_measured

KERNELS = {"standard": "gt-void-fn"}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    write_measured(folder, "good", random_evidence(hit=0.8), KERNELS, facts={"trained_on": "miniature-coco-stuff"})
    write_measured(folder, "bad", random_evidence(seed=1, hit=0.2), KERNELS)
    return folder


def table(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["table", "--no-printed", "--measures", *map(str, arguments)])


def documents(*arguments: str | Path) -> dict[str, dict]:
    done = table(*arguments, "--json", "-")
    assert done.exit_code == 0, done.stderr
    return {each["key"]: each for each in json.loads(done.stdout)["tables"]}


def rows_of(document: dict) -> dict[str, dict]:
    return {row["measure"]: row for row in document["rows"]}


def test_a_row_is_a_measure_and_a_column_a_predictor(results: Path) -> None:
    found = documents("--results", results)["measures/voc20"]
    assert found["columns"] == ["bad", "good"]
    assert list(rows_of(found)) == list(MEASURES)
    good = score(random_evidence(hit=0.8), "gt-void-fn").miou
    assert rows_of(found)["miou-void-missed"]["cells"]["good"]["value"] == pytest.approx(good)


def test_every_row_carries_its_definition_and_every_figure_its_digests(results: Path) -> None:
    for key, row in rows_of(documents("--results", results)["measures/voc20"]).items():
        assert row["formula"] == MEASURES[key].formula
        assert row["source"] == MEASURES[key].source
        assert len(row["cells"]["good"]["column_digest"]) == 64


def test_the_number_of_classes_stands_beside_the_name(results: Path) -> None:
    names = [row["row"] for row in documents("--results", results)["measures/voc20"]["rows"]]
    assert names[0] == "mIoU, void is a miss (3 classes)"
    assert "pixel accuracy" in names


def test_seen_classes_are_those_that_the_predictors_state_or_the_user_names(results: Path) -> None:
    stated = documents("--results", results)["measures/voc20"]
    assert any("Seen are classes of miniature-coco-stuff, as predictors" in each for each in stated["remarks"])
    named = documents("--results", results, "--trained-on", "voc20")["measures/voc20"]
    assert any("Seen are classes of voc20, as --trained-on says" in each for each in named["remarks"])
    # of bicycle, cat and tree VOC has two
    assert rows_of(named)["seen-exact"]["row"].endswith("(2 classes)")
    assert rows_of(stated)["unseen-exact"]["cells"]["good"]["value"] is None


def test_where_nobody_states_a_training_set_nothing_is_called_seen(tmp_path: Path) -> None:
    write_measured(tmp_path, "alone", random_evidence(), KERNELS)
    found = documents("--results", tmp_path)["measures/voc20"]
    row = rows_of(found)["seen-strict"]
    assert row["cells"]["alone"]["value"] is None
    assert row["cells"]["alone"]["marks"]
    assert any("name one with --trained-on" in each for each in found["remarks"])


def test_predictors_that_state_several_training_sets_need_the_user_to_name_one(results: Path) -> None:
    write_measured(results, "other", random_evidence(seed=2), KERNELS, facts={"trained_on": "coco-stuff"})
    found = documents("--results", results)["measures/voc20"]
    assert any("several training sets (coco-stuff, miniature-coco-stuff)" in each for each in found["remarks"])


def test_records_over_other_labels_get_a_table_of_their_own(results: Path) -> None:
    write_measured(results, "elsewhere", random_evidence(images=5), KERNELS)
    found = documents("--results", results)
    assert found["measures/voc20"]["columns"] == ["bad", "good"]
    assert found["measures/voc20 #2"]["columns"] == ["elsewhere"]


def test_classes_of_a_vocabulary_that_is_gone_are_neither_things_nor_stuff(results: Path) -> None:
    found = documents("--results", results)["measures/voc20"]
    rows = rows_of(found)
    assert rows["miou-things"]["cells"]["good"]["value"] is None
    assert rows["miou-kind-unknown"]["row"].endswith("(3 classes)")
    assert "Of 3 of 3 classes nobody has said whether they are things or stuff." in found["remarks"]


def test_a_record_without_label_maps_is_left_out_and_one_without_evidence_named(tmp_path: Path) -> None:
    binary = Evidence(3)
    binary.add_binary("a", [0], [1], [1], [1])
    write_measured(tmp_path, "oracle", binary, {})
    write(tmp_path, record("bare", "voc20", {"standard": 3.0}))
    done = table("--results", tmp_path, "--no-check")
    assert done.exit_code == 0
    assert "What mIoU hides" not in done.stdout
    assert "keeps label maps' counts" in done.stderr


def test_damaged_evidence_is_named_and_the_others_are_measured(results: Path) -> None:
    next((results / "bad").glob("*.npz")).write_bytes(b"no archive")
    done = table("--results", results, "--no-check")
    assert done.exit_code == 0
    assert "| good |" in " ".join(done.stdout.split())
    assert "bad" in done.stderr


def test_with_intervals_every_mean_of_quotients_has_one_that_holds_its_figure(results: Path) -> None:
    rows = rows_of(documents("--results", results, "--ci", "--resamples", "50")["measures/voc20"])
    with_interval = {key for key, row in rows.items() if row["cells"]["good"]["ci_low"] is not None}
    assert {"miou-void-missed", "pixel-accuracy", "miou-i", "miou-c", "labels-f1", "void-share"} <= with_interval
    assert "frequency-weighted-iou" not in with_interval
    for key in with_interval:
        cell = rows[key]["cells"]["good"]
        assert cell["ci_low"] - 1e-9 <= cell["value"] <= cell["ci_high"] + 1e-9, key


def test_equal_seeds_give_equal_intervals_and_others_do_not(results: Path) -> None:
    records = read_records(results)
    one, same, other = (
        measure_grids(records, SUITES, draws=Draws(20, seed))[0] for seed in (0, 0, 1)
    )  # fmt: skip
    assert one == same
    assert one != other


def test_a_similarity_in_a_file_is_named_with_its_digest(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.csv"
    path.write_text(",bicycle,cat,tree\nbicycle,1,0.5,0\ncat,0.5,1,0\ntree,0,0,1\n", encoding="utf-8")
    found = documents("--results", results, "--similarity", path)["measures/voc20"]
    assert any("similarity clip.csv (digest" in each and "2 ordered pairs" in each for each in found["remarks"])
    assert rows_of(found)["open-miou-gain"]["cells"]["bad"]["value"] > 0


def test_a_similarity_about_other_classes_gives_no_figure_and_is_said(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.csv"
    path.write_text(",a\na,1\n", encoding="utf-8")
    found = documents("--results", results, "--similarity", path)["measures/voc20"]
    assert rows_of(found)["open-miou"]["cells"]["good"]["value"] is None
    assert "No open mIoU: the similarity that was given is about other classes." in found["remarks"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--trained-on", "coco-stuf"), "Did you mean 'coco-stuff'"),
        (("--similarity", "none.csv"), "does not exist"),
    ],
)
def test_a_declaration_that_cannot_be_met_is_exit_code_2(results: Path, arguments: tuple[str, str], words: str) -> None:
    done = table("--results", results, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_settings_of_measures_without_measures_are_refused(results: Path) -> None:
    done = CliRunner().invoke(main, ["table", "--results", str(results), "--trained-on", "voc20"])
    assert done.exit_code == 2
    assert "give --measures as well" in done.stderr


@pytest.mark.parametrize("format_", ["github", "latex", "csv", "html"])
def test_every_format_shows_the_measures(results: Path, format_: str) -> None:
    done = table("--results", results, "--format", format_)
    assert done.exit_code == 0
    assert "pixel accuracy" in done.stdout
