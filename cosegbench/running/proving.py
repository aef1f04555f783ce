"""What a record says that was not measured: its figures against the counts beside it, and its own statements.

Whoever prints or trusts a finished record asks here first: ``table``, and ``run`` before it calls a run finished.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench.errors import CosegbenchError
from cosegbench.evidence import Evidence
from cosegbench.files import text_digest
from cosegbench.image_lists import image_list_digest
from cosegbench.protocols.fields import digest
from cosegbench.records import ProtocolHalf, Record, ScoreInfo, check_evidence
from cosegbench.running.finish import EXTERNAL
from cosegbench.running.job import canonical

if TYPE_CHECKING:
    from cosegbench.kernels import Score

MEND = (
    "Figures are computed anew from the evidence by `cosegbench rescore`; anything else needs the record made again "
    "with `cosegbench run --fresh` (or `score`)."
)
"""What to do about a record that says something else than what was measured."""

TOLERANCE = 1e-9
"""Percent by which a figure may differ: another release of NumPy may add the same numbers in another order."""

_SHOWN = 3

Item = tuple[str, float | bool | None, float | bool | None]


def changed_statements(record: Record) -> Iterator[str]:
    """What of a record contradicts the rest of it: halves of protocols and the identity of its run; needs no evidence.

    Yields:
        A line for each, with both values.
    """
    yield from _changed_halves(record)
    yield from _changed_identity(record)


def changed_figures(path: Path, record: Record) -> Iterator[str]:
    """Whatever a record says that the evidence beside it does not.

    Yields:
        A line for each, with both values.

    Raises:
        RecordError: the evidence is absent or another file than the record speaks of.
        EvidenceError: it is damaged.
    """
    yield from _changed(record, Evidence.load(check_evidence(path, record)))


def _changed_identity(record: Record) -> Iterator[str]:
    """Fields of the record that differ from the identity of its run; what an old identity does not state passes."""
    execution, data = record.execution, record.dataset
    if execution is None or not execution.identity:
        return
    stated: Mapping[str, Mapping[str, tuple[str, Any]]] = {
        "dataset": {
            "limit": ("limit", data.limit),
            "labels": ("content_digest", data.content_digest),
            "images": ("image_list_digest", data.image_list_digest),
            "vocabulary": ("vocabulary_digest", data.vocabulary_digest),
        },
        "predictor": {"weights_digest": ("weights_digest", record.predictor.weights_digest)},
    }
    for part, fields in stated.items():
        known = execution.identity.get(part)
        if not isinstance(known, Mapping):
            continue
        for key, (name, said) in fields.items():
            if key in known and known[key] != said:
                yield f"{part}.{name}: the record says {said}, the identity of its run {known[key]}."
    if execution.run_digest != (found := text_digest(canonical(execution.identity))):
        yield f"execution.run_digest: the record says {execution.run_digest}, the identity of its run gives {found}."


def _changed_halves(record: Record) -> Iterator[str]:
    """Halves of protocols whose digest is not that of their fields."""
    for score in record.scores.values():
        for name in ("evaluation", "method"):
            half: ProtocolHalf = getattr(score, name)
            if half.digest not in (EXTERNAL, found := digest(half.fields)):
                yield (
                    f"{_cell(record, score)}: the {name} half says digest {half.digest:.12}, its fields give "
                    f"{found:.12}."
                )


def _changed(record: Record, evidence: Evidence) -> Iterator[str]:
    """Whatever a record says that its evidence does not."""
    data = record.dataset
    counts: Sequence[tuple[str, object, object]] = (
        ("classes", len(data.classes), evidence.num_classes),
        ("images", data.images, len(evidence)),
        ("digest of the image list", data.image_list_digest, image_list_digest(evidence.image_ids)),
    )
    wrong = [f"{name}: the record says {said}, its evidence {found}." for name, said, found in counts if said != found]
    yield from wrong
    for score in record.scores.values() if not wrong else ():
        yield from _changed_figures(record, score, evidence)


def _changed_figures(record: Record, score: ScoreInfo, evidence: Evidence) -> Iterator[str]:
    from cosegbench.kernels import score as compute

    where = _cell(record, score)
    try:
        found = compute(evidence, score.kernel)
    except CosegbenchError as error:
        yield f"{where}: the figure cannot be computed again: {error}"
        return
    differing = [item for item in _items(record.dataset.classes, score, found) if not _equal(*item[1:])]
    for name, said, again in differing[:_SHOWN]:
        yield f"{where}, {name}: the record says {_text(said)}, its evidence gives {_text(again)}."
    if len(differing) > _SHOWN:
        yield f"{where}: and {len(differing) - _SHOWN} more values."


def _items(classes: Sequence[str], said: ScoreInfo, found: Score) -> Iterator[Item]:
    """Name, recorded value and value from the evidence of everything that one protocol states."""
    yield "mIoU", said.miou, found.miou
    yield "number of classes", min(len(said.iou), len(said.averaged)), len(found.iou)
    for name, one, other in zip_longest(classes, said.iou, found.iou.tolist()):
        yield f"IoU of {name}", one, other
    for name, one, other in zip_longest(classes, said.averaged, found.averaged.tolist()):
        yield f"whether {name} is averaged", one, other
    for name in sorted({*said.extra, *found.extra}):
        yield name, said.extra.get(name), found.extra.get(name)


def _equal(said: float | bool | None, found: float | bool | None) -> bool:
    one, other = (None if value is None or math.isnan(value) else float(value) for value in (said, found))
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


def _cell(record: Record, score: ScoreInfo) -> str:
    return f"{record.predictor.id} on {record.dataset.column or record.dataset.id} under {score.protocol}"


def _text(value: float | bool | None) -> str:
    return "none" if value is None or math.isnan(value) else repr(value)
