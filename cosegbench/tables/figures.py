"""Measured figures out of records, each with what decides whether two of them may share a column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosegbench.protocols import input_label
from cosegbench.records import Record, ScoreInfo, list_records, read_record

SHORT = 12
"""Digits of a digest that a table prints."""

_DIGEST = "evaluation: digest"


@dataclass(frozen=True, slots=True)
class Figure:
    """One mIoU in percent, or None where the rule averages nothing.

    ``name`` is the row: the predictor's id, the folder too where that differs, and the input where it is not the whole
    image. ``reference`` says what it gives the
    scale for (chance, a ceiling), where its ``describe()`` says so. ``dataset`` is the column. ``rule``
    and ``content`` are what must be equal before two figures may share a column: the rule of scoring, and the labels
    that were scored.
    ``limit`` is the number of images where not all were asked for. ``remarks`` say what the protocol does differently
    for this row and column.
    """

    name: str
    reference: str
    dataset: str
    protocol: str
    miou: float | None
    averaged: int
    classes: int
    images: int
    limit: int | None
    rule: Mapping[str, Any]
    content: Mapping[str, Any]
    evaluation: str
    method: str
    weights: str | None
    given: Mapping[str, Any]
    tuned: bool
    remarks: tuple[str, ...]

    @property
    def rule_key(self) -> str:
        """Digest of the rule of scoring."""
        return _digest(self.rule)

    @property
    def column_key(self) -> str:
        """Digest of everything that the figures of one column must share."""
        return _digest({"rule": self.rule, "content": self.content})


def read_figures(results: Path) -> tuple[Figure, ...]:
    """Every figure of every record below a results folder, in the order of the files and of the protocols' names.

    Raises:
        RecordError: the folder does not exist, or a file in it is not a record that this version can read.
    """
    return figures_of((path.parent.name, record) for path, record in read_records(results))


def read_records(results: Path) -> tuple[tuple[Path, Record], ...]:
    """Every record below a results folder with its path, in the order of the files.

    Raises:
        RecordError: the folder does not exist, or a file in it is not a record that this version can read.
    """
    return tuple((path, read_record(path)) for path in list_records(results))


def figures_of(records: Iterable[tuple[str, Record]]) -> tuple[Figure, ...]:
    """Every figure of these records, each given with the name of its folder."""
    return tuple(
        _figure(folder, record, score) for folder, record in records for _, score in sorted(record.scores.items())
    )


def differences(figures: Sequence[Figure]) -> tuple[str, ...]:
    """Names of what these figures differ in, for instance ``("evaluation: kernel", "labels")``."""
    parts = [{**_flat(figure.rule), **_flat(figure.content)} for figure in figures]
    names = sorted({name for part in parts for name in part})
    differing = [name for name in names if len({json.dumps(part.get(name), sort_keys=True) for part in parts}) > 1]
    # the digest only says something where no field beside it does
    fields = [name for name in differing if name.startswith("evaluation: ") and name != _DIGEST]
    return tuple(name for name in differing if name != _DIGEST or not fields)


def short(digest: str) -> str:
    """The first digits of a digest, enough to tell two apart by eye."""
    return digest[:SHORT]


def _figure(folder: str, record: Record, score: ScoreInfo) -> Figure:
    data, who = record.dataset, record.predictor
    reference = who.facts.get("reference", "")
    return Figure(
        name=_row_name(folder, who.id, score),
        reference=reference if isinstance(reference, str) else "",
        # A protocol may score another view than its column names (CoSeg's authors scored prefix on all of COCO-Stuff).
        dataset=data.column or data.id,
        protocol=score.protocol,
        miou=score.miou,
        averaged=sum(score.averaged),
        classes=len(data.classes),
        images=data.images,
        limit=data.limit,
        rule={
            # the digest decides; the fields beside it only name what differs
            "evaluation": {**score.evaluation.fields, "digest": score.evaluation.digest},
            "view": data.id,
            "vocabulary": data.vocabulary_digest,
            "split": data.split,
            "options": dict(data.options),
        },
        content={"labels": data.content_digest, "image list": data.image_list_digest},
        evaluation=score.evaluation.digest,
        method=score.method.digest,
        weights=who.weights_digest,
        given=dict(who.given),
        tuned=who.tuned,
        remarks=score.remarks,
    )


def _row_name(folder: str, predictor: str, score: ScoreInfo) -> str:
    """The row: another folder or another input is another row, though the predictor is the same."""
    name = predictor if folder == predictor else f"{predictor} (in {folder})"
    shown = input_label(score.method.fields)
    return f"{name}, {shown}" if shown else name


def _flat(parts: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in parts.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}: {key}": item for key, item in value.items()})
        else:
            flat[name] = value
    return flat


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
