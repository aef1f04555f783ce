"""The images on which systems do worst, with the mIoU of each image for every system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cosegbench.report.sources import Sources
from cosegbench.report.thumbnails import Pictures
from cosegbench.report.view import Cell, Palette, Row, Table, percent
from cosegbench.report.view import Column as Heading
from cosegbench.statistics import image_values
from cosegbench.tables.columns import Column
from cosegbench.tables.figures import Figure

_HOW = (
    "mIoU of an image: the mean over the classes that it truly shows, percent. A dash where it shows none.",
    "An image is here because it is among the lowest of some system; the last column says of which. Equal figures go "
    "by id.",
)
_SEE = "`cosegbench show --image ID` draws photograph, ground truth, predictions and where they differ."

_Values = Mapping[str, Mapping[str, float]]


def image_tables(
    ident: str, columns: Sequence[Column], sources: Sources, palette: Palette, worst: int, pictures: Pictures
) -> tuple[Table, ...]:
    """One table a column that has a system with evidence.

    Args:
        ident: ids of the tables begin with it.
        columns: of a measured table, of one protocol.
        sources: where its figures come from.
        palette: the predictors' colours.
        worst: so many images a system.
        pictures: draws the images, or nothing.

    Raises:
        MissingDataError, DataError: pictures were asked for and cannot be drawn.
    """
    tables = []
    for place, column in enumerate(columns, 1):
        systems = sorted((each for each in column.figures if not each.reference), key=lambda each: each.name)
        same = [figure for figure in systems if figure.column_key == systems[0].column_key]
        values = {figure.name: found for figure in same if (found := _values(figure, sources)) is not None}
        if values and worst:
            shown = _chosen(values, worst)
            drawn = pictures.draw(sources.source(same[0]).record, list(shown))
            tables.append(_table(f"{ident}-{place}", column, same[0], values, shown, drawn, palette))
    return tuple(tables)


def _values(figure: Figure, sources: Sources) -> Mapping[str, float] | None:
    """Image -> its mIoU in percent, NaN where it shows no class; None where there is no evidence."""
    made_of = sources.summands(figure)
    if isinstance(made_of, str):
        return None
    return dict(zip(made_of.image_ids, image_values(made_of).tolist(), strict=True))


def _chosen(values: _Values, worst: int) -> dict[str, list[str]]:
    """Image -> the systems among whose worst it is, the lowest mean over systems first."""
    chosen: dict[str, list[str]] = {}
    for name, found in values.items():
        known = sorted((value, image) for image, value in found.items() if not math.isnan(value))
        for _, image in known[:worst]:
            chosen.setdefault(image, []).append(name)
    return dict(sorted(chosen.items(), key=lambda item: (_mean(values, item[0]), item[0])))


def _mean(values: _Values, image: str) -> float:
    known = [found[image] for found in values.values() if not math.isnan(found.get(image, math.nan))]
    return math.fsum(known) / len(known) if known else math.inf


def _table(
    ident: str,
    column: Column,
    first: Figure,
    values: _Values,
    shown: Mapping[str, Sequence[str]],
    drawn: Mapping[str, tuple[str, ...]],
    palette: Palette,
) -> Table:
    headings = (
        *([Heading("photograph, ground truth", "word")] if drawn else []),
        *(Heading(name, colour=palette.colour(name)) for name in values),
        Heading("worst of", "prose"),
    )
    rows = tuple(
        Row(
            image,
            (
                *([Cell(pictures=drawn.get(image, ()))] if drawn else []),
                *(_cell(found.get(image, math.nan), name in whose) for name, found in values.items()),
                Cell(", ".join(whose)),
            ),
        )
        for image, whose in shown.items()
    )
    caption = f"{column.heading}, protocol {first.protocol}: worst images (mIoU of the image in percent)"
    return Table(ident, caption, "Image", headings, rows, (), (*_HOW, _SEE))


def _cell(value: float, worst: bool) -> Cell:
    return Cell() if math.isnan(value) else Cell(percent(value), value, tone="open" if worst else "")
