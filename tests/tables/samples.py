"""Records with made-up figures, in the true layout of a results folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.files import file_digest
from cosegbench.image_lists import image_list_digest
from cosegbench.kernels import score as kernel_score
from cosegbench.labels import LabelArray
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
    evidence_path,
    record_path,
    write_record,
)
from cosegbench.records.codec import encode


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


def random_maps(images: int = 12, seed: int = 0, hit: float = 0.5) -> Iterator[tuple[str, LabelArray, LabelArray]]:
    """Id, prediction and truth of images of three classes; a pixel is right with the chance ``hit`` and by luck."""
    labels, noise = np.random.default_rng(1), np.random.default_rng(seed + 100)  # the same labels for every seed
    for number in range(images):
        target = labels.integers(0, 3, (9, 7))
        drawn = np.where(noise.random((9, 7)) < hit, target, noise.integers(0, 3, (9, 7)))
        yield f"{number:03d}", drawn.astype(np.uint16), target.astype(np.uint16)


def random_evidence(images: int = 12, seed: int = 0, hit: float = 0.5) -> Evidence:
    """Counts of :func:`random_maps`."""
    evidence = Evidence(3)
    for each in random_maps(images, seed, hit):
        evidence.add(*each)
    return evidence


def write_measured(
    results: Path, predictor: str, evidence: Evidence, kernels: Mapping[str, str], dataset: str = "voc20", **more: Any
) -> Path:
    """A record with the evidence that it was made of beside it, as `run` leaves them; the path of the record.

    Args:
        kernels: protocol -> kernel.
        more: as :func:`record` takes it.
    """
    plain = record(predictor, dataset, {}, images=len(evidence), **more)
    path = record_path(results, predictor, dataset, plain.family)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = evidence_path(path)
    evidence.save(file)
    scores = {}
    for protocol, kernel in kernels.items():
        found = kernel_score(evidence, kernel)
        values = encode({"miou": found.miou, "iou": found.iou.tolist(), "extra": found.extra})
        scores[protocol] = replace(
            score(protocol, values["miou"], kernel=kernel),
            iou=tuple(values["iou"]),
            averaged=tuple(bool(each) for each in found.averaged),
            extra=values["extra"],
        )
    data = replace(plain.dataset, image_list_digest=image_list_digest(evidence.image_ids))
    info = EvidenceInfo(file.name, file_digest(file), tuple(sorted(evidence.channels)))
    write_record(path, replace(plain, dataset=data, scores=scores, evidence=info))
    return path
