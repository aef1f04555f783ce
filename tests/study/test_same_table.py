"""The comparison of a fresh run with the committed records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .samples import evidence_of, write

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / ".ci" / "same_table.py"
ROWS = ("coseg-no-training", "coseg-prefix", "coseg-xatten", "random-labels", "single-class")

pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="the folder .ci is not part of this checkout")


def results(folder: Path, rows: tuple[str, ...] = ROWS) -> Path:
    for row in rows:
        write(folder, row, evidence_of(0.5))
    return folder


def compare(committed: Path, fresh: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, committed, fresh], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    return done.returncode, done.stdout + done.stderr


def test_equal_records_pass_and_further_committed_rows_do_not_matter(tmp_path: Path) -> None:
    committed = results(tmp_path / "results" / "records", (*ROWS, "coseg-prefix-paper")).parent
    code, text = compare(committed, results(tmp_path / "fresh"))
    assert code == 0, text
    assert "10 scores compared; the largest difference is 0.000000 mIoU" in text
    assert "10 of 10 evidence files have the same bits" in text


def test_a_row_that_the_run_did_not_make_fails(tmp_path: Path) -> None:
    code, text = compare(results(tmp_path / "committed"), results(tmp_path / "fresh", ROWS[1:]))
    assert code == 1
    assert "coseg-no-training: not made by this run" in text


def test_a_row_that_was_never_committed_fails(tmp_path: Path) -> None:
    code, text = compare(results(tmp_path / "committed", ROWS[1:]), results(tmp_path / "fresh"))
    assert code == 1
    assert "coseg-no-training: no record committed" in text


def test_a_figure_beyond_the_bound_fails_and_one_within_it_passes(tmp_path: Path) -> None:
    committed, fresh = results(tmp_path / "committed"), results(tmp_path / "fresh")
    path = next((fresh / "coseg-prefix").glob("*.open-vocabulary.json"))
    record = json.loads(path.read_text())
    before = record["scores"]["standard"]["miou"]
    for change, expected in ((0.04, 0), (0.06, 1)):
        record["scores"]["standard"]["miou"] = before + change
        path.write_text(json.dumps(record))
        code, text = compare(committed, fresh)
        assert code == expected, text


def test_nothing_to_compare_fails(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _ = compare(tmp_path / "empty", tmp_path / "empty")
    assert code == 1
