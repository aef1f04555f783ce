"""The two sides of a comparison: a folder of the results, or one record file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cosegbench.errors import RecordError, RequestError, UnknownNameError
from cosegbench.evidence import Evidence
from cosegbench.protocols import INPUTS, input_label
from cosegbench.records import Record, ScoreInfo, check_evidence, list_records, read_record


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that holds the figure to compare, and where it lies."""

    path: Path
    record: Record
    score: ScoreInfo

    @property
    def input(self) -> str:
        """What the predictor saw, in a word or two; empty for the default, see :func:`input_label`."""
        return input_label(self.score.method.fields)

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
        name: what it is called in the output, with its input where that is not the default; never a path.
        entries: column -> record; all of one input.
        single: whether one record file was named, so that its column is the one to compare.
        others: inputs that the folder holds figures of too, and that are left out.
    """

    name: str
    entries: Mapping[str, Entry]
    single: bool
    others: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """The input of its records, as :attr:`Entry.input`."""
        return next(iter(self.entries.values())).input


def find_sides(first: str, second: str, results: Path, protocol: str) -> tuple[Side, Side]:
    """Both sides by name or file.

    Args:
        first: folder of ``results``, or path of a record.
        second: likewise.
        results: where names are looked up.
        protocol: whose figures are compared.

    Raises:
        UnknownNameError: no such folder; lists the near ones.
        RequestError: no record of a side holds a figure under the protocol, two hold the same one, or a folder holds
            several inputs and none of them is the default.
        RecordError: a record that cannot be read.
    """
    sides = [_side(text, results, protocol) for text in (first, second)]
    if sides[0].input != sides[1].input:
        sides = [side if side.input else replace(side, name=f"{side.name}, {_default(side)}") for side in sides]
    if sides[0].name == sides[1].name:
        sides = [replace(side, name=f"{side.name} ({place})") for place, side in enumerate(sides, 1)]
    return sides[0], sides[1]


def _side(text: str, results: Path, protocol: str) -> Side:
    single = text.endswith(".json")
    paths = [_record_file(text)] if single else _folder(text, results)
    found: list[Entry] = []
    held: set[str] = set()
    for path in paths:
        record = read_record(path)
        held |= record.scores.keys()
        if protocol in record.scores:
            found.append(Entry(path, record, record.scores[protocol]))
    if not found:
        raise RequestError(
            f"{text} holds no figure under {protocol!r}; it holds: {', '.join(sorted(held))}. What its evidence allows "
            f"is added by: cosegbench rescore --protocol {protocol}"
        )
    shown, *others = _inputs(text, found)
    name = found[0].record.predictor.id if single else text
    entries = _by_column(entry for entry in found if entry.input == shown)
    return Side(f"{name}, {shown}" if shown else name, entries, single, tuple(others))


def _inputs(text: str, found: Iterable[Entry]) -> list[str]:
    """The input to compare, then those that are left out."""
    inputs = sorted({entry.input for entry in found})  # the default is the empty text and comes first
    if len(inputs) > 1 and inputs[0]:
        raise RequestError(
            f"{text} holds figures of several inputs ({'; '.join(inputs)}) and none of the default. Name the record "
            "file of the one to compare."
        )
    return inputs


def _by_column(found: Iterable[Entry]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for entry in found:
        column = entry.record.dataset.column or entry.record.dataset.id
        if column in entries:
            raise RequestError(
                f"two records hold the same figure on {column}: {entries[column].path} and {entry.path}. Name the "
                "record file of the one to compare."
            )
        entries[column] = entry
    return entries


def _default(side: Side) -> str:
    """What a side without a label showed, said only beside one that showed something else."""
    geometry = next(iter(side.entries.values())).score.method.fields.get("geometry")
    whole = isinstance(geometry, Mapping) and geometry.get("input") == "whole"
    return INPUTS[0] if whole else "input unknown"


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
