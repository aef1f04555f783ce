"""``rescore``: every rule that kept evidence allows, computed anew without inference, written into the records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import EvidenceError, ProtocolError, RecordError, RequestError, UnknownNameError
from cosegbench.protocols import list_protocols
from cosegbench.records import Record, list_records, read_record, write_record
from cosegbench.running.answering import column_of, entry_id, family_today, load_evidence, row_of, why_not
from cosegbench.running.families import check_protocols
from cosegbench.running.finish import score_protocols
from cosegbench.running.request import DEFAULT_RESULTS


@dataclass(frozen=True, slots=True)
class RescoreRequest:
    """One call of ``rescore``.

    Args:
        results: folder of the records.
        protocols: names to add to what the records answer for; empty: only what they hold is computed anew.
        predictor: only this folder of results.
        dataset: only this column.
    """

    results: Path = DEFAULT_RESULTS
    protocols: tuple[str, ...] = ()
    predictor: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Rescored:
    """One record, computed anew.

    Args:
        path: of the record.
        before: as it was.
        record: as it is now.
        changed: protocols whose stored figures or definition differ from today's.
        kept: protocols whose stored figures stay, because today's rules do not give them.
        refused: protocol of today -> why this record's evidence does not answer it.
    """

    path: Path
    before: Record
    record: Record
    changed: tuple[str, ...]
    kept: tuple[str, ...]
    refused: Mapping[str, str]

    @property
    def cell(self) -> tuple[str, str]:
        """Results folder with its input, and column, which several records (one a family) may share."""
        return row_of(self.path, self.record), column_of(self.record)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``rescore`` did.

    Args:
        records: those that were computed anew, in the order of their files.
        problems: a line for each record that could not be, and why.
    """

    records: tuple[Rescored, ...]
    problems: tuple[str, ...]

    def refusals(self, protocol: str) -> dict[tuple[str, str], str]:
        """(results folder, column) -> why none of its records answers a protocol; cells that answer are left out."""
        found: dict[tuple[str, str], list[str]] = {}
        answered = {each.cell for each in self.records if protocol in each.record.scores}
        for each in self.records:
            if each.cell not in answered:
                found.setdefault(each.cell, []).append(each.refused[protocol])
        # Of several records, the one of the protocol's own pass says most.
        return {cell: max(reasons, key=lambda text: "another pass" not in text) for cell, reasons in found.items()}


def rescore(request: RescoreRequest) -> Outcome:
    """Compute every figure of kept evidence anew, by today's rules, and write the records that change.

    A record holds every protocol of its family that its evidence allows. Protocols that are asked for join what the
    record was asked for. The scores are those of a fresh run, bit for bit; everything else in the record stays, because
    it says how the evidence was made.

    Raises:
        RequestError: no such folder, an unknown name, no record of that predictor or column, or a protocol that no
            record allows; nothing was written.
        RecordError: a record that cannot be read or written.
    """
    check_protocols(request.protocols)
    records, problems = [], []
    for path in _chosen(request):
        try:
            records.append(recompute(path, read_record(path), request.protocols))
        except (RecordError, EvidenceError) as error:
            problems.append(str(error))
    outcome = Outcome(tuple(records), tuple(problems))
    _require_answers(outcome, request.protocols)
    for each in records:
        if each.record != each.before:
            write_record(each.path, each.record)
    return outcome


def _chosen(request: RescoreRequest) -> list[Path]:
    """Paths of the records that were asked for.

    Raises:
        RequestError: no such folder, or no record in it.
        UnknownNameError: none of this predictor or column.
    """
    try:
        paths = list_records(request.results)
    except RecordError as error:
        raise RequestError(str(error)) from error
    if not paths:
        raise RequestError(f"no record lies in {request.results}. To make one: cosegbench run --results ...")
    if request.predictor is not None:
        folders = {path.parent.name for path in paths}
        if request.predictor not in folders:
            raise UnknownNameError(f"predictor of {request.results}", request.predictor, folders)
        paths = [path for path in paths if path.parent.name == request.predictor]
    if request.dataset is not None:
        columns = {path: path.name.removesuffix(".json").rpartition(".")[0] for path in paths}
        if request.dataset not in columns.values():
            raise UnknownNameError(f"data set of {request.results}", request.dataset, set(columns.values()))
        paths = [path for path in paths if columns[path] == request.dataset]
    return paths


def recompute(path: Path, record: Record, asked: Sequence[str] = ()) -> Rescored:
    """Compute one record anew; nothing is written.

    Raises:
        RecordError, EvidenceError: its evidence is absent, not its own, or of another definition of its family.
    """
    evidence, family = load_evidence(path, record), family_today(path, record)
    scores = score_protocols(evidence, family, lambda _: None, external=record.kind == "score")
    predictor = entry_id(record)  # once: it lists the installed plug-ins
    refused = {
        protocol.name: why_not(evidence, family, protocol, predictor)
        for protocol in list_protocols()
        if protocol.name not in scores
    }
    lost = {name: score for name, score in record.scores.items() if name not in scores}
    requested = dict.fromkeys([*record.requested, *(name for name in asked if name in scores)])
    return Rescored(
        path=path,
        before=record,
        record=dataclasses.replace(record, scores={**scores, **lost}, requested=tuple(requested)),
        changed=tuple(name for name, score in scores.items() if record.scores.get(name, score) != score),
        kept=tuple(lost),
        refused=refused,
    )


def _require_answers(outcome: Outcome, asked: Sequence[str]) -> None:
    """Refuse a protocol that none of the records allows.

    Raises:
        ProtocolError: names it, and the reason of each column.
    """
    cells = {each.cell for each in outcome.records}
    lines = []
    for name in asked:
        refusals = outcome.refusals(name)
        if cells and refusals.keys() == cells:
            lines += [f"{name}: {reason}" for reason in dict.fromkeys(refusals.values())]
    if lines:
        summary = "no record's evidence allows what was asked for; nothing was written:"
        raise ProtocolError("\n  - ".join([summary, *lines]))
