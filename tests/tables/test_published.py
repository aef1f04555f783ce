"""Published figures beside measured ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.errors import DataError, UnknownNameError
from cosegbench.suites import SUITES
from cosegbench.tables.figures import figures_of
from cosegbench.tables.grid import Grid, Row
from cosegbench.tables.ledger import PublishedFigure, read_published
from cosegbench.tables.measured import measured_grids
from cosegbench.tables.printed import read_printed
from cosegbench.tables.published import PREFIX, published_grid
from cosegbench.tables.selections import select, selections

from .samples import record, write

SAN = PublishedFigure(
    "SAN", "B", "ViT-B/16", "COCO-Stuff masks", "voc20", "left out", "gt", 93.9, "own", "", "", "its log", "yes", ""
)  # fmt: skip


def grid_of(*published: PublishedFigure, averaged: int = 2, protocol: str = "standard", **fields: str) -> Grid:
    """A measured table of one record on VOC and one on Context-459, with these published rows."""
    records = [("mine", record("mine", name, {protocol: 40.0}, averaged=averaged)) for name in ("voc20", "context459")]
    figures = [
        replace(each, rule={**each.rule, "evaluation": {**each.rule["evaluation"], "average_over": "gt", **fields}})
        for each in figures_of(records)
    ]
    (grid,) = measured_grids(figures, SUITES, "cross-dataset", (protocol,), None, published)
    return grid


def published_rows(grid: Grid) -> list[Row]:
    return [row for row in grid.rows if row.name.startswith(PREFIX)]


def note_of(grid: Grid, row: Row, column: str) -> str:
    (mark,) = row.cells[grid.columns.index(column)].marks
    return dict(grid.notes)[mark]


def test_a_published_row_comes_after_the_measured_ones_and_says_that_it_is_published() -> None:
    grid = grid_of(SAN)
    assert [row.name for row in grid.rows] == ["mine", "published: SAN, B, ViT-B/16; averaging gt"]
    assert any("were not measured here" in remark for remark in grid.remarks)


def test_a_published_row_states_source_rule_backbone_and_training_data() -> None:
    grid = grid_of(SAN)
    (row,) = published_rows(grid)
    text = dict(grid.notes)[row.marks[0]]
    assert text == "own; trained on COCO-Stuff masks; averaging: classes with ground truth; its log"
    assert row.facts["backbone"] == "ViT-B/16" and row.facts["averaging"] == "gt"


def test_a_published_figure_stands_in_the_column_of_its_own_view_only() -> None:
    grid = grid_of(SAN)
    (row,) = published_rows(grid)
    assert {name: cell.value for name, cell in zip(grid.columns, row.cells, strict=True)} == {
        "coco-things": None, "voc20": 93.9, "context59": None, "context459": None,
    }  # fmt: skip


def test_even_under_the_columns_averaging_rule_a_published_figure_is_marked() -> None:
    grid = grid_of(SAN)
    (row,) = published_rows(grid)
    assert "the averaging rule of the column" in note_of(grid, row, "voc20")
    assert "not known to agree" in note_of(grid, row, "voc20")
    assert row.cells[1].facts["rule_of_column"] == "same averaging"
    assert row.cells[1].facts["evaluation_digest"] is None


@pytest.mark.parametrize("averaging", ["gt-or-prediction", "all"])
def test_another_averaging_rule_is_called_another_rule_where_classes_are_absent(averaging: str) -> None:
    grid = grid_of(replace(SAN, averaging=averaging), averaged=2)
    (row,) = published_rows(grid)
    assert note_of(grid, row, "voc20").startswith("NOT the rule of this column")
    assert row.cells[1].facts["rule_of_column"] == "another rule"


def test_averaging_rules_agree_where_every_class_has_ground_truth() -> None:
    grid = grid_of(replace(SAN, averaging="all"), averaged=3)
    (row,) = published_rows(grid)
    assert "the two agree here" in note_of(grid, row, "voc20")


def test_an_oracle_figure_never_agrees_with_a_common_rule() -> None:
    grid = grid_of(replace(SAN, averaging="oracle-by-image"), averaged=3)
    (row,) = published_rows(grid)
    assert note_of(grid, row, "voc20").startswith("NOT the rule of this column")


def test_an_unstated_rule_agrees_with_nothing_even_where_every_class_has_ground_truth() -> None:
    grid = grid_of(replace(SAN, averaging="unstated"), averaged=3)
    (row,) = published_rows(grid)
    assert "does not state the averaging rule" in note_of(grid, row, "voc20")
    assert row.cells[1].facts["rule_of_column"] == "unknown"


def test_nothing_measured_in_a_column_is_said() -> None:
    grid = grid_of(replace(SAN, view="context59"))
    (row,) = published_rows(grid)
    assert note_of(grid, row, "context59") == "nothing was measured here in this column"


def test_two_rules_of_one_system_are_two_rows() -> None:
    grid = grid_of(SAN, replace(SAN, view="context459", averaging="all", value=12.56))
    assert len(published_rows(grid)) == 2


def test_no_two_published_rows_of_the_whole_ledger_have_one_name() -> None:
    names = [row.name for row in published_rows(grid_of(*read_published()))]
    assert len(names) == len(set(names)) > 100


def test_a_column_whose_record_does_not_state_its_rule_is_compared_with_nothing() -> None:
    grid = grid_of(SAN, average_over="")
    (row,) = published_rows(grid)
    assert row.cells[1].facts["rule_of_column"] == "unknown"


def test_every_published_cell_of_the_whole_ledger_is_marked() -> None:
    grid = grid_of(*read_published())
    cells = [cell for row in published_rows(grid) for cell in row.cells if cell.value is not None]
    shown = [figure for figure in read_published() if figure.view in SUITES["cross-dataset"]]
    assert len(cells) == len(shown) > 100
    assert all(cell.marks for cell in cells)


def test_without_measured_columns_published_figures_stand_by_themselves_with_their_rules() -> None:
    grid = published_grid([SAN, replace(SAN, view="voc21")])
    assert grid is not None
    assert grid.columns == ("voc20", "voc21")
    assert [cell.value for cell in grid.rows[0].cells] == [93.9, 93.9]
    assert any("must not be compared" in remark for remark in grid.remarks)
    assert published_grid([]) is None


def test_table1_selects_what_the_printed_cells_really_are() -> None:
    wanted = {(cell.method, cell.printed) for cell in read_printed().cells if cell.printed is not None}
    assert {(figure.method, figure.value) for figure in selections()["table1"]} == wanted


def test_sota_holds_the_stronger_baselines() -> None:
    chosen = {(figure.method, figure.view): figure.value for figure in selections()["sota"]}
    assert chosen["ESC-Net", "context459"] == 27.0
    assert chosen["FC-CLIP", "context459"] == 18.2
    assert len({figure.method for figure in selections()["sota"]}) == 13


def test_every_method_of_the_ledger_is_a_selection_of_its_own() -> None:
    known = selections()
    for method in {figure.method for figure in read_published()}:
        assert {figure.method for figure in known[method.lower()]} == {method}


def test_selections_add_up_without_repeating_a_figure() -> None:
    both = select(["san", "SAN", "sota"])
    assert len(both) == len(set(both)) == len({*selections()["san"], *selections()["sota"]})


def test_an_unknown_selection_lists_those_that_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"'sot'.*Did you mean 'sota'.*table1"):
        select(["sot"])


def test_a_selection_of_what_the_ledger_does_not_hold_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "selections.csv"
    path.write_text("selection,method,variant,backbone,source\nbest,Nobody,,X,nowhere\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 2: the ledger has no figure of Nobody \|  \| X"):
        selections(path)


def test_a_selection_that_is_named_as_a_method_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "selections.csv"
    path.write_text(
        "selection,method,variant,backbone,source\nsed,SED,L,CLIP ConvNeXt-L,xb534/SED README.md\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match="sed is the name of a method"):
        selections(path)


def table(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["table", "--no-printed", *map(str, arguments)])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write(tmp_path / "results", record("mine", "context459", {"standard": 40.0}))


def test_the_command_puts_published_rows_below_measured_ones_and_the_rest_apart(results: Path) -> None:
    document = json.loads(table("--results", results, "--published", "san", "--json", "-").stdout)
    measured, apart = document["tables"]
    assert measured["key"] == "measured/cross-dataset/standard"
    rows = {row["row"]: row for row in measured["rows"]}
    assert "mine" in rows
    assert all(row.startswith("published: SAN") for row in rows if row != "mine")
    assert apart["key"] == "published"
    assert apart["columns"] == ["coco-stuff"]


@pytest.mark.parametrize("format_", ["github", "latex", "csv", "json", "html"])
def test_every_format_shows_that_a_row_is_published(results: Path, format_: str) -> None:
    done = table("--results", results, "--published", "fc-clip", "--format", format_)
    assert done.exit_code == 0
    assert "published: FC-CLIP" in done.stdout
    assert "18.2" in done.stdout


def test_without_records_published_figures_are_printed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = table("--published", "sota")
    assert done.exit_code == 0
    assert "## Published figures" in done.stdout
    assert "No record" not in done.stderr


def test_of_a_suite_only_its_views_are_shown_and_the_others_are_named(results: Path) -> None:
    done = table("--results", results, "--suite", "with-background", "--published", "trident")
    assert "| voc21" in " ".join(done.stdout.split())
    assert "context59" not in done.stdout
    assert "Published figures of other views than suite with-background's: coco-stuff, context59, voc20." in done.stderr


def test_an_unknown_selection_is_exit_code_2(results: Path) -> None:
    done = table("--results", results, "--published", "sotta")
    assert done.exit_code == 2
    assert "unknown selection 'sotta' of published figures. Did you mean 'sota'" in done.stderr
