"""``cosegbench compare``: whether the difference of two predictors is real."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosegbench.cli.output import emit, json_option
from cosegbench.errors import RequestError

if TYPE_CHECKING:
    from cosegbench.comparison import Side

DEFAULT_RESULTS = Path("results")
DEFAULT_RESAMPLES = 10_000
"""So many that p can fall below 0.05 after adjusting for a few hundred classes."""

EXAMPLES = """
\b
Examples:
  cosegbench compare coseg-prefix coseg-no-training --suite miniature
  cosegbench compare coseg-prefix coseg-xatten --dataset voc20 --protocol mmseg --classes 20
  cosegbench compare mine/voc20.open-vocabulary.json theirs/voc20.open-vocabulary.json --json -
"""


@click.command("compare", epilog=EXAMPLES)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=DEFAULT_RESULTS,
    show_default=True,
    help="Folder of the records, for names.",
)
@click.option("--suite", metavar="S", help="Only the columns of this suite.")
@click.option(
    "--dataset", "datasets", metavar="D", multiple=True, help="Only this column; repeatable.  [default: all of both]"
)
@click.option("--protocol", metavar="X", default="standard", show_default=True, help="Whose figures are compared.")
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=DEFAULT_RESAMPLES,
    show_default=True,
    help="Bootstrap resamples, and swaps of the permutation test.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Equal seeds, equal output.")
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage that the intervals aim at.",
)
@click.option("--classes", type=click.IntRange(min=0), default=5, show_default=True, help="Classes shown a column.")
@json_option
def command(
    *,
    first: str,
    second: str,
    results: Path,
    suite: str | None,
    datasets: tuple[str, ...],
    protocol: str,
    resamples: int,
    seed: int,
    level: float,
    classes: int,
    json_file: str | None,
) -> None:
    """Compare two predictors image by image: difference, interval, test, class by class.

    A and B are folders of the results or record files. Figures whose rule, images or labels differ are refused. The
    same images are drawn for both, and swapped between the two, so what images have in common cancels. Of a folder
    with several inputs (run --input) the default is compared; another is named by its record file.
    """
    from cosegbench.comparison import Draws, as_json, as_text, compare_column, find_sides, pair_columns
    from cosegbench.protocols import get_protocol

    get_protocol(protocol)
    if suite is not None and datasets:
        raise RequestError("give --suite or --dataset, not both.")
    sides = find_sides(first, second, results, protocol)
    _tell_inputs(sides)
    wanted = datasets if suite is None else _of_suite(suite, sides)
    draws = Draws(resamples, seed, level)
    columns = [compare_column(pair, draws) for pair in pair_columns(*sides, wanted)]
    emit(as_text(sides, protocol, columns, draws, classes), as_json(sides, protocol, columns, draws), json_file)


def _tell_inputs(sides: tuple[Side, Side]) -> None:
    """Name the inputs that a folder holds too."""
    lines = [
        f"Left out of {side.name}: its records of input {'; '.join(side.others)}. To compare one, name its record file."
        for side in sides
        if side.others
    ]
    for line in dict.fromkeys(lines):
        click.echo(line, err=True)


def _of_suite(suite: str, sides: tuple[Side, Side]) -> tuple[str, ...]:
    """The suite's columns that both have, in its order, or all of them where there is none, to be refused by name."""
    from cosegbench.suites import suite_datasets

    names = suite_datasets(suite)
    shared = tuple(name for name in names if all(name in side.entries for side in sides))
    if shared and len(shared) < len(names):
        absent = [name for name in names if name not in shared]
        click.echo(f"Not measured for both and left out: {', '.join(absent)}.", err=True)
    return shared or names
