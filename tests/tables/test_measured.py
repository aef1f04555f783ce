"""Tables of measured figures: what may share a column, and what is marked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from cosegbench.errors import RecordError
from cosegbench.records import Record
from cosegbench.tables.figures import figures_of, read_figures
from cosegbench.tables.grid import Grid
from cosegbench.tables.measured import measured_grids
from cosegbench.tables.render import FORMATS, render

from .samples import record, write

SUITES = {"small": ("voc20", "context59"), "empty": ("ade150",)}


def grids(*records: Record, suite: str | None = None, protocols: Iterable[str] = ()) -> tuple[Grid, ...]:
    figures = figures_of((each.predictor.id, each) for each in records)
    return measured_grids(figures, SUITES, suite, tuple(protocols))


def test_a_table_of_measured_figures_is_these_bytes() -> None:
    (grid,) = grids(
        record("mine", "voc20", {"standard": 41.26}, given={"k": 3}),
        record("random-labels", "voc20", {"standard": 3.04}, weights_digest=None, facts={"reference": "chance"}),
        record("mine", "context59", {"standard": 20.0}, limit=2, images=2),
    )
    evaluation = grid.rows[0].cells[0].facts["evaluation_digest"][:12]
    text = render([grid], "github")
    assert text.startswith(
        "## As measured here: small, protocol standard (mIoU in percent)\n\n"
        "| Predictor         |   voc20 |   context59 |\n"
        "|-------------------|---------|-------------|\n"
        "| mine              |    41.3 |    20.0 [a] |\n"
        "| random-labels [b] |     3.0 |           - |\n\n"
        "- a: incomplete: only the first 2 images; comparable only with figures over the same ones\n"
        "- b: a reference that gives the scale (chance), not a system\n\n"
    )
    assert f"- voc20: mean over 2 of 3 classes, 5 images of val; evaluation {evaluation}" in text
    assert "weights abababababab; set: k=3." in text


def test_a_missing_figure_is_a_dash_and_never_zero() -> None:
    (grid,) = grids(record("mine", "voc20", {"standard": 0.0}), record("other", "context59", {"standard": 1.0}))
    assert [[cell.value for cell in row.cells] for row in grid.rows] == [[0.0, None], [None, 1.0]]
    assert [[cell.text() for cell in row.cells] for row in grid.rows] == [["0.0", ""], ["", "1.0"]]


def test_a_mean_over_no_class_is_a_dash_with_a_mark() -> None:
    (grid,) = grids(record("mine", "voc20", {"standard": None}, averaged=0))
    assert grid.rows[0].cells[0].value is None
    assert grid.notes[0][1] == "measured, but no class could be averaged"


def test_each_protocol_has_a_table_of_its_own() -> None:
    tables = grids(record("mine", "voc20", {"standard": 40.0, "coseg-authors": 60.0, "mess": 39.0}))
    assert [grid.key for grid in tables] == ["measured/small/standard", "measured/small/coseg-authors"]


def test_protocols_that_are_asked_for_come_in_the_order_asked() -> None:
    tables = grids(record("mine", "voc20", {"standard": 40.0, "mess": 39.0}), protocols=("mess", "standard", "mess"))
    assert [grid.key for grid in tables] == ["measured/small/mess", "measured/small/standard"]


def test_two_evaluation_digests_never_share_a_column() -> None:
    (grid,) = grids(
        record("first", "voc20", {"standard": 40.0}),
        record("second", "voc20", {"standard": 41.0}, kernel="detectron2-gt"),
        record("third", "voc20", {"standard": 42.0}),
    )
    assert grid.columns == ("voc20 #1", "voc20 #2", "context59")
    assert [[cell.value for cell in row.cells] for row in grid.rows] == [
        [40.0, None, None],
        [None, 41.0, None],
        [42.0, None, None],
    ]
    assert "must not be compared" in grid.remarks[0]
    assert "differ in: evaluation: kernel." in grid.remarks[0]


def test_figures_over_different_labels_never_share_a_column() -> None:
    (grid,) = grids(
        record("first", "voc20", {"standard": 40.0}), record("second", "voc20", {"standard": 41.0}, content="corrected")
    )
    assert grid.columns[:2] == ("voc20 #1", "voc20 #2")
    assert "differ in: labels." in grid.remarks[0]


def test_an_incomplete_run_joins_the_column_of_its_rule_and_is_marked() -> None:
    (grid,) = grids(
        record("complete", "voc20", {"standard": 40.0}),
        record("limited", "voc20", {"standard": 41.0}, limit=2, images=2),
    )
    assert grid.columns == ("voc20", "context59")
    assert grid.rows[0].cells[0].marks == ()
    assert grid.rows[1].cells[0].marks == ("a",)
    assert "only the first 2 images" in grid.notes[0][1]
    assert grid.rows[1].cells[0].facts["complete"] is False


def test_an_incomplete_run_under_another_rule_has_a_column_of_its_own() -> None:
    (grid,) = grids(
        record("complete", "voc20", {"standard": 40.0}),
        record("limited", "voc20", {"standard": 41.0}, limit=2, images=2, kernel="mess"),
    )
    assert grid.columns[:2] == ("voc20 #1", "voc20 #2")


def test_references_stand_below_the_systems_and_are_marked() -> None:
    (grid,) = grids(
        record("zebra", "voc20", {"standard": 40.0}),
        record("random-labels", "voc20", {"standard": 1.0}, facts={"reference": "chance"}),
        record("truth", "voc20", {"standard": 100.0}, facts={"reference": "ceiling"}),
    )
    assert [row.name for row in grid.rows] == ["zebra", "random-labels", "truth"]
    assert [text for _, text in grid.notes] == [
        "a reference that gives the scale (chance), not a system",
        "a reference that gives the scale (ceiling), not a system",
    ]


def test_a_figure_that_was_tuned_on_the_data_set_is_marked() -> None:
    (grid,) = grids(record("mine", "voc20", {"standard": 40.0}, tuned=True))
    assert grid.notes == (("a", "tuned on this data set's own labels"),)


def test_what_a_protocol_does_differently_for_one_cell_is_marked_there() -> None:
    (grid,) = grids(record("mine", "voc20", {"standard": 40.0}, remarks=("threshold 0.2",)))
    assert grid.rows[0].cells[0].marks == ("a",)
    assert grid.notes == (("a", "threshold 0.2"),)


def test_below_each_table_stands_what_its_protocol_is() -> None:
    tables = grids(record("mine", "voc20", {"standard": 40.0, "coseg-authors": 60.0, "gone": 1.0}))
    standard, authors = tables
    assert standard.remarks[0].startswith("standard: the default")
    assert any("This is an oracle" in remark for remark in authors.remarks)
    assert not any("This is an oracle" in remark for remark in standard.remarks)
    assert len(grids(record("mine", "voc20", {"gone": 1.0}), protocols=["gone"])) == 1


def test_different_numbers_of_averaged_classes_are_said_as_a_range() -> None:
    (grid,) = grids(
        record("first", "voc20", {"standard": 40.0}, averaged=2),
        record("second", "voc20", {"standard": 41.0}, averaged=3),
    )
    assert any("mean over 2 to 3 of 3 classes" in remark for remark in grid.remarks)


def test_data_sets_of_no_suite_are_shown_too() -> None:
    tables = grids(record("mine", "my-own-set", {"standard": 40.0}), record("mine", "voc20", {"standard": 1.0}))
    assert [grid.key for grid in tables] == ["measured/small/standard", "measured/other data sets/standard"]


def test_only_the_suite_that_was_asked_for_is_shown() -> None:
    one, other = record("mine", "my-own-set", {"standard": 40.0}), record("mine", "ade150", {"standard": 1.0})
    assert [grid.key for grid in grids(one, other, suite="empty")] == ["measured/empty/standard"]
    assert grids(one, suite="empty") == ()


def test_an_option_that_is_a_path_or_belongs_to_the_machine_is_not_printed() -> None:
    (grid,) = grids(
        record(
            "mine",
            "voc20",
            {"standard": 40.0},
            given={"k": 3, "config": "/home/me/x.json", "device": "cuda:1", "weights": "w"},
        )
    )
    assert "set: config=(a path), k=3." in grid.remarks[-1]


def test_a_record_in_a_folder_of_another_name_is_a_row_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, record("mine", "voc20", {"standard": 40.0}))
    write(tmp_path, record("mine", "voc20", {"standard": 41.0}), folder="second-seed")
    (grid,) = measured_grids(read_figures(tmp_path), SUITES)
    assert {row.name: row.cells[0].value for row in grid.rows} == {"mine": 40.0, "mine (in second-seed)": 41.0}


def test_a_record_that_scored_another_view_stands_in_its_column_and_apart() -> None:
    other = record("stuff", "coco-stuff", {"standard": 41.0}, column="voc20")
    (grid,) = grids(record("things", "voc20", {"standard": 40.0}), other)
    assert grid.columns[:2] == ("voc20 #1", "voc20 #2")
    assert "differ in: view." in grid.remarks[0]


@pytest.mark.parametrize("name", FORMATS)
def test_equal_records_give_equal_bytes_whenever_and_wherever_they_were_made(name: str, tmp_path: Path) -> None:
    def table(results: Path, *order: Record) -> str:
        return render(measured_grids(read_figures(write(results, *order)), SUITES), name)

    first, second = record("a", "voc20", {"standard": 1.5}), record("b", "voc20", {"standard": 2.5})
    slow = record("a", "voc20", {"standard": 1.5}, seconds=99.0)
    assert table(tmp_path / "here", first, second) == table(tmp_path / "there", second, slow)


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    write(tmp_path, record("mine", "voc20", {"standard": 40.0}))
    (tmp_path / "mine" / "notes.json").write_text("{}")
    with pytest.raises(RecordError, match=r"notes\.json is not a record"):
        read_figures(tmp_path)


def test_full_precision_reaches_json(tmp_path: Path) -> None:
    value = 41.123456789012345
    document = json.loads(render(grids(record("mine", "voc20", {"standard": value})), "json"))
    cell = document["tables"][0]["rows"][0]["cells"]["voc20"]
    assert cell["value"] == value
    assert cell["classes_averaged"] == 2
    assert len(cell["evaluation_digest"]) == 64
