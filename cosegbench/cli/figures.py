"""The one line a record and protocol that ``run`` and ``score`` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosegbench.records import Record


def figures(record: Record, protocols: Sequence[str]) -> list[str]:
    """Predictor, data set, protocol and mIoU in percent, tab separated; a dash where there is no figure.

    Where the figures are of saved masks, the predictor's name says so.
    """
    from cosegbench.protocols import Replay, get_protocol

    _, replay = Replay.of_family(record.family)
    row = record.predictor.id if replay is None else f"{record.predictor.id}, {replay.label}"
    lines = []
    for name in protocols:
        protocol = get_protocol(name).for_cell(record.predictor.id, record.dataset.column or record.dataset.id)
        # With another input the family has another ending: open-vocabulary+crop.
        if name in record.scores or protocol.family == record.family.partition("+")[0]:
            found = record.scores.get(name)
            figure = "-" if found is None or found.miou is None else f"{found.miou:.2f}"
            lines.append(f"{row}\t{record.dataset.id}\t{name}\t{figure}")
    return lines
