"""What every part of the page starts from: the figures of the records, their columns, and the pairs of systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cosegbench.errors import RequestError
from cosegbench.report.pairs import Compared, compare_column
from cosegbench.report.sources import Records, Sources
from cosegbench.report.thumbnails import Pictures
from cosegbench.report.view import Palette
from cosegbench.running.answering import column_of
from cosegbench.suites import SUITES
from cosegbench.tables.answers import answer
from cosegbench.tables.cells import row_names
from cosegbench.tables.columns import Column, columns_of
from cosegbench.tables.figures import Figure
from cosegbench.tables.measured import DEFAULT_PROTOCOLS, shown_suites
from cosegbench.tables.printed import read_printed

Place = tuple[str, str]
"""Suite and protocol: what one measured table is about."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a report is asked to show.

    Args:
        suite: only its columns; None for every suite with records, then the data sets that are in none.
        protocols: the rules that are compared and tested; empty for the default ones.
        resamples: bootstrap draws, and swaps of a test.
        seed: equal seeds give equal pages.
        worst: so many of the worst images of each system.
        pictures: draws these images, or nothing.
    """

    suite: str | None = None
    protocols: tuple[str, ...] = ()
    resamples: int = 1000
    seed: int = 0
    worst: int = 5
    pictures: Pictures = field(default_factory=Pictures)


class Material:
    """Figures, columns and pairs of a report.

    Args:
        records: each with its path.
        wish: what is asked for.

    Raises:
        RequestError: no record holds a figure of what is asked for.
        DataError: the ledger is damaged.
    """

    def __init__(self, records: Records, wish: Wish) -> None:
        self.wish, self.sources = wish, Sources(records, wish.resamples, wish.seed)
        protocols = tuple(dict.fromkeys(wish.protocols or DEFAULT_PROTOCOLS))
        shown = shown_suites(self.sources.figures, SUITES, wish.suite)
        self.suites = {name: tuple(datasets) for name, datasets in shown.items() if self._of(datasets)}
        self.datasets = tuple(data for datasets in self.suites.values() for data in datasets)
        self.records = tuple((path, record) for path, record in records if column_of(record) in self.datasets)
        self.figures = self._of(self.datasets)
        """Of the suites shown, under every rule that the records hold."""
        self.columns: dict[Place, tuple[Column, ...]] = {}
        self.remarks: dict[Place, tuple[str, ...]] = {}
        """On data sets that were measured in several ways."""
        for place in ((suite, protocol) for suite in self.suites for protocol in protocols):
            found = self._columns(self.suites[place[0]], place[1])
            if columns := tuple(column for each, _ in found for column in each):
                self.columns[place] = columns
                self.remarks[place] = tuple(remark for _, remark in found if remark)
        if not self.columns:
            raise RequestError(_nothing(self.sources.figures, wish.suite, protocols))
        self.names = tuple(row_names(self.figures))
        systems = {figure.name for figure in self.figures if not figure.reference}
        self.palette = Palette(tuple(name for name in self.names if name in systems))
        self.printed = read_printed()
        self.answers = answer(self.records)
        self.compared: Mapping[Place, tuple[Compared, ...]] = {
            place: tuple(pair for column in columns for pair in compare_column(column, self.sources))
            for place, columns in self.columns.items()
        }

    @property
    def main(self) -> Mapping[str, tuple[Column, ...]]:
        """Suite -> the columns of its first rule."""
        found: dict[str, tuple[Column, ...]] = {}
        for (suite, _), columns in self.columns.items():
            found.setdefault(suite, columns)
        return found

    def _of(self, datasets: Sequence[str]) -> tuple[Figure, ...]:
        return tuple(figure for figure in self.sources.figures if figure.dataset in datasets)

    def _columns(self, datasets: Sequence[str], protocol: str) -> list[tuple[tuple[Column, ...], str]]:
        """The columns of each data set, with a remark where these are several."""
        found = [figure for figure in self._of(datasets) if figure.protocol == protocol]
        return [columns_of(data, [figure for figure in found if figure.dataset == data]) for data in datasets]


def _nothing(figures: Sequence[Figure], suite: str | None, protocols: Sequence[str]) -> str:
    held = ", ".join(sorted({figure.protocol for figure in figures})) or "none"
    where = f" of suite {suite}" if suite else ""
    return f"no record{where} holds a figure under {', '.join(protocols)}. Records hold: {held}."
