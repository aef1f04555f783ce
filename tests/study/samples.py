"""Results folders with real evidence of made-up label maps, on the vocabularies of the miniature."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cosegbench import VOID, Evidence, Vocabulary, score
from cosegbench.cards import load_card
from cosegbench.evidence import BINARY, BINARY_EXCLUSIVE
from cosegbench.files import file_digest
from cosegbench.protocols import get_protocol
from cosegbench.records import (
    SCHEMA_VERSION,
    DatasetInfo,
    Environment,
    EvidenceInfo,
    PredictorInfo,
    ProtocolHalf,
    Record,
    ScoreInfo,
    evidence_path,
    record_path,
    write_record,
)

COLUMN = "miniature-context459"
IMAGES = 6


def vocabulary(column: str = COLUMN) -> Vocabulary:
    return load_card(column).vocabulary()


def stripes(column: str = COLUMN, image: int = 0) -> np.ndarray:
    """Ground truth: every class of the view as a stripe of three columns, the order turned from image to image."""
    order = np.roll(np.arange(len(vocabulary(column)), dtype=np.uint16), image)
    return np.tile(np.repeat(order, 3), (4, 1))


def evidence_of(hit: float, seed: int = 0, column: str = COLUMN) -> Evidence:
    """Predictions that are right on a share ``hit`` of the pixels, and void on the others."""
    rng = np.random.default_rng(seed)
    evidence = Evidence(len(vocabulary(column)))
    for image in range(IMAGES):
        target = stripes(column, image)
        prediction = np.where(rng.random(target.shape) < hit, target, np.uint16(VOID)).astype(np.uint16)
        evidence.add(f"image{image}", prediction, target)
        found, true = np.unique(target, return_counts=True)
        right = [int(((prediction == target) & (target == label)).sum()) for label in found]
        for channel in (BINARY, BINARY_EXCLUSIVE):
            evidence.add_binary(f"image{image}", found, right, right, true, channel=channel)
        evidence.add_ranked(f"image{image}", found[:5].tolist(), [0.9, 0.8, 0.7, 0.6, 0.5])
    return evidence


def write(
    results: Path, row: str, evidence: Evidence, facts: Mapping[str, object] | None = None, column: str = COLUMN
) -> Path:
    """One row: a record a protocol, each with this evidence beside it."""
    names = vocabulary(column)
    for name in ("standard", "coseg-authors"):
        protocol = get_protocol(name).for_cell(row, column)
        path = record_path(results, row, column, protocol.family)
        path.parent.mkdir(parents=True, exist_ok=True)
        evidence.save(evidence_path(path))
        found = score(evidence, protocol.kernel)
        halves = (protocol.evaluation, protocol.method)
        entry = ScoreInfo(
            name,
            protocol.kernel,
            *(ProtocolHalf(half.digest, half.fields) for half in halves),
            miou=found.miou,
            iou=tuple(None if np.isnan(value) else float(value) for value in found.iou),
            averaged=tuple(found.averaged.tolist()),
        )
        about = DatasetInfo(
            column, "val", "miniature", len(evidence), None, "c" * 64, "i" * 64, {}, names.id, names.digest,
            names.names, names.background, column,
        )  # fmt: skip
        kept = EvidenceInfo(
            evidence_path(path).name, file_digest(evidence_path(path)), tuple(sorted(evidence.channels))
        )
        who = PredictorInfo(row, "m:C", "here 1.0", weights_digest="ab" * 32, facts=facts or {})
        record = Record(
            SCHEMA_VERSION, "run", protocol.family, who, about, {name: entry}, (name,), kept, None,
            Environment({"python": "3.11"}, "Linux x86_64", None, None, ("cosegbench", "run")),
        )  # fmt: skip
        write_record(path, record)
    return results


def write_all(results: Path, trained: float = 0.7, first: float = 0.5) -> Path:
    """A whole study on one column: no-training, one trained row, ceiling and chance."""
    write(results, "coseg-no-training", evidence_of(first, 1))
    write(results, "coseg-prefix", evidence_of(trained, 2), {"recipe": "miniature"})
    write(results, "true-labels", evidence_of(0.9, 3), {"reference": "ceiling: true labels given"})
    write(results, "random-labels", evidence_of(0.05, 4), {"reference": "chance"})
    return results
