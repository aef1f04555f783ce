"""``probe cooccurrence``: do classes occur together in predictions as in the ground truth? From records only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.errors import RecordError, RequestError, UnknownNameError
from cosegbench.evidence import PAIRS
from cosegbench.files import file_digest
from cosegbench.probes.pmi import FIGURES, SHRINK, Pairs, figures, pair_pmi, pmi, supported_pairs
from cosegbench.probes.presence import Flags, Presence, presence
from cosegbench.probes.result import SCHEMA_VERSION, ProbeResult, definition_digest, result_path, write_result
from cosegbench.protocols import OPEN_VOCABULARY
from cosegbench.records import Record, list_records, read_record
from cosegbench.running.answering import column_of, load_evidence, row_of
from cosegbench.running.environment import describe_environment
from cosegbench.running.request import DEFAULT_RESULTS
from cosegbench.statistics.bootstrap import RESAMPLES
from cosegbench.statistics.intervals import LEVEL

PROBE = "cooccurrence"


@dataclass(frozen=True, slots=True)
class CooccurrenceRequest:
    """One call of ``probe cooccurrence``.

    Args:
        results: folder of records.
        predictor: only this folder of results.
        dataset: only this column.
        pixels: a class is present in an image from so many pixels.
        support: a pair is looked at where each class is present in so many images, on both sides.
        seed: of the bootstrap.
        out: folder that results are written to; None writes none.
    """

    results: Path = DEFAULT_RESULTS
    predictor: str | None = None
    dataset: str | None = None
    pixels: int = 20
    support: int = 5
    seed: int = 0
    out: Path | None = None


def probe_cooccurrence(request: CooccurrenceRequest) -> list[ProbeResult]:
    """Compare co-occurrence in the label maps of kept records with the ground truth's.

    Raises:
        RequestError: no such folder, no record with label maps of whole images, or a parameter out of range.
        UnknownNameError: no record of that predictor or column.
        RecordError, EvidenceError: a file that cannot be read or written.
    """
    found = [_one(path, record, request) for path, record in _records(request)]
    if request.out is not None:
        for result in found:
            write_result(result_path(request.out, PROBE, result.dataset.id, result.predictor.id), result)
    return found


def together_of(result: ProbeResult) -> tuple[Presence, Pairs]:
    """Presence and supported pairs of a result that was written."""
    classes, counts = len(result.dataset.classes), result.counts
    found = Presence(*(_flags(counts[f"{side}_present"], classes) for side in ("true", "predicted")))
    return found, Pairs(np.array(counts["first"], np.int64), np.array(counts["second"], np.int64))


def _flags(present: Sequence[Sequence[int]], classes: int) -> Flags:
    flags = np.zeros((len(present), classes), np.bool_)
    for row, labels in zip(flags, present, strict=True):
        row[list(labels)] = True
    return flags


def _records(request: CooccurrenceRequest) -> list[tuple[Path, Record]]:
    try:
        paths = list_records(request.results)
    except RecordError as error:
        raise RequestError(str(error)) from error
    held = [(path, read_record(path)) for path in paths]
    usable = [
        (path, record)
        for path, record in held
        if record.family == OPEN_VOCABULARY and record.evidence is not None and PAIRS in record.evidence.channels
    ]
    if not usable:
        raise RequestError(
            f"no record in {request.results} keeps label maps of whole images. To make one: cosegbench run "
            f"--protocol standard --results {request.results}"
        )
    rows, columns = {row_of(*each) for each in usable}, {column_of(record) for _, record in usable}
    if request.predictor is not None and request.predictor not in rows:
        raise UnknownNameError(f"predictor of {request.results}", request.predictor, rows)
    if request.dataset is not None and request.dataset not in columns:
        raise UnknownNameError(f"data set of {request.results}", request.dataset, columns)
    return [
        (path, record)
        for path, record in usable
        if request.predictor in (None, row_of(path, record)) and request.dataset in (None, column_of(record))
    ]


def _one(path: Path, record: Record, request: CooccurrenceRequest) -> ProbeResult:
    evidence = load_evidence(path, record)
    found = presence(evidence, request.pixels)
    pairs = supported_pairs(found, request.support)
    definition = _definition(request)
    return ProbeResult(
        schema_version=SCHEMA_VERSION,
        probe=PROBE,
        predictor=record.predictor,
        dataset=record.dataset,
        definition=definition,
        definition_digest=definition_digest(definition),
        figures=_figures(found, pairs, record, request),
        counts=_counts(found, pairs),
        execution=record.execution,
        environment=describe_environment(),
        source={"record": f"{path.parent.name}/{path.name}", "sha256": file_digest(path)},
    )


def _definition(request: CooccurrenceRequest) -> dict[str, Any]:
    return {
        "presence_pixels": request.pixels,
        "support_images": request.support,
        "shrink": SHRINK,
        "pmi": "log2((both + shrink) / (first * second / images + shrink)), numbers of images, bits",
        "supported": "each class of a pair is present in at least support_images images, in the ground truth and in "
        "predictions",
        "figures": FIGURES,
        "labels": "label maps of protocol standard's pass, on the pixels that are scored",
        "interval": {
            "unit": "image",
            "kind": "estimate +- normal quantile * standard deviation of the draws",
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": request.seed,
        },
    }


def _figures(found: Presence, pairs: Pairs, record: Record, request: CooccurrenceRequest) -> dict[str, Any]:
    truth = int((found.true.sum(axis=0) >= request.support).sum())
    classes = np.unique(np.concatenate([pairs.first, pairs.second])).size
    return {
        "images": len(found.true),
        "pairs": int(pairs.first.size),
        "classes": int(classes),
        "classes_supported_by_ground_truth_alone": truth,
        "summary": figures(found, pairs, RESAMPLES, request.seed),
        "names": list(record.dataset.classes),
    }


def _counts(found: Presence, pairs: Pairs) -> dict[str, Any]:
    """Columns, a number a pair: images with each class, with both, and PMI; plain PMI is null where none has both.

    And the classes present in each image, so that two results can be compared in the same draws.
    """
    counts: dict[str, Any] = {"first": pairs.first.tolist(), "second": pairs.second.tolist()}
    images = np.array(len(found.true), np.float64)
    for side, flags in (("true", found.true), ("predicted", found.predicted)):
        first, second = flags[:, pairs.first], flags[:, pairs.second]
        numbers = {"first": first.sum(axis=0), "second": second.sum(axis=0), "both": (first & second).sum(axis=0)}
        counts |= {f"{side}_{name}": values.tolist() for name, values in numbers.items()}
        both, one, other = (numbers[name].astype(np.float64) for name in ("both", "first", "second"))
        plain = pmi(both, one, other, images, 0)
        counts[f"{side}_pmi"] = [float(value) if np.isfinite(value) else None for value in plain]
        counts[f"{side}_shrunk_pmi"] = pair_pmi(flags, pairs)[:, 0].tolist()
        counts[f"{side}_present"] = [np.flatnonzero(row).tolist() for row in flags]
    return counts
