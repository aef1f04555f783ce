"""From a complete journal to the record: evidence saved, every protocol of the family scored, all at full precision."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.errors import ProtocolError, RecordError
from cosegbench.evidence import Evidence
from cosegbench.files import file_digest, write_bytes
from cosegbench.records import DatasetInfo, EvidenceInfo, ProtocolHalf, ScoreInfo, Timing, evidence_path
from cosegbench.records.codec import encode

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset
    from cosegbench.protocols import Protocol
    from cosegbench.running.families import Family
    from cosegbench.running.journal import Spent

EXTERNAL = "external"
"""What stands for a method that is not known, because another program predicted."""


def describe_dataset(dataset: Dataset, content_digest: str, limit: int | None, column: str) -> DatasetInfo:
    """What the record says about a data set view that is scored for ``column``."""
    words = dataset.vocabulary
    return DatasetInfo(
        id=dataset.id,
        split=dataset.split,
        world=dataset.world,
        images=len(dataset.image_ids),
        limit=None if dataset.whole else limit,
        content_digest=content_digest,
        image_list_digest=dataset.image_list_digest,
        options=dict(dataset.options),
        vocabulary=words.id,
        vocabulary_digest=words.digest,
        classes=words.names,
        background=words.background,
        column=column,
    )


def save_evidence(evidence: Evidence, record: Path) -> EvidenceInfo:
    """Write evidence beside a record, atomically.

    Raises:
        RecordError: it cannot be written.
    """
    path = evidence_path(record)
    try:
        with tempfile.TemporaryDirectory(prefix="cosegbench-") as folder:
            evidence.save(Path(folder) / path.name)
            write_bytes(path, (Path(folder) / path.name).read_bytes())
    except OSError as error:
        raise RecordError(
            f"evidence {path} cannot be written: {error}. What was computed is kept; start again."
        ) from error
    return EvidenceInfo(path.name, file_digest(path), tuple(sorted(evidence.channels)))


def score_protocols(
    evidence: Evidence, family: Family, remark: Callable[[str], None], *, external: bool = False
) -> dict[str, ScoreInfo]:
    """The figures of every protocol of a family that the evidence allows.

    Args:
        evidence: of all images.
        family: its protocols.
        remark: takes a line for people; told why, where the evidence does not allow a protocol that was asked for.
        external: whether another program predicted, so that nothing is known of the method half.
    """
    scores = {}
    for name, protocol in family.protocols.items():
        try:
            scores[name] = _score(evidence, protocol, external)
        except ProtocolError as error:
            if name in family.requested:
                remark(f"protocol {name}: {error}")
    return scores


def timing(spent: Spent, images: int, processes: int = 1) -> Timing:
    """What the record says about time; of several processes the seconds are added up, so the rate is that of one."""
    rate = images / spent.seconds if spent.seconds > 0 else None
    return Timing(spent.seconds, spent.predictor_seconds, rate, spent.sessions, processes)


def _score(evidence: Evidence, protocol: Protocol, external: bool) -> ScoreInfo:
    result = protocol.score(evidence)
    figures = encode({"miou": result.miou, "iou": result.iou.tolist(), "extra": result.extra}, protocol.name)
    method = dict.fromkeys(protocol.method.fields, EXTERNAL) if external else protocol.method.fields
    return ScoreInfo(
        protocol=protocol.name,
        kernel=result.kernel,
        evaluation=ProtocolHalf(protocol.evaluation.digest, protocol.evaluation.fields),
        method=ProtocolHalf(EXTERNAL if external else protocol.method.digest, method),
        miou=figures["miou"],
        iou=tuple(figures["iou"]),
        averaged=tuple(bool(each) for each in result.averaged),
        extra=figures["extra"],
        remarks=() if external else protocol.remarks,
    )
