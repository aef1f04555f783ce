"""Named selections of the ledger: ``all``, ``table1``, those of ``results/published-selections.csv``, every method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cosegbench.errors import DataError, UnknownNameError
from cosegbench.locate import data_file
from cosegbench.tables.ledger import PublishedFigure, read_published, read_rows
from cosegbench.tables.printed import read_printed

ALL = "all"
TABLE1 = "table1"

_COLUMNS = ("selection", "method", "variant", "backbone", "source")


def selections(
    path: Path | None = None, published: Sequence[PublishedFigure] | None = None
) -> Mapping[str, tuple[PublishedFigure, ...]]:
    """Every selection by name, in the order of the ledger.

    ``all`` is the ledger; ``table1`` what the printed cells of the CoSeg paper's Table 1 really are; ``sota`` and any
    other of the file are lists of systems; every method of the ledger is a selection of its own, by its name in lower
    case.

    Args:
        path: by default the file that the project ships.
        published: by default the ledger that the project ships.

    Raises:
        DataError: a line of the file that no figure of the ledger answers, or a name that a method bears already.
    """
    ledger = tuple(read_published() if published is None else published)
    methods = {figure.method.lower(): figure.method for figure in ledger}
    found = {ALL: ledger, TABLE1: _printed(ledger)} | _listed(path, ledger)
    if twice := sorted(set(found) & set(methods)):
        raise DataError(f"published-selections.csv: {', '.join(twice)} is the name of a method; choose another.")
    return found | {
        name: tuple(figure for figure in ledger if figure.method == method) for name, method in sorted(methods.items())
    }


def select(names: Iterable[str]) -> tuple[PublishedFigure, ...]:
    """The figures of these selections, each once, in the order of the ledger.

    Raises:
        UnknownNameError: no such selection; lists them.
    """
    known = selections()
    chosen: set[PublishedFigure] = set()
    for name in names:
        if name.lower() not in known:
            raise UnknownNameError("selection of published figures", name, known)
        chosen.update(known[name.lower()])
    return tuple(figure for figure in known[ALL] if figure in chosen)


def _printed(ledger: Sequence[PublishedFigure]) -> tuple[PublishedFigure, ...]:
    """What Table 1 prints, as the figures that its cells really are."""
    chosen: set[PublishedFigure] = set()
    for cell in read_printed(published=ledger).cells:
        same = [figure for figure in ledger if (figure.method, figure.value) == (cell.method, cell.printed)]
        # CoSeg's first cell is in the ledger under the view that its column names, and was scored on another
        chosen.update([figure for figure in same if figure.view == cell.view] or same)
    return tuple(figure for figure in ledger if figure in chosen)


def _listed(path: Path | None, ledger: Sequence[PublishedFigure]) -> dict[str, tuple[PublishedFigure, ...]]:
    path = path or data_file("results", "published-selections.csv")
    wanted: dict[str, set[tuple[str, ...]]] = {}
    known = {_system(figure) for figure in ledger}
    problems = []
    for line, row in read_rows(path, _COLUMNS):
        system = tuple(row[name] for name in _COLUMNS[1:])
        if system not in known:
            problems.append(f"line {line}: the ledger has no figure of {' | '.join(system)}.")
        wanted.setdefault(row["selection"], set()).add(system)
    if problems:
        raise DataError(f"{path.name} selects what the ledger does not hold:", problems)
    return {name: tuple(figure for figure in ledger if _system(figure) in systems) for name, systems in wanted.items()}


def _system(figure: PublishedFigure) -> tuple[str, ...]:
    return figure.method, figure.variant, figure.backbone, figure.source
