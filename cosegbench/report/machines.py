"""With what each record was made: versions, platform, device, seed, batches and command; never a path of a machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from cosegbench.records import Environment, Record
from cosegbench.report.sources import Records
from cosegbench.report.view import Cell, Column, Row, Table
from cosegbench.running.answering import column_of, row_of
from cosegbench.tables.figures import short

_PATH = "(a path)"


@dataclass(frozen=True, slots=True)
class Machine:
    """Versions that some records share.

    Args:
        name: how the table of records calls it.
        versions: distribution -> version.
        platform: operating system and machine type.
        code: commit of the checkout, and whether files of it had changed.
        records: how many records.
    """

    name: str
    versions: Mapping[str, str]
    platform: str
    code: str
    records: int


def machines(records: Records) -> tuple[Machine, ...]:
    """The different environments of the records, in the order in which they are met."""
    counts: dict[tuple[tuple[tuple[str, str], ...], str, str], int] = {}
    for _, record in records:
        counts[_key(record)] = counts.get(_key(record), 0) + 1
    return tuple(
        Machine(f"E{place}", dict(versions), platform, code, number)
        for place, ((versions, platform, code), number) in enumerate(counts.items(), 1)
    )


def records_table(records: Records, found: Iterable[Machine]) -> Table:
    """A row a record."""
    names = {(tuple(each.versions.items()), each.platform, each.code): each.name for each in found}
    headings = ("column", "family", "environment", "device", "weights", "labels", "command")
    numbers = ("images", "seed", "batch", "threads")
    columns = tuple(
        Column(name, "number" if name in numbers else "word") for name in (*headings[:3], *numbers, *headings[3:])
    )
    rows = tuple(Row(row_of(path, record), _cells(record, names[_key(record)])) for path, record in records)
    caption = f"{len(records)} records and how they were made"
    return Table("records-table", caption, "Predictor", columns, rows)


def tidy_command(words: Sequence[str]) -> str:
    """A command line without absolute paths, which say nothing to another machine."""
    return " ".join(_tidy(word) for word in words)


def _cells(record: Record, environment: str) -> tuple[Cell, ...]:
    how, data = record.execution, record.dataset
    numbers = (data.images, *((how.seed, how.batch_size, how.threads) if how else (None, None, None)))
    weights = record.predictor.weights_digest
    return (
        Cell(column_of(record)),
        Cell(record.family),
        Cell(environment, href=f"environment-{environment}"),
        *(Cell() if number is None else Cell(str(number), float(number)) for number in numbers),
        Cell(how.device if how else ""),
        Cell(short(weights) if weights else "", tone="code"),
        Cell(short(data.content_digest), tone="code"),
        Cell(tidy_command(record.environment.command), tone="code"),
    )


def _key(record: Record) -> tuple[tuple[tuple[str, str], ...], str, str]:
    made: Environment = record.environment
    return tuple(made.versions.items()), made.platform, _code(made)


def _code(made: Environment) -> str:
    if made.git_commit is None:
        return "installed, no checkout"
    return f"commit {short(made.git_commit)}{', files changed' if made.git_dirty else ''}"


def _tidy(word: str) -> str:
    before, sign, value = word.rpartition("=")
    path = value.startswith("~") or PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()
    # `/a/b.py:Mine` is a path as well
    return f"{before}{sign}{_PATH}" if path else word
