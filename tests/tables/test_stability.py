"""`cosegbench table --stability`: orders counted by hand."""

from __future__ import annotations

import contextlib
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from cosegbench.errors import ProtocolError, RequestError
from cosegbench.evidence import Evidence
from cosegbench.kernels import KERNELS, score
from cosegbench.records import Record
from cosegbench.tables.figures import Figure, figures_of
from cosegbench.tables.grid import Grid
from cosegbench.tables.stability import order_of, stability_grids

from .samples import random_evidence, record, write, write_measured

SUITES = {"small": ("voc20", "context59")}


def figures(*records: Record) -> tuple[Figure, ...]:
    return figures_of((each.predictor.id, each) for each in records)


def grid_of(*records: Record) -> Grid:
    (grid,) = stability_grids(figures(*records), SUITES)
    return grid


def facts(grid: Grid, row: str, column: str) -> dict[str, Any]:
    found = next(each for each in grid.rows if each.name == row)
    return dict(found.cells[grid.columns.index(column)].facts)


A = record("a", "voc20", {"standard": 40.0, "mess": 39.0, "mmseg": 38.0, "fine-grained": 20.0, "coseg-oracle": 7.0})
B = record("b", "voc20", {"standard": 30.0, "mess": 29.0, "mmseg": 38.0, "fine-grained": 25.0})


def test_orders_are_counted_and_named() -> None:
    order = order_of(figures(A), figures(B))
    assert order.above == ("standard", "mess")
    assert order.below == ("fine-grained",)
    assert order.equal == ("mmseg",)
    assert (order.rules, order.stable, order.majority) == (4, False, ("standard", "mess"))


def test_the_cell_shows_the_three_numbers_and_names_the_rules_against_the_majority() -> None:
    grid = grid_of(A, B)
    cell = grid.rows[0].cells[0]
    assert grid.rows[0].name == "a : b"
    assert cell.text() == "2 / 1 / 1"
    assert grid.notes == (("a", "against the majority: second above under fine-grained; equal under mmseg"),)
    assert facts(grid, "a : b", "voc20")["rules_second_above"] == "fine-grained"


def test_where_no_order_has_the_majority_both_sides_are_named() -> None:
    one = record("a", "voc20", {"standard": 2.0, "mess": 1.0})
    other = record("b", "voc20", {"standard": 1.0, "mess": 2.0})
    assert grid_of(one, other).notes == (
        ("a", "no majority: first above under standard; second above under mess"),
    )  # fmt: skip


def test_a_rule_that_only_one_answers_or_that_averages_nothing_is_not_counted() -> None:
    one = record("a", "voc20", {"standard": 2.0, "mess": None, "mmseg": 3.0})
    other = record("b", "voc20", {"standard": 1.0, "mess": 2.0})
    assert order_of(figures(one), figures(other)).rules == 1


@pytest.mark.parametrize("change", [{"content": "corrected"}, {"kernel": "mess"}, {"images": 4}])
def test_figures_over_other_labels_or_by_another_digest_are_never_ordered(change: dict[str, Any]) -> None:
    other = record("b", "voc20", {"standard": 1.0}, **change)
    assert order_of(figures(record("a", "voc20", {"standard": 2.0})), figures(other)).rules == 0


def test_one_rule_under_two_names_counts_once() -> None:
    from dataclasses import replace

    def twice(name: str, miou: float) -> Record:
        plain = record(name, "voc20", {"standard": miou})
        score = plain.scores["standard"]
        return replace(plain, scores={"standard": score, "gt-void-fn": replace(score, protocol="gt-void-fn")})

    assert order_of(figures(twice("a", 2.0)), figures(twice("b", 1.0))).above == ("standard",)


def test_references_are_left_out() -> None:
    chance = record("chance", "voc20", {"standard": 1.0}, facts={"reference": "chance"})
    assert [row.name for row in grid_of(A, B, chance).rows] == ["a : b"]
    assert stability_grids(figures(A, chance), SUITES) == ()


def test_a_column_that_both_were_not_measured_on_is_a_dash() -> None:
    cell = grid_of(A, B).rows[0].cells[1]
    assert (cell.text(), cell.facts["stable"]) == ("", None)


def test_the_summary_says_how_many_orders_every_rule_gives_alike() -> None:
    same = [record(name, "context59", {"standard": miou}) for name, miou in (("a", 1.0), ("b", 2.0))]
    remark = grid_of(A, B, *same).remarks[-1]
    assert remark.startswith("small: 1 of 2 orders (a pair on a column) (50%) are the same under every rule")
    assert remark.endswith("1 change with the rule.")


def every_rule(evidence: Evidence) -> dict[str, float]:
    """Rule -> mIoU, by the kernels; the default's kernel goes by the name of the default."""
    found = {}
    for name in KERNELS:
        with contextlib.suppress(ProtocolError, RequestError):
            found["standard" if name == "gt-void-fn" else name] = score(evidence, name).miou
    return found


def test_the_command_counts_what_a_loop_over_the_records_counts(tmp_path: Path) -> None:
    mioux: dict[str, dict[str, float]] = {}
    for seed, name in enumerate(("x", "y", "z")):
        evidence = random_evidence(seed=seed, hit=0.4)
        write_measured(tmp_path, name, evidence, {"standard": "gt-void-fn"}, dataset="miniature-voc20")
        mioux[name] = every_rule(evidence)
    asked = ["table", "--no-printed", "--results", str(tmp_path), "--stability", "--suite", "miniature", "--json", "-"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    (grid,) = (each for each in json.loads(done.stdout)["tables"] if each["key"] == "stability/miniature")
    for row, (one, other) in zip(grid["rows"], combinations("xyz", 2), strict=True):
        cell = row["cells"]["miniature-voc20"]
        assert row["row"] == f"{one} : {other}"
        above = {rule for rule, miou in mioux[one].items() if miou - mioux[other][rule] > 1e-9}
        below = {rule for rule, miou in mioux[one].items() if mioux[other][rule] - miou > 1e-9}
        assert set(cell["rules_first_above"].split()) == above
        assert set(cell["rules_second_above"].split()) == below
        assert cell["text"] == f"{len(above)} / {len(below)} / {len(mioux[one]) - len(above) - len(below)}"


@pytest.mark.parametrize("name", ["github", "latex", "csv", "json", "html"])
def test_every_format_holds_the_counts(tmp_path: Path, name: str) -> None:
    from dataclasses import replace

    pair = [replace(each, dataset=replace(each.dataset, id="miniature-voc20")) for each in (A, B)]
    asked = ["table", "--no-printed", "--results", str(write(tmp_path, *pair)), "--stability", "--format", name]
    done = CliRunner().invoke(main, asked)
    assert "2 / 1 / 1" in done.stdout
    assert done.stdout == CliRunner().invoke(main, asked).stdout
