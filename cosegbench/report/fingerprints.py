"""What made each figure: every field of both halves of each protocol, as the records state it, with what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cosegbench.errors import CosegbenchError
from cosegbench.protocols import Input, explain, get_protocol, list_protocols
from cosegbench.records import ProtocolHalf, Record, ScoreInfo
from cosegbench.report.sources import Records
from cosegbench.running.answering import column_of, entry_id, row_of
from cosegbench.tables.figures import short

_Half = Literal["evaluation", "method"]


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its half, name and value, and what the value means where that is known today."""

    half: _Half
    field: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One protocol as some records applied it.

    Args:
        protocol: its name.
        evaluation: digest of the half that figures of one column share.
        method: digest of the half that belongs to the row.
        summary: the protocol in a sentence; empty where the name is gone.
        source: whose protocol it is.
        notes: remarks on the protocol.
        lines: every field.
        cells: predictor -> its columns, whose figures were made so.
    """

    protocol: str
    evaluation: str
    method: str
    summary: str
    source: str
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    cells: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """Its fragment of the page."""
        return f"fingerprint-{short(self.evaluation)}-{short(self.method)}-{self.protocol}"


def fingerprints(records: Records) -> tuple[Fingerprint, ...]:
    """One for each protocol and pair of digests, in the order of the protocols, then of the digests."""
    order = {protocol.name: place for place, protocol in enumerate(list_protocols())}
    first: dict[tuple[str, str, str], tuple[Record, ScoreInfo]] = {}
    cells: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for path, record in records:
        for name, score in record.scores.items():
            key = name, score.evaluation.digest, score.method.digest
            first.setdefault(key, (record, score))
            cells.setdefault(key, {}).setdefault(row_of(path, record), []).append(column_of(record))
    keys = sorted(first, key=lambda key: (order.get(key[0], len(order)), *key))
    return tuple(_fingerprint(*first[key], {row: tuple(found) for row, found in cells[key].items()}) for key in keys)


def _fingerprint(record: Record, score: ScoreInfo, cells: Mapping[str, tuple[str, ...]]) -> Fingerprint:
    known = [protocol for protocol in list_protocols() if protocol.name == score.protocol]
    words = _words(record, score.protocol) if known else {}
    lines = [*_lines("evaluation", score.evaluation, words), *_lines("method", score.method, words)]
    return Fingerprint(
        protocol=score.protocol,
        evaluation=score.evaluation.digest,
        method=score.method.digest,
        summary=known[0].summary if known else "",
        source=known[0].source if known else "",
        notes=known[0].notes if known else (),
        lines=tuple(lines),
        cells=cells,
    )


def _lines(half: _Half, stored: ProtocolHalf, words: Mapping[tuple[str, str], tuple[Any, str]]) -> list[Line]:
    lines = []
    for name, value in stored.fields.items():
        today, meaning = words.get((half, name), (None, ""))
        # words of today may be said only of a value that is still today's
        lines.append(Line(half, name, _plain(value), meaning if today == value else ""))
    return lines


def _words(record: Record, name: str) -> Mapping[tuple[str, str], tuple[Any, str]]:
    """(half, field) -> value and meaning, of the protocol as it is today for this predictor on this column."""
    try:
        shown = Input.of_family(record.family)
        protocol = get_protocol(name).for_cell(entry_id(record), column_of(record)).with_input(shown)
    except CosegbenchError:
        return {}
    return {(line.half, line.field): (line.value, line.words) for line in explain(protocol)}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
