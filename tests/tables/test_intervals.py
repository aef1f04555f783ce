"""`cosegbench table --ci`: each interval and each tie against a plain loop over resampled images."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.cli.table_options import DEFAULT_RESAMPLES
from cosegbench.evidence import Evidence
from cosegbench.statistics import bootstrap, paired_bootstrap, summands
from cosegbench.statistics.bootstrap import RESAMPLES

from .samples import random_evidence, random_maps, write, write_measured
from .samples import record as plain_record

RULES = {"standard": "gt-void-fn"}
CHANCE = {"reference": "chance"}


def table(results: Path, *arguments: str) -> Result:
    done = CliRunner().invoke(main, ["table", "--no-printed", "--results", str(results), *arguments])
    assert done.exit_code == 0, done.output
    return done


def cells(results: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Row -> its cell of the one column."""
    document = json.loads(table(results, "--format", "json", *arguments).stdout)
    (grid,) = document["tables"]
    return {
        row["row"]: next(cell for cell in row["cells"].values() if cell["value"] is not None) for row in grid["rows"]
    }


MADE = {"good": (1, 0.9), "near": (2, 0.88), "bad": (3, 0.3), "chance": (4, 0.0)}


def evidence(name: str) -> Evidence:
    seed, hit = MADE[name]
    return random_evidence(seed=seed, hit=hit)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in MADE:
        facts = CHANCE if name == "chance" else None
        write_measured(tmp_path / "results", name, evidence(name), RULES, facts=facts)
    return tmp_path / "results"


def label_maps(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Truth and prediction of each image that :func:`evidence` counts."""
    seed, hit = MADE[name]
    return [(target, drawn) for _, drawn, target in random_maps(seed=seed, hit=hit)]


def loop_miou(maps: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean IoU by a loop over classes, of all pixels laid side by side."""
    truth, drawn = (np.concatenate([each[side].ravel() for each in maps]) for side in (0, 1))
    present = [k for k in range(3) if (truth == k).any()]
    ious = [((truth == k) & (drawn == k)).sum() / ((truth == k) | (drawn == k)).sum() for k in present]
    return 100 * float(sum(ious)) / len(ious)


def test_the_default_number_of_resamples_is_that_of_the_statistics() -> None:
    assert DEFAULT_RESAMPLES == RESAMPLES


def test_every_interval_is_that_of_the_bootstrap_of_its_own_evidence(results: Path) -> None:
    found = cells(results, "--ci", "--resamples", "200", "--seed", "5")
    for name in MADE:
        interval = bootstrap(summands(evidence(name), "gt-void-fn").figure, resamples=200, seed=5).percentile
        assert interval is not None
        assert (found[name]["ci_low"], found[name]["ci_high"]) == (interval.low, interval.high)
        assert found[name]["ci_low"] < found[name]["value"] < found[name]["ci_high"]


def test_a_system_is_tied_exactly_where_the_paired_difference_to_the_best_holds_0(results: Path) -> None:
    found = cells(results, "--ci")
    best = summands(evidence("good"), "gt-void-fn").figure
    for name in ("near", "bad"):
        gap = paired_bootstrap(summands(evidence(name), "gt-void-fn").figure, best).difference.percentile
        assert gap is not None
        assert found[name]["tied_with_best"] is (gap.low <= 0 <= gap.high)
        assert found[name]["difference_to_best_low"] == pytest.approx(gap.low, abs=1e-12)
        assert found[name]["difference_to_best_high"] == pytest.approx(gap.high, abs=1e-12)
    assert (found["near"]["tied_with_best"], found["bad"]["tied_with_best"]) == (True, False)
    assert (found["good"]["best_of_column"], found["near"]["best_of_column"]) == (True, False)


def test_a_tie_is_marked_and_the_mark_is_explained(results: Path) -> None:
    lines = table(results, "--ci").stdout.splitlines()
    marked = [line.split("|")[1].strip() for line in lines if line.startswith("|") and ") [a] |" in line]
    assert marked == ["near"]
    assert any(line.startswith("- a: tied with the highest system of its column") for line in lines)
    assert any("1000 resamples, seed 0" in line for line in lines)


def test_a_reference_is_neither_best_nor_tied(tmp_path: Path) -> None:
    write_measured(tmp_path, "ceiling", evidence("good"), RULES, facts={"reference": "ceiling"})
    write_measured(tmp_path, "mine", evidence("near"), RULES)
    write_measured(tmp_path, "other", evidence("bad"), RULES)
    found = cells(tmp_path, "--ci", "--resamples", "50")
    assert [found[name]["best_of_column"] for name in ("ceiling", "mine", "other")] == [None, True, False]
    assert found["ceiling"]["tied_with_best"] is None
    assert found["ceiling"]["ci_low"] is not None


def test_figures_over_other_labels_are_not_compared(tmp_path: Path) -> None:
    write_measured(tmp_path, "mine", evidence("good"), RULES)
    write_measured(tmp_path, "other", evidence("near"), RULES, content="corrected")
    found = cells(tmp_path, "--ci", "--resamples", "50")
    assert [found[name]["tied_with_best"] for name in ("mine", "other")] == [None, None]


def test_equal_figures_are_tied(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_measured(tmp_path, name, evidence("good"), RULES)
    found = cells(tmp_path, "--ci", "--resamples", "50")
    assert found["two"]["tied_with_best"] is True
    assert found["two"]["difference_to_best_high"] == 0.0


def test_a_figure_without_evidence_has_no_interval_and_the_reason_is_said(results: Path) -> None:
    write(results, plain_record("alone", "voc20", {"standard": 12.0}, images=12))
    done = table(results, "--ci", "--resamples", "50")
    assert "no interval for alone: no evidence lies beside the record." in done.stdout
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("| alone"))
    assert "12.0 " in row
    assert "to" not in row


def test_evidence_that_gives_another_figure_gives_no_interval(results: Path) -> None:
    path = results / "near" / "voc20.open-vocabulary.json"
    record = json.loads(path.read_text())
    record["scores"]["standard"]["miou"] += 1.0
    path.write_text(json.dumps(record))
    text = table(results, "--ci", "--resamples", "50", "--no-check").stdout
    assert "no interval for near: the evidence beside the record gives another figure." in text


def test_csv_and_json_hold_both_ends_as_fields_of_their_own(results: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(table(results, "--ci", "--format", "csv").stdout)))
    found = cells(results, "--ci")
    for line in lines:
        if line["value"]:
            assert float(line["ci_low"]) == found[line["row"]]["ci_low"]
            assert float(line["ci_high"]) == found[line["row"]]["ci_high"]
            assert line["ci_resamples"] == "1000"


@pytest.mark.parametrize("name", ["github", "latex", "csv", "json", "html"])
def test_every_format_carries_intervals_and_is_the_same_each_time(results: Path, name: str) -> None:
    first, second = (table(results, "--ci", "--format", name, "--resamples", "50").stdout for _ in range(2))
    assert first == second
    low = cells(results, "--ci", "--resamples", "50")["good"]["ci_low"]
    assert (str(low) if name in ("csv", "json") else f"({low:.1f} to ") in first


def test_another_seed_draws_other_images(results: Path) -> None:
    ends = [cells(results, "--ci", "--resamples", "50", "--seed", seed)["bad"]["ci_low"] for seed in ("0", "1")]
    assert ends[0] != ends[1]


def test_without_the_flag_no_field_is_added(results: Path) -> None:
    assert not any(name.startswith(("ci_", "tied", "best")) for cell in cells(results).values() for name in cell)


def test_the_interval_agrees_with_a_loop_over_resampled_images(results: Path) -> None:
    """Other draws and plain sums: the ends agree within the error that 400 draws leave."""
    maps = label_maps("bad")
    rng = np.random.default_rng(9)
    figures = [loop_miou([maps[place] for place in rng.integers(0, 12, 12)]) for _ in range(400)]
    low, high = np.quantile(figures, [0.025, 0.975])
    found = cells(results, "--ci")["bad"]
    assert found["value"] == pytest.approx(loop_miou(maps))
    assert found["ci_low"] == pytest.approx(low, abs=0.6)
    assert found["ci_high"] == pytest.approx(high, abs=0.6)
