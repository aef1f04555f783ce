"""Records with made-up figures, in the true layout of a results folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosegbench.records import (
    SCHEMA_VERSION,
    DatasetInfo,
    Environment,
    ExecutionInfo,
    PredictorInfo,
    ProtocolHalf,
    Record,
    ScoreInfo,
    Timing,
    record_path,
    write_record,
)


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def fields_digest(fields: Mapping[str, Any]) -> str:
    """Of one half of a protocol: its fields as compact JSON, keys sorted."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def score(
    protocol: str,
    miou: float | None,
    classes: int = 3,
    averaged: int = 2,
    remarks: tuple[str, ...] = (),
    **fields: Any,
) -> ScoreInfo:
    fields = {"kernel": "gt-void-fn", "resolution": "original", **fields}
    method = {"threshold": 0.3, "protocol": protocol}
    return ScoreInfo(
        protocol=protocol,
        kernel=fields["kernel"],
        evaluation=ProtocolHalf(fields_digest(fields), fields),
        method=ProtocolHalf(fields_digest(method), method),
        miou=miou,
        iou=tuple([miou] * averaged + [None] * (classes - averaged)),
        averaged=tuple([True] * averaged + [False] * (classes - averaged)),
        remarks=remarks,
    )


def record(
    predictor: str,
    dataset: str,
    figures: Mapping[str, float | None],
    *,
    kernel: str = "gt-void-fn",
    images: int = 5,
    limit: int | None = None,
    content: str = "labels",
    averaged: int = 2,
    given: Mapping[str, Any] | None = None,
    weights_digest: str | None = "ab" * 32,
    tuned: bool = False,
    column: str = "",
    remarks: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
    seconds: float = 1.5,
) -> Record:
    names = ("bicycle", "cat", "tree")
    return Record(
        schema_version=SCHEMA_VERSION,
        kind="run",
        family="open-vocabulary",
        predictor=PredictorInfo(
            predictor, "m:C", "here 1.0", given or {}, given or {}, "w", weights_digest, None, tuned, facts or {}
        ),
        dataset=DatasetInfo(
            id=dataset,
            split="val",
            world="real",
            images=images,
            limit=limit,
            content_digest=digest(content, images),
            image_list_digest=digest(images),
            options={},
            vocabulary="v",
            vocabulary_digest="v" * 64,
            classes=names,
            background=None,
            column=column,
        ),
        scores={
            protocol: score(protocol, miou, averaged=averaged, remarks=remarks, kernel=kernel)
            for protocol, miou in figures.items()
        },
        requested=tuple(figures),
        evidence=None,
        execution=ExecutionInfo(4, 2, "cpu", 0, "r" * 64, {}),
        environment=Environment({"python": "3.11"}, "Linux x86_64", None, None, ("cosegbench", "run")),
        timing=Timing(seconds, None, None),
    )


def write(results: Path, *records: Record, folder: str | None = None) -> Path:
    for each in records:
        write_record(record_path(results, folder or each.predictor.id, each.dataset.id, each.family), each)
    return results
