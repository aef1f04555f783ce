"""`cosegbench table`, in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.cli.table_options import FORMATS as OFFERED
from cosegbench.tables.render import FORMATS

from .samples import record, write


def table(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["table", *map(str, arguments)])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    figures = {"standard": 40.0, "coseg-authors": 60.0, "mess": 39.0}
    return write(
        tmp_path / "results",
        record("coseg-prefix", "miniature-voc20", figures),
        record("random-labels", "miniature-voc20", {"standard": 3.0}),
    )


def test_the_formats_offered_are_those_that_can_be_rendered() -> None:
    assert tuple(FORMATS) == OFFERED


def test_without_records_the_printed_table_stands_alone_and_a_remark_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = table()
    assert done.exit_code == 0
    assert "## Table 1 as printed" in done.stdout
    assert "As measured here" not in done.stdout
    assert "cosegbench run --predictor coseg-prefix --suite miniature" in done.stderr


def test_with_records_the_printed_table_comes_first_then_each_protocol(results: Path) -> None:
    done = table("--results", results)
    titles = [line for line in done.stdout.splitlines() if line.startswith("## ")]
    assert titles == [
        "## Table 1 as printed in the CoSeg paper (mIoU in percent)",
        "## As measured here: miniature, protocol standard (mIoU in percent)",
        "## As measured here: miniature, protocol coseg-authors (mIoU in percent)",
    ]
    assert "2 of 2 records have no evidence beside them" in done.stderr


def test_the_folder_results_is_read_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "results", record("coseg-prefix", "miniature-voc20", {"standard": 40.0}))
    monkeypatch.chdir(tmp_path)
    assert "| coseg-prefix |" in table("--no-printed").stdout


def test_only_the_measured_figures_of_the_protocols_asked_for_are_printed(results: Path) -> None:
    done = table("--results", results, "--no-printed", "--protocol", "mess", "--protocol", "standard")
    titles = [line for line in done.stdout.splitlines() if line.startswith("## ")]
    assert [title.split("protocol ")[1].split()[0] for title in titles] == ["mess", "standard"]


def test_a_protocol_without_a_figure_is_named_on_standard_error(results: Path) -> None:
    done = table("--results", results, "--no-printed", "--protocol", "mmseg", "--protocol", "standard")
    assert done.exit_code == 0
    assert "No record holds a figure under 'mmseg'. Records hold: coseg-authors, mess, standard." in done.stderr
    assert "| coseg-prefix" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--protocol", "standart"), "Did you mean 'standard'"),
        (("--suite", "miniatur"), "Did you mean 'miniature'"),
        (("--results", "no/such/folder"), "does not exist"),
        (("--format", "word"), "'word' is not one of"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_exit_code_2(arguments: tuple[str, str], words: str) -> None:
    done = table(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_damaged_record_is_named_with_exit_code_1(results: Path) -> None:
    (results / "coseg-prefix" / "miniature-voc20.open-vocabulary.json").write_text("{")
    done = table("--results", results)
    assert done.exit_code == 1
    assert "miniature-voc20.open-vocabulary.json cannot be read" in done.stderr


def test_json_on_standard_output_is_one_document_and_nothing_else(results: Path) -> None:
    document = json.loads(table("--results", results, "--json", "-").stdout)
    assert [each["key"] for each in document["tables"]] == [
        "table1-as-printed", "measured/miniature/standard", "measured/miniature/coseg-authors",
    ]  # fmt: skip


def test_json_in_a_file_comes_beside_the_table(results: Path, tmp_path: Path) -> None:
    done = table("--results", results, "--json", tmp_path / "table.json", "--format", "latex")
    assert r"\begin{table}" in done.stdout
    assert json.loads((tmp_path / "table.json").read_text()) == json.loads(
        table("--results", results, "--json", "-").stdout
    )


@pytest.mark.parametrize("name", OFFERED)
def test_the_table_says_nothing_of_where_or_when_it_was_made(results: Path, name: str) -> None:
    done = table("--results", results, "--format", name)
    assert done.exit_code == 0
    assert str(results) not in done.stdout
    assert "Linux" not in done.stdout
    assert done.stdout == table("--results", results, "--format", name).stdout


def test_where_nothing_lies_the_folder_that_was_looked_in_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["table", "--no-printed", "--results", str(tmp_path)])

    assert done.exit_code == 0
    assert done.stdout == ""
    assert f"No record lies in {tmp_path}" in done.stderr
