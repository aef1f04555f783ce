"""The two sides of a comparison: a folder of the results, or one record file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import RecordError, RequestError, UnknownNameError
from cosegbench.evidence import Evidence
from cosegbench.records import Record, ScoreInfo, check_evidence, list_records, read_record


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that holds the figure to compare, and where it lies."""

    path: Path
    record: Record
    score: ScoreInfo

    def evidence(self) -> Evidence:
        """The integer counts beside the record.

        Raises:
            RecordError: they are absent or another run's.
            EvidenceError: the file is damaged.
        """
        return Evidence.load(check_evidence(self.path, self.record))


@dataclass(frozen=True, slots=True)
class Side:
    """One predictor.

    Args:
        name: what it is called in the output; never a path.
        entries: column -> record.
        single: whether one record file was named, so that its column is the one to compare.
    """

    name: str
    entries: Mapping[str, Entry]
    single: bool


def find_sides(first: str, second: str, results: Path, protocol: str) -> tuple[Side, Side]:
    """Both sides by name or file.

    Args:
        first: folder of ``results``, or path of a record.
        second: likewise.
        results: where names are looked up.
        protocol: whose figures are compared.

    Raises:
        UnknownNameError: no such folder; lists the near ones.
        RequestError: no record of a side holds a figure under the protocol.
        RecordError: a record that cannot be read.
    """
    sides = [_side(text, results, protocol) for text in (first, second)]
    if sides[0].name == sides[1].name:
        sides = [Side(f"{side.name} ({place})", side.entries, side.single) for place, side in enumerate(sides, 1)]
    return sides[0], sides[1]


def _side(text: str, results: Path, protocol: str) -> Side:
    single = text.endswith(".json")
    paths = [_record_file(text)] if single else _folder(text, results)
    entries: dict[str, Entry] = {}
    held: set[str] = set()
    for path in paths:
        record = read_record(path)
        held |= record.scores.keys()
        if protocol in record.scores:
            entries[record.dataset.column or record.dataset.id] = Entry(path, record, record.scores[protocol])
    if not entries:
        raise RequestError(
            f"{text} holds no figure under {protocol!r}; it holds: {', '.join(sorted(held))}. What its evidence allows "
            f"is added by: cosegbench rescore --protocol {protocol}"
        )
    name = next(iter(entries.values())).record.predictor.id if single else text
    return Side(name, entries, single)


def _record_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise RequestError(f"record {text} does not exist (looked in {Path.cwd()}).")
    return path


def _folder(name: str, results: Path) -> list[Path]:
    try:
        paths = list_records(results)
    except RecordError as error:
        raise RequestError(str(error)) from error
    found = [path for path in paths if path.parent.name == name]
    if not found:
        hint = "A record file is given by its path, which ends in .json."
        raise UnknownNameError(f"predictor of {results}", name, {path.parent.name for path in paths}, hint)
    return found
