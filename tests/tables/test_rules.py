"""`cosegbench table --rules`: every figure against the kernel on the evidence, every dash with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.evidence import Evidence
from cosegbench.kernels import score
from cosegbench.miniature import draw_miniature
from cosegbench.miniature.draw import SMALL_SIZES
from cosegbench.protocols import get_protocol
from cosegbench.records import evidence_path, read_record, write_record

from .samples import record, write

PASSES = {"open-vocabulary": "standard", "coseg-authors": "coseg-authors"}


def invoke(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done


def table(results: Path, *arguments: str) -> Result:
    return invoke("table", "--no-printed", "--results", results, "--rules", "--suite", "miniature", *arguments)


def rules_of(results: Path) -> dict[str, Any]:
    document = json.loads(table(results, "--format", "json").stdout)
    (grid,) = (each for each in document["tables"] if each["key"].startswith("rules/"))
    found: dict[str, Any] = grid
    return found


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with both passes of chance on two images."""
    folder = tmp_path_factory.mktemp("rules")
    draw_miniature(folder / "root", sizes=SMALL_SIZES)
    given = ["--predictor", "random-labels", "--dataset", "miniature-voc20", "--limit", "2"]
    asked = [word for name in PASSES.values() for word in ("--protocol", name)]
    invoke("run", *given, *asked, "--data-root", folder / "root", "--results", folder / "results")
    return folder / "results"


def path_of(results: Path, family: str = "open-vocabulary") -> Path:
    return results / "random-labels" / f"miniature-voc20.{family}.json"


def test_every_figure_is_that_of_its_kernel_on_the_evidence_of_its_pass(measured: Path) -> None:
    evidence = {family: Evidence.load(evidence_path(path_of(measured, family))) for family in PASSES}
    shown = {row["row"]: row["cells"]["miniature-voc20"]["value"] for row in rules_of(measured)["rows"]}
    assert {"standard", "mess", "mmseg", "detectron2-gt", "coseg-oracle", "coseg-authors"} <= shown.keys()
    for name, value in shown.items():
        family = name if name in evidence else "open-vocabulary"
        assert value == score(evidence[family], get_protocol(name).kernel).miou, name


def test_rules_come_from_the_evidence_and_no_record_is_written(measured: Path, tmp_path: Path) -> None:
    import shutil

    results = tmp_path / "results"
    shutil.copytree(measured, results)
    whole = rules_of(results)
    path = path_of(results)
    kept = read_record(path)
    write_record(path, replace(kept, scores={"standard": kept.scores["standard"]}))
    before = path.read_bytes()
    assert rules_of(results) == whole
    assert path.read_bytes() == before


def test_a_row_states_its_evaluation_digest_and_no_row_holds_two(measured: Path) -> None:
    for row in rules_of(measured)["rows"]:
        digests = {cell["evaluation_digest"] for cell in row["cells"].values() if cell["value"] is not None}
        assert digests == {get_protocol(row["row"]).for_cell("random-labels", "miniature-voc20").evaluation.digest}


def test_every_protocol_has_a_row_or_a_reason(measured: Path) -> None:
    from cosegbench.protocols import list_protocols

    grid = rules_of(measured)
    rows = {row["row"] for row in grid["rows"]}
    said = " ".join(remark for remark in grid["remarks"] if remark.startswith("No row for"))
    assert "No row for open-miou: it needs similarity beside the evidence" in said
    assert all(protocol.name in rows or protocol.name in said for protocol in list_protocols())


def test_a_dash_says_why(measured: Path) -> None:
    remarks = rules_of(measured)["remarks"]
    assert any(line.startswith("No figure of standard on miniature-coco-things") for line in remarks)
    assert any(line.endswith(": not measured there.") for line in remarks)


def test_a_protocol_that_scored_in_two_ways_has_two_rows(tmp_path: Path) -> None:
    one = record("mine", "miniature-voc20", {"standard": 40.0})
    other = record("mine", "miniature-context59", {"standard": 30.0}, kernel="mess")
    rows = rules_of(write(tmp_path, one, other))["rows"]
    values = [[row["cells"][name]["value"] for name in ("miniature-voc20", "miniature-context59")] for row in rows]
    assert sorted(values, key=str) == [[40.0, None], [None, 30.0]]
    assert all(row["row"].startswith("standard (") for row in rows)


def test_a_figure_without_evidence_is_marked_as_the_records_own(tmp_path: Path) -> None:
    write(tmp_path, record("mine", "miniature-voc20", {"standard": 40.0}))
    grid = rules_of(tmp_path)
    assert grid["rows"][0]["cells"]["miniature-voc20"]["marks"] == ["a"]
    assert grid["notes"]["a"].endswith("no evidence lies beside the record")


def test_evidence_of_another_definition_leaves_the_figures_of_the_record(measured: Path, tmp_path: Path) -> None:
    import shutil

    results = tmp_path / "results"
    shutil.copytree(measured, results)
    path = path_of(results)
    write_record(path, replace(read_record(path), family="gone"))
    done = table(results, "--format", "json")
    assert "made by another definition of its family" in done.stderr
    assert "damaged, or was made by another definition" in done.stdout


@pytest.mark.parametrize("name", ["github", "latex", "csv", "json", "html"])
def test_every_format_holds_the_rules_and_is_the_same_each_time(measured: Path, name: str) -> None:
    first, second = (table(measured, "--format", name).stdout for _ in range(2))
    assert first == second
    assert "torchmetrics-jaccard-macro" in first.replace("-{}", "-")
