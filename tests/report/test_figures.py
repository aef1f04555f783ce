"""Every figure of the page is that of the records, the tables or `compare`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import false_discovery_control

from cosegbench import Evidence
from cosegbench.cli import main
from cosegbench.evidence import PAIRS
from cosegbench.records import Record, check_evidence, read_record, record_path
from cosegbench.report.view import MINUS, signed
from cosegbench.tables.printed import COLUMNS, ROWS, read_printed

from .samples import CLASSES, NAMES, PROTOCOLS, Page, page_of, report, write_three

SYSTEMS = ("bad", "good", "near")
DATASETS = ("voc20", "context59")
PLACES = {"standard": 1}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_three(tmp_path_factory.mktemp("figures") / "results")


@pytest.fixture(scope="module")
def page(results: Path) -> Page:
    return Page(page_of(results))


def ask(results: Path, *words: str) -> dict:
    done = CliRunner().invoke(main, [*words, "--results", str(results), "--json", "-"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def record_of(results: Path, name: str, dataset: str) -> Record:
    return read_record(record_path(results, name, dataset, "open-vocabulary"))


def evidence_of(results: Path, name: str, dataset: str) -> Evidence:
    path = record_path(results, name, dataset, "open-vocabulary")
    return Evidence.load(check_evidence(path, read_record(path)))


def test_measured_figures_and_intervals_are_those_of_table(results: Path, page: Page) -> None:
    grid = ask(results, "table", "--no-printed", "--ci", "--resamples", "200")["tables"][0]
    assert [row["row"] for row in grid["rows"]] == [row[""] for row in page.table("measured-table-1")]
    for row, shown in zip(grid["rows"], page.table("measured-table-1"), strict=True):
        for dataset in DATASETS:
            assert shown[dataset] == f"{row['cells'][dataset]['value']:.1f}"
            low, high = (row["cells"][dataset][end] for end in ("ci_low", "ci_high"))
            assert f"{low:.1f} to {high:.1f}" in page.sections["measured"]


def test_pairs_have_the_difference_interval_and_p_of_compare(results: Path, page: Page) -> None:
    shown = {(row[""], row["first"], row["second"]): row for row in page.table("pairs-1")}
    assert len(shown) == len(DATASETS) * 3
    for (dataset, first, second), row in shown.items():
        words = ("compare", first, second, "--dataset", dataset, "--resamples", "200")
        (column,) = ask(results, *words)["columns"]
        assert row["difference"] == signed(column["difference"]["miou"])
        assert float(row["p"]) == pytest.approx(column["p"], abs=5e-5)
        low, high = column["difference"]["percentile"]
        assert f"{signed(low)} to {signed(high)}" in page.sections["pairs"]
        assert row["better : worse"] == f"{column['better']} : {column['worse']}"
        assert column["difference"]["miou"] >= 0


def test_p_is_adjusted_over_the_pairs_of_a_column_and_decides_with_the_interval(results: Path) -> None:
    made = json.loads(report(results, "--json", "-").stdout)
    (part,) = [each for each in made["parts"] if each["id"] == "pairs"]
    (table,) = part["tables"]
    names = [column["heading"] for column in table["columns"]]
    verdicts = set()
    for dataset in DATASETS:
        rows = [dict(zip(names, row["cells"], strict=True)) for row in table["rows"] if row["name"] == dataset]
        expected = false_discovery_control([row["p"]["value"] for row in rows])
        for row, adjusted in zip(rows, expected, strict=True):
            assert row["p adjusted"]["value"] == pytest.approx(adjusted)
            low, high = (float(end.replace(MINUS, "-")) for end in row["difference"]["sub"].split(" to "))
            significant = adjusted <= 0.05 and not low <= 0 <= high
            assert row["verdict"]["text"] == ("significant" if significant else "not significant")
            verdicts.add(row["verdict"]["text"])
    assert verdicts == {"significant", "not significant"}


def test_the_answers_name_the_highest_system_of_the_records_and_what_it_is_not_told_apart_from(
    results: Path, page: Page
) -> None:
    text = page.sections["answers"]
    for row in page.table("answer-1"):
        figures = {name: record_of(results, name, row[""]).scores["standard"].miou or 0.0 for name in SYSTEMS}
        best, following = sorted(figures, key=lambda name: -figures[name])[:2]
        assert (row["highest system"], row["next"]) == (best, following)
        assert row["mIoU"] == f"{figures[best]:.1f}"
        assert row["lead"] == signed(figures[best] - figures[following])
        pair = next(
            each
            for each in page.table("pairs-1")
            if (each[""], each["first"], each["second"]) == (row[""], best, following)
        )
        assert row["verdict"] == pair["verdict"]
        if row["verdict"] == "not significant":
            assert f"on {row['']} over {following} ({row['lead']} points)" in text
    assert "luck" not in {row["highest system"] for row in page.table("answer-1")}


def test_every_rule_is_the_records_own_and_the_highest_is_named(results: Path, page: Page) -> None:
    rows = page.table("rules-1")
    for dataset in DATASETS:
        for protocol in PROTOCOLS:
            (row,) = [each for each in rows if (each[""], each["data set"]) == (protocol, dataset)]
            figures = {name: record_of(results, name, dataset).scores[protocol].miou for name in (*SYSTEMS, "luck")}
            assert {name: row[name] for name in figures} == {name: f"{value:.1f}" for name, value in figures.items()}
            ordered = sorted((value for name, value in figures.items() if name != "luck"), reverse=True)
            assert figures[row["highest system"]] == ordered[0]
            assert row["lead"] == signed(ordered[0] - ordered[1])


def test_class_figures_and_their_gap_are_the_records_own(results: Path, page: Page) -> None:
    tables = {"voc20": "classes-1-1", "context59": "classes-1-2"}
    for dataset, ident in tables.items():
        rows = page.table(ident)
        assert tuple(row[""] for row in rows) == NAMES
        for index, row in enumerate(rows):
            values = [record_of(results, name, dataset).scores["standard"].iou[index] for name in SYSTEMS]
            assert [row[name] for name in SYSTEMS] == ["–" if each is None else f"{each:.1f}" for each in values]
            known = [each for each in values if each is not None]
            assert row["gap"] == f"{max(known) - min(known):.1f}"


def image_miou(evidence: Evidence, image: str) -> float:
    """Mean IoU over the classes with ground truth in one image, from its counts, in a plain loop."""
    table = evidence.table(PAIRS)
    rows = [
        (int(row["prediction"]), int(row["target"]), int(row["pixels"]))
        for place, row in zip(table.image.tolist(), table.rows, strict=True)
        if evidence.image_ids[place] == image
    ]
    ious = []
    for label in range(CLASSES):
        hit = sum(pixels for got, true, pixels in rows if got == true == label)
        union = sum(pixels for got, true, pixels in rows if label in (got, true))
        if any(true == label for _, true, _ in rows):
            ious.append(hit / union)
    return 100 * float(np.mean(ious))


def test_worst_images_are_the_lowest_of_each_system_by_a_plain_loop(results: Path) -> None:
    shown = Page(page_of(results, "--worst", "2"))
    values = {
        name: {image: image_miou(evidence, image) for image in evidence.image_ids}
        for name in SYSTEMS
        for evidence in [evidence_of(results, name, "voc20")]
    }
    worst = {name: sorted(found, key=lambda image: (found[image], image))[:2] for name, found in values.items()}
    rows = shown.table("images-1-1")
    assert {row[""] for row in rows} == {image for images in worst.values() for image in images}
    for row in rows:
        assert row["worst of"] == ", ".join(name for name in SYSTEMS if row[""] in worst[name])
        assert [row[name] for name in SYSTEMS] == [f"{values[name][row['']]:.1f}" for name in SYSTEMS]
    means = [np.mean([values[name][row[""]] for name in SYSTEMS]) for row in rows]
    assert means == sorted(means)


def test_no_worst_images_are_shown_where_none_are_asked_for(results: Path) -> None:
    assert "images" not in Page(page_of(results, "--worst", "0")).sections


def test_the_printed_table_and_its_audit_are_the_ledgers(page: Page) -> None:
    printed = read_printed()
    for row, shown in zip(ROWS, page.table("printed-table"), strict=True):
        for column in COLUMNS:
            value = printed.cell(row, column).printed
            assert shown[column] == ("–" if value is None else f"{value:.1f}")
    audit = page.table("audit-table")
    assert [row["verdict"] for row in audit] == [cell.verdict for cell in printed.cells]
    assert [row["what it really is"] for row in audit] == [cell.what for cell in printed.cells]


def test_fingerprints_hold_every_field_of_both_halves_of_every_protocol(results: Path) -> None:
    made = json.loads(report(results, "--json", "-").stdout)
    found = {each["protocol"]: each for each in made["fingerprints"]}
    scores = record_of(results, "good", "voc20").scores
    assert set(found) == set(scores)
    for name, score in scores.items():
        assert (found[name]["evaluation"], found[name]["method"]) == (score.evaluation.digest, score.method.digest)
        lines = {(line["half"], line["field"]): line for line in found[name]["lines"]}
        halves = {"evaluation": score.evaluation.fields, "method": score.method.fields}
        assert set(lines) == {(half, field) for half, fields in halves.items() for field in fields}
        assert lines["evaluation", "kernel"]["value"] == score.kernel
        assert all(line["words"] for line in lines.values() if line["field"] not in ("cells",))
        assert found[name]["cells"]["good"] == ["context59", "voc20"]
