"""The ledger of published figures, and Table 1 as printed."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from cosegbench.errors import DataError
from cosegbench.locate import data_file
from cosegbench.tables.ledger import PublishedFigure, parse_value, read_published
from cosegbench.tables.printed import COLUMNS, ROWS, VERDICTS, read_printed

PAPER = {
    "MaskCLIP": (12.8, 26.8, 22.8, 10.0),
    "GroupViT": (27.5, 50.8, 23.7, None),
    "OpenSeg": (38.1, 77.2, 45.9, None),
    "S-Seg": (81.8, 42.4, 27.2, 8.7),
    "SAN": (None, 94.6, 57.7, 12.6),
    "OVSeg": (None, 94.5, 55.7, 11.0),
    "CoSeg no-training": (38.9, 61.1, 31.2, 24.9),
    "CoSeg xatten": (49.3, 67.1, 54.2, 44.6),
    "CoSeg prefix": (50.0, 65.5, 52.7, 45.5),
}


def rewritten(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = data_file("results", name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_cell_of_the_printed_table_is_as_the_paper_prints_it() -> None:
    table = read_printed()
    assert {row: tuple(table.cell(row, column).printed for column in COLUMNS) for row in ROWS} == PAPER


def test_every_cell_of_the_printed_table_has_a_verdict_and_says_what_it_is() -> None:
    table = read_printed()
    assert len(table.cells) == len(ROWS) * len(COLUMNS) == 36
    for cell in table.cells:
        assert cell.verdict in VERDICTS
        assert cell.what


def test_only_two_printed_figures_are_what_their_row_and_column_say() -> None:
    confirmed = [(cell.row, cell.column) for cell in read_printed().cells if cell.verdict == "confirmed"]
    assert confirmed == [("SAN", "PC-459"), ("OVSeg", "PC-459")]


def test_every_coseg_cell_is_marked_as_an_oracle_score() -> None:
    cells = [cell for cell in read_printed().cells if cell.row.startswith("CoSeg")]
    assert len(cells) == 12
    assert all("oracle" in cell.marks and cell.averaging == "oracle-by-image" for cell in cells)


def test_a_dash_that_hides_a_published_figure_is_marked() -> None:
    table = read_printed()
    assert table.cell("OpenSeg", "PC-459").like_for_like == "6.5 / 9.0"
    assert table.cell("GroupViT", "PC-459").like_for_like == "4.9"
    assert all(table.cell(row, "PC-459").marks for row in ("OpenSeg", "GroupViT"))


def test_the_two_methods_named_maskclip_are_kept_apart() -> None:
    table = read_printed()
    assert table.cell("MaskCLIP", "PC-459").method != table.cell("MaskCLIP", "PC-59").method


def test_no_figure_is_in_the_ledger_twice() -> None:
    identities = [figure.identity for figure in read_published()]
    assert len(set(identities)) == len(identities)


def test_the_same_log_under_two_averaging_rules_is_two_figures() -> None:
    san = {
        figure.averaging: figure.value
        for figure in read_published()
        if figure.method == "SAN" and figure.view == "context459" and "san_vit_b_16" in figure.source
    }
    assert san == {"gt": 16.71, "all": 12.56}


@pytest.mark.parametrize("text", ["", "-", "0", "100.1", "-3", "nan", "inf", "12,8"])
def test_what_is_no_percentage_is_no_value(text: str) -> None:
    assert parse_value(text) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",50.0,", ",500.0,", r"line 2: value '500.0' is not a percentage"),
        (",coco-things,", ",coco-thing,", r"line 2: view 'coco-thing' is none of"),
        (",oracle-by-image,", ",,", r"line 2: averaging '' is none of"),
        (",own,,", ",quoted,,", r"line 2: reported_by must be given"),
        ("CoSeg,", ",", r"line 2: method is empty"),
        ("method,", "methods,", r"expected the columns method, variant"),
    ],
)
def test_a_broken_ledger_is_refused_with_the_line_and_the_reason(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read_published(rewritten(tmp_path, "published.csv", old, new))


def test_a_figure_that_is_in_the_ledger_twice_is_refused(tmp_path: Path) -> None:
    lines = data_file("results", "published.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "published.csv"
    path.write_text("".join([*lines, lines[-1]]), encoding="utf-8")
    with pytest.raises(DataError, match="twice in the ledger: Talk2DINO"):
        read_published(path)


def test_a_row_with_a_cell_too_many_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text(data_file("results", "published.csv").read_text(encoding="utf-8") + "a,b\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line \d+: 2 cells"):
        read_published(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("MaskCLIP,COCO,12.8,different-protocol", "MaskCLIP,COCO,12.8,fine", "verdict 'fine' is none of"),
        ("MaskCLIP,COCO,12.8", "MaskCLIP,COCO,12.9", "12.9 of MaskCLIP .* is not in the ledger"),
        ("MaskCLIP,COCO,12.8", "MaskCLIP,COCO,", "MaskCLIP, COCO: a dash needs the verdict"),
        ("MaskCLIP,VOC,", "MaskCLIP,COCO,", "MaskCLIP, VOC: missing"),
        (",zhou-with-background,", ",,", "MaskCLIP, COCO: verdict 'different-protocol' without a mark"),
        (",ding-maskclip,", ",dung,", "mark 'dung' has no note"),
        (",4.9,groupvit-459,", ",4.9,,", "GroupViT, PC-459: verdict 'not-printed' without a mark"),
    ],
)  # fmt: skip
def test_a_printed_table_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_printed(rewritten(tmp_path, "table1.csv", old, new))


def test_a_note_that_is_marked_nowhere_is_refused(tmp_path: Path) -> None:
    notes = rewritten(tmp_path, "table1-notes.csv", "mark,text\n", "mark,text\nlost,Nobody reads this.\n")
    with pytest.raises(DataError, match="note 'lost' is marked nowhere"):
        read_printed(notes_path=notes)


VIEW_OF = {
    "VOC-20": "voc20", "VOC-21": "voc21", "VOC-20b": "voc20b", "VOC-unspecified": "voc-unstated", "PC-59": "context59",
    "PC-60": "context60", "PC-459": "context459", "PC-unspecified": "context-unstated", "COCO-80": "coco-things",
    "COCO-Object": "coco-object", "COCO-Stuff-171": "coco-stuff", "COCO-Panoptic-133": "coco-panoptic",
    "COCO-unspecified": "coco-unstated",
}  # fmt: skip


def test_the_ledger_holds_the_collected_facts_row_by_row(shared: Path) -> None:
    with (shared / "facts" / "published.csv").open(newline="", encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    assert [_fact(row) for row in facts] == [_own(figure) for figure in read_published()]


def _fact(row: dict[str, str]) -> tuple[object, ...]:
    return (
        row["method"],
        VIEW_OF[row["dataset"]],
        float(row["miou"]),
        row["verified"] == "yes",
        "SECONDARY" in row["source"],
    )


def _own(figure: PublishedFigure) -> tuple[object, ...]:
    assert math.isfinite(figure.value)
    second_hand = figure.seen_in_source == "second-hand"
    return figure.method, figure.view, figure.value, figure.seen_in_source != "no", second_hand
