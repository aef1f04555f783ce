"""Records against the integer counts beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.errors import RecordError
from cosegbench.evidence import Evidence
from cosegbench.files import file_digest
from cosegbench.image_lists import image_list_digest
from cosegbench.kernels import score
from cosegbench.records import (
    EvidenceInfo,
    ProtocolHalf,
    Record,
    ScoreInfo,
    evidence_path,
    read_record,
    record_path,
    write_record,
)
from cosegbench.records.codec import encode
from cosegbench.tables.figures import read_records
from cosegbench.tables.proof import prove

from .samples import fields_digest, record

RULES = {"standard": "gt-void-fn", "mess": "mess", "fine-grained": "fine-grained"}


def evidence_of(images: int = 4) -> Evidence:
    """Counts of random label maps of three classes; the third class is never true."""
    rng = np.random.default_rng(0)
    evidence = Evidence(3)
    for number in range(images):
        prediction, target = rng.integers(0, 3, (9, 7)), rng.integers(0, 2, (9, 7))
        evidence.add(f"{number:03d}", prediction.astype(np.uint16), target.astype(np.uint16))
    return evidence


def score_info(evidence: Evidence, protocol: str, kernel: str) -> ScoreInfo:
    found = score(evidence, kernel)
    plain = encode({"miou": found.miou, "iou": found.iou.tolist(), "extra": found.extra})
    fields = {"kernel": kernel, "resolution": "original"}
    return ScoreInfo(
        protocol=protocol,
        kernel=kernel,
        evaluation=ProtocolHalf(fields_digest(fields), fields),
        method=ProtocolHalf("external", {}),
        miou=plain["miou"],
        iou=tuple(plain["iou"]),
        averaged=tuple(bool(each) for each in found.averaged),
        extra=plain["extra"],
    )


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A record with its evidence, as `run` leaves them; the path of the record."""
    evidence = evidence_of()
    plain = record("mine", "miniature-voc20", {}, images=len(evidence))
    path = record_path(tmp_path / "results", "mine", "miniature-voc20", "open-vocabulary")
    path.parent.mkdir(parents=True)
    file = evidence_path(path)
    evidence.save(file)
    found: Record = replace(
        plain,
        dataset=replace(plain.dataset, image_list_digest=image_list_digest(evidence.image_ids)),
        scores={name: score_info(evidence, name, kernel) for name, kernel in RULES.items()},
        evidence=EvidenceInfo(file.name, file_digest(file), ("pairs",)),
    )
    write_record(path, found)
    return path


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a record as a person with an editor does."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def table(path: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["table", "--no-printed", "--results", str(path.parents[1]), *more])


def test_a_record_as_it_was_measured_passes(measured: Path) -> None:
    assert prove(read_records(measured.parents[1])) == ()
    assert table(measured).exit_code == 0


def test_a_figure_edited_by_hand_is_an_error_that_names_file_cell_and_both_values(measured: Path) -> None:
    true = read_record(measured).scores["standard"].miou
    edit(measured, lambda values: values["scores"]["standard"].update(miou=99.5))
    done = table(measured)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert (
        f"{measured}: mine on miniature-voc20 under standard, mIoU: the record says 99.5, its evidence gives {true!r}."
        in done.stderr
    )


def test_the_error_says_how_to_print_it_all_the_same_and_that_prints_it(measured: Path) -> None:
    edit(measured, lambda values: values["scores"]["standard"].update(miou=99.5))
    assert "--no-check" in table(measured).stderr
    done = table(measured, "--no-check")
    assert done.exit_code == 0
    assert "99.5" in done.stdout


def class_figure(values: dict[str, Any]) -> None:
    values["scores"]["mess"]["iou"][1] = 12.0


def absent_class(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["iou"][2] = 0.0


def averaged_class(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["averaged"][2] = True


def lost_class(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["iou"].pop()


def extra_figure(values: dict[str, Any]) -> None:
    name = next(iter(values["scores"]["fine-grained"]["extra"]))
    values["scores"]["fine-grained"]["extra"][name] = 1.0


def other_rule(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["kernel"] = "mess"


def unknown_rule(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["kernel"] = "kindest"


def more_images(values: dict[str, Any]) -> None:
    values["dataset"]["images"] = 5000


def other_images(values: dict[str, Any]) -> None:
    values["dataset"]["image_list_digest"] = "0" * 64


def other_half(values: dict[str, Any]) -> None:
    values["scores"]["standard"]["evaluation"]["fields"]["resolution"] = "square"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (class_figure, "under mess, IoU of cat: the record says 12.0"),
        (absent_class, "under standard, IoU of tree: the record says 0.0, its evidence gives none"),
        (averaged_class, "under standard, whether tree is averaged: the record says True, its evidence gives False"),
        (lost_class, "under standard, number of classes: the record says 2, its evidence gives 3"),
        (extra_figure, "under fine-grained"),
        (other_rule, "under standard, mIoU"),
        (unknown_rule, "unknown kernel 'kindest'"),
        (more_images, "images: the record says 5000, its evidence 4"),
        (other_images, "digest of the image list"),
        (other_half, "under standard: the evaluation half says digest"),
    ],
)
def test_whatever_else_is_edited_is_found_too(
    measured: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    if change is absent_class:
        assert read_record(measured).scores["standard"].iou[2] is None
    edit(measured, change)
    with pytest.raises(RecordError) as caught:
        prove(read_records(measured.parents[1]))
    assert words in str(caught.value)
    assert str(measured) in str(caught.value)


def test_evidence_that_is_another_file_is_an_error(measured: Path) -> None:
    evidence_of(5).save(evidence_path(measured))
    done = table(measured)
    assert done.exit_code == 1
    assert "is not the file that record miniature-voc20.open-vocabulary.json was written with" in done.stderr


def test_a_record_without_its_evidence_is_printed_and_named(measured: Path) -> None:
    evidence_path(measured).unlink()
    assert prove(read_records(measured.parents[1])) == (measured,)
    done = table(measured)
    assert done.exit_code == 0
    assert "| mine" in done.stdout
    assert f"1 of 1 records have no evidence beside them, {measured} among them" in done.stderr


@pytest.mark.parametrize("name", ["../../elsewhere.npz", "/etc/passwd", "", "."])
def test_evidence_is_looked_for_in_the_records_own_folder_only(measured: Path, name: str) -> None:
    (measured.parents[2] / "elsewhere.npz").write_bytes(evidence_path(measured).read_bytes())
    edit(measured, lambda values: values["evidence"].update(file=name))
    assert prove(read_records(measured.parents[1])) == (measured,)


def test_all_changed_records_are_listed_at_once(measured: Path) -> None:
    other = measured.with_name("copy.open-vocabulary.json")
    other.write_text(measured.read_text())
    for path in (measured, other):
        edit(path, class_figure)
    with pytest.raises(RecordError, match="2 statement") as caught:
        prove(read_records(measured.parents[1]))
    assert all(str(path) in str(caught.value) for path in (measured, other))
