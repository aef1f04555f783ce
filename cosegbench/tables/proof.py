"""Whether records still say what the integer counts beside them give: no figure is printed that was typed in.

The counts are small (tens of kilobytes a record of the miniature), so every figure is computed again before a table is
made. A record without counts beside it is not an error, because records may be kept alone; it is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.errors import CosegbenchError, RecordError
from cosegbench.image_lists import image_list_digest
from cosegbench.records import ProtocolHalf, Record, ScoreInfo, check_evidence, evidence_file

if TYPE_CHECKING:
    from cosegbench.evidence import Evidence
    from cosegbench.kernels import Score

TOLERANCE = 1e-9
"""Percent by which a figure may differ: another release of NumPy may add the same numbers in another order."""

_EXTERNAL = "external"
_SHOWN = 3

Item = tuple[str, float | bool | None, float | bool | None]


def prove(records: Iterable[tuple[Path, Record]]) -> tuple[Path, ...]:
    """Compute every figure of these records again from the evidence beside them.

    Args:
        records: each with its path.

    Returns:
        The paths of the records that have no evidence beside them; of those only the digests are compared.

    Raises:
        RecordError: a figure, a count or a digest is not what was measured; lists them all, with file, cell and both
            values.
    """
    problems, alone = [], []
    for path, record in records:
        problems += [f"{path}: {line}" for line in _changed_halves(record)]
        file = evidence_file(path, record)
        if file is None or not file.is_file():
            alone.append(path)
            continue
        try:
            problems += [f"{path}: {line}" for line in _changed(record, _load(path, record))]
        except CosegbenchError as error:
            problems.append(str(error))
    if problems:
        raise RecordError(
            "\n".join(
                [
                    f"{len(problems)} statement(s) of these records are not what was measured. Make the records again "
                    "with `run --fresh` (or `score`), or print what they say with --no-check.",
                    *(f"  - {line}" for line in problems),
                ]
            )
        )
    return tuple(alone)


def _load(path: Path, record: Record) -> Evidence:
    from cosegbench.evidence import Evidence

    return Evidence.load(check_evidence(path, record))


def _changed_halves(record: Record) -> Iterator[str]:
    """Halves of protocols whose digest is not that of their fields."""
    from cosegbench.protocols.fields import digest

    for score in record.scores.values():
        for name in ("evaluation", "method"):
            half: ProtocolHalf = getattr(score, name)
            if half.digest not in (_EXTERNAL, found := digest(half.fields)):
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
