from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.errors import RecordError
from cosegbench.records import (
    SCHEMA_VERSION,
    DatasetInfo,
    Environment,
    EvidenceInfo,
    ExecutionInfo,
    PredictorInfo,
    ProtocolHalf,
    Record,
    ScoreInfo,
    Timing,
    check_evidence,
    evidence_path,
    list_records,
    read_record,
    record_path,
    write_record,
)
from cosegbench.records.codec import decode, encode


def make_record(**changes: Any) -> Record:
    score = ScoreInfo(
        protocol="standard",
        kernel="gt-void-fn",
        evaluation=ProtocolHalf("e" * 64, {"kernel": "gt-void-fn"}),
        method=ProtocolHalf("m" * 64, {"threshold": 0.3}),
        miou=41.123456789012345,
        iou=(41.123456789012345, None),
        averaged=(True, False),
    )
    record = Record(
        schema_version=SCHEMA_VERSION,
        kind="run",
        family="open-vocabulary",
        predictor=PredictorInfo("mine.Mine", "mine.py:Mine", "file mine.py", given={"k": 3}, arguments={"k": 3}),
        dataset=DatasetInfo(
            "voc20", "val", "real", 5, None, "c" * 64, "i" * 64, {}, "voc20", "v" * 64, ("a", "b"), None
        ),
        scores={"standard": score},
        requested=("standard",),
        evidence=EvidenceInfo("voc20.open-vocabulary.evidence.npz", "f" * 64, ("pairs",)),
        execution=ExecutionInfo(4, 2, "cpu", 0, "r" * 64, {"seed": 0}),
        environment=Environment({"python": "3.11"}, "Linux x86_64", None, None, ("cosegbench", "run")),
        timing=Timing(1.5, 1.25, 3.3),
    )
    return dataclasses.replace(record, **changes)


def test_a_record_that_is_written_and_read_is_equal_to_the_last_bit(tmp_path: Path) -> None:
    path = record_path(tmp_path, "mine.Mine", "voc20", "open-vocabulary")
    write_record(path, make_record())

    assert read_record(path) == make_record()
    assert path == tmp_path / "mine.Mine" / "voc20.open-vocabulary.json"


def test_the_schema_version_stands_first_in_the_file(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", make_record())

    assert (tmp_path / "a.json").read_text().split()[1:3] == ['"schema_version":', f"{SCHEMA_VERSION},"]


def test_an_absent_figure_is_null_and_never_zero(tmp_path: Path) -> None:
    score = dataclasses.replace(make_record().scores["standard"], miou=math.nan, iou=(math.nan, 0.0))
    write_record(tmp_path / "a.json", make_record(scores={"standard": score}))

    stored = json.loads((tmp_path / "a.json").read_text())["scores"]["standard"]
    assert stored["miou"] is None
    assert stored["iou"] == [None, 0.0]
    assert read_record(tmp_path / "a.json").scores["standard"].miou is None


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=25, deadline=None)
def test_every_finite_figure_survives_at_full_precision(value: float) -> None:
    score = dataclasses.replace(make_record().scores["standard"], miou=value)
    assert decode(ScoreInfo, json.loads(json.dumps(encode(score)))).miou == value


def test_an_infinite_figure_is_refused_with_its_place(tmp_path: Path) -> None:
    score = dataclasses.replace(make_record().scores["standard"], miou=math.inf)

    with pytest.raises(RecordError, match=r"record\.scores\.standard\.miou is inf"):
        write_record(tmp_path / "a.json", make_record(scores={"standard": score}))
    assert not (tmp_path / "a.json").exists()


def change(values: dict[str, Any], place: str, value: Any) -> None:
    *parents, last = place.split(".")
    for parent in parents:
        values = values[parent]
    if value is KeyError:
        del values[last]
    else:
        values[last] = value


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("schema_version", SCHEMA_VERSION + 1, "Install a newer one"),
        ("schema_version", "1", "no schema_version"),
        ("schema_version", True, "no schema_version"),
        ("schema_version", KeyError, "no schema_version"),
        ("familly", "x", "unknown key 'familly'. Did you mean 'family'"),
        ("predictor.id", KeyError, "record.predictor lacks id"),
        ("predictor.id", 3, "record.predictor.id is 3; expected str"),
        ("scores.standard.miou", "41", "record.scores.standard.miou is '41'; expected float"),
        ("scores.standard.averaged", [1, 0], "record.scores.standard.averaged[0] is 1; expected bool"),
        ("execution.batch_size", True, "record.execution.batch_size is True; expected int"),
    ],
)
def test_a_record_that_breaks_the_schema_names_the_key(tmp_path: Path, place: str, value: Any, words: str) -> None:
    path = tmp_path / "a.json"
    write_record(path, make_record())
    values = json.loads(path.read_text())
    change(values, place, value)
    path.write_text(json.dumps(values))

    with pytest.raises(RecordError) as caught:
        read_record(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema_version": NaN}', "[" * 100_000, "\x00"])
def test_a_file_that_is_no_record_is_an_error_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)

    with pytest.raises(RecordError, match=r"a\.json"):
        read_record(path)


def test_records_are_listed_sorted_and_nothing_else_is(tmp_path: Path) -> None:
    for predictor in ("b", "a"):
        write_record(record_path(tmp_path, predictor, "voc20", "open-vocabulary"), make_record())
    evidence_path(record_path(tmp_path, "a", "voc20", "open-vocabulary")).write_bytes(b"")

    assert [path.parent.name for path in list_records(tmp_path)] == ["a", "b"]
    with pytest.raises(RecordError, match="does not exist"):
        list_records(tmp_path / "absent")


def test_evidence_that_is_missing_or_changed_is_refused(tmp_path: Path) -> None:
    path = record_path(tmp_path, "a", "voc20", "open-vocabulary")
    write_record(path, make_record())

    with pytest.raises(RecordError, match="is missing"):
        check_evidence(path, make_record())
    evidence_path(path).write_bytes(b"other")
    with pytest.raises(RecordError, match="is not the file"):
        check_evidence(path, make_record())
