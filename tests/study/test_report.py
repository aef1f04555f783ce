"""The study as a whole: what it writes, and that its sentences follow the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.errors import RecordError
from cosegbench.records import read_record, write_record
from miniature_study.command import main, write_study
from miniature_study.reading import PROTOCOLS, Study
from miniature_study.scores import figures, seeds
from miniature_study.verdicts import above_chance, against_first, gaps, margin, summary

from .samples import COLUMN, evidence_of, write, write_all

COLUMNS = (COLUMN,)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_records_give_equal_files(tmp_path: Path) -> None:
    studies = [Study.read(write_all(tmp_path / "results"))]
    for name in ("one", "two"):
        write_study(studies, tmp_path / name, None, tmp_path / "no weights")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert {"README.md", "table.md", "table.csv"} < set(contents(tmp_path / "one"))


def test_records_are_copied_with_their_evidence_and_old_ones_go(tmp_path: Path) -> None:
    results = write_all(tmp_path / "results")
    out = tmp_path / "out"
    stale = out / "records" / "gone" / "x.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    write_study([Study.read(results), Study.read(results)], out, None, tmp_path)
    copies = contents(out / "records")
    assert copies == contents(results)
    assert {Path(name).suffix for name in copies} == {".json", ".npz"}
    assert contents(out / "records-seed-2") == contents(results)


def test_the_command_line_names_a_folder_that_holds_no_evidence(tmp_path: Path) -> None:
    results = write_all(tmp_path / "results")
    for path in results.rglob("*.npz"):
        path.unlink()
    result = CliRunner().invoke(main, [str(results), "--out", str(tmp_path / "out"), "--weights", str(tmp_path)])
    assert result.exit_code == 1
    assert "evidence" in result.output
    assert not (tmp_path / "out").exists()


def test_evidence_of_another_run_is_refused(tmp_path: Path) -> None:
    results = write_all(tmp_path / "results")
    evidence_of(0.1).save(results / "coseg-prefix" / f"{COLUMN}.open-vocabulary.evidence.npz")
    with pytest.raises(RecordError, match="is not the file"):
        write_study([Study.read(results)], tmp_path / "out", None, tmp_path)


@pytest.mark.parametrize(
    ("trained", "word", "sentence"),
    [(0.9, "above it on", "beat no-training everywhere"), (0.2, "below it on", "are below no-training everywhere")],
)
def test_the_verdict_follows_the_figures(tmp_path: Path, trained: float, word: str, sentence: str) -> None:
    study = Study.read(write_all(tmp_path, trained=trained, first=0.5))
    (row,) = study.trained
    for protocol in PROTOCOLS:
        assert word in against_first(study, row, COLUMNS, protocol, 1.0)
        assert sentence in summary(study, COLUMNS, protocol, 1.0, "miniature")


def test_a_difference_within_the_margin_is_level(tmp_path: Path) -> None:
    study = Study.read(write_all(tmp_path, trained=0.9, first=0.5))
    (row,) = study.trained
    assert "level with it on context459" in against_first(study, row, COLUMNS, "standard", 100.0)


def test_the_margin_is_what_two_seeds_differ_by_and_at_least_one_point(tmp_path: Path) -> None:
    first = Study.read(write_all(tmp_path / "first", trained=0.7))
    second = Study.read(write(tmp_path / "second", "coseg-prefix", evidence_of(0.5, 9), {"recipe": "miniature"}))
    found = [study.miou("coseg-prefix", COLUMN, "standard") for study in (first, second)]
    assert found[0] is not None
    assert found[1] is not None
    assert margin(first, [second], COLUMNS, "standard") == pytest.approx(abs(found[0] - found[1]))
    assert margin(first, [first], COLUMNS, "standard") == 1.0
    assert margin(first, [], COLUMNS, "standard") == 3.0


def test_a_system_at_chance_is_named(tmp_path: Path) -> None:
    study = Study.read(write_all(tmp_path, trained=0.01))
    assert "Not above chance: `coseg-prefix` on context459" in above_chance(study, COLUMNS, "standard")
    assert "`coseg-no-training`" not in above_chance(study, COLUMNS, "standard")


def test_references_stand_below_the_systems_with_the_ceiling_first(tmp_path: Path) -> None:
    study = Study.read(write_all(tmp_path))
    assert [row.name for row in study.rows] == ["coseg-no-training", "coseg-prefix", "true-labels", "random-labels"]


def test_the_text_has_every_section_and_says_what_was_not_measured(tmp_path: Path) -> None:
    write_study([Study.read(write_all(tmp_path / "r"))], tmp_path / "out", None, tmp_path / "none")
    text = (tmp_path / "out" / "README.md").read_text()
    for heading in ("In short", "mIoU", "Things and stuff", "Seen and unseen", "Pairs that look alike", "Label recall"):
        assert f"\n## {heading}\n" in text
    assert "The weights are not there" in text
    assert "Only one training seed was measured." in text
    assert str(tmp_path) not in text


def test_a_figure_of_another_view_is_marked_and_compared_with_nothing(tmp_path: Path) -> None:
    results = write_all(tmp_path / "r", trained=0.01)
    for path in (results / "coseg-prefix").glob("*.coseg-authors.json"):
        record = read_record(path)
        write_record(path, replace(record, dataset=replace(record.dataset, id="miniature-coco-stuff")))
    study = Study.read(results)
    (row,) = study.trained
    assert gaps(study, row, COLUMNS, "coseg-authors", 1.0) == ()
    assert len(gaps(study, row, COLUMNS, "standard", 1.0)) == 1
    assert "coseg-prefix" not in above_chance(study, COLUMNS, "coseg-authors")
    assert "†" in "".join(figures(study, [], COLUMNS))


@pytest.mark.parametrize(("second", "said"), [("a", True), ("b", False)])
def test_a_second_seed_on_the_same_clip_is_said_to_leave_the_clip_out(tmp_path: Path, second: str, said: bool) -> None:
    def one(folder: str, clip: str) -> Study:
        facts = {"recipe": "miniature", "clip": {"sha256": clip}}
        return Study.read(write(tmp_path / folder, "coseg-prefix", evidence_of(0.5), facts))

    text = "\n".join(seeds(one("first", "a"), [one("second", second)], COLUMNS))
    assert ("stands on the first one's CLIP" in text) is said
