"""``cosegbench report``: everything that records say, as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosegbench.cli.completion import complete_protocols, complete_suites
from cosegbench.cli.output import STANDARD_OUTPUT, check_place, json_option, write_json
from cosegbench.errors import RequestError

if TYPE_CHECKING:
    from cosegbench.records import Record

    Records = Sequence[tuple[Path, Record]]

DEFAULT_RESULTS = Path("results")
DEFAULT_OUTPUT = "report.html"

EXAMPLES = """
\b
Examples:
  cosegbench report --results results/run
  cosegbench report --results results/run --suite miniature --pictures --output miniature.html
  cosegbench report --results results/run --protocol mmseg --resamples 10000 --output - > report.html
"""


def _check_output(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Refuse a place that cannot take a file before any work is done for it."""
    if value != STANDARD_OUTPUT:
        check_place(Path(value), folder=False)
    return value


@click.command("report", epilog=EXAMPLES)
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with the records of `run` and `score`.  [default: results]",
)
@click.option(
    "--output",
    metavar="FILE",
    default=DEFAULT_OUTPUT,
    show_default=True,
    callback=_check_output,
    help="Page to write; `-` prints it.",
)
@click.option(
    "--suite",
    metavar="SUITE",
    shell_complete=complete_suites,
    help="Only the columns of this suite.  [default: every suite with records]",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_protocols,
    help="Rule whose figures are compared and tested; repeatable.  [default: standard, and coseg-authors]",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Bootstrap resamples, and swaps of the permutation tests.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Equal seeds, equal page.")
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="Images of lowest mIoU shown, a system and data set.",
)
@click.option("--pictures", is_flag=True, help="Draw these images and their ground truth, small.")
@click.option(
    "--data-root",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="With --pictures: where the data lies.  [default: $COSEGBENCH_DATA; the miniature is drawn into the cache]",
)
@click.option(
    "--check/--no-check",
    default=True,
    show_default=True,
    help="Compute every figure again from the evidence beside its record; a difference is an error.",
)
@json_option
def command(
    *,
    results: Path | None,
    output: str,
    suite: str | None,
    protocols: tuple[str, ...],
    resamples: int,
    seed: int,
    worst: int,
    pictures: bool,
    data_root: Path | None,
    check: bool,
    json_file: str | None,
) -> None:
    """Write everything that records say as one HTML page.

    Which model is better under which rule, by how much, whether that is significant, and what the paper's printed
    figures are; then the tables behind it, class by class, the worst images, the protocols field by field. The page
    needs no network and no script for reading. Equal records give an equal page: no date, path, host or speed.
    """
    _check_names(suite, protocols, output, json_file)
    if data_root is not None and not pictures:
        raise click.UsageError("--data-root is a setting of --pictures; give --pictures as well.")
    from cosegbench.report.contents import make_report
    from cosegbench.report.material import Wish
    from cosegbench.report.rendering import render
    from cosegbench.report.thumbnails import Pictures

    records = _records(results or DEFAULT_RESULTS, check)
    made = make_report(records, Wish(suite, protocols, resamples, seed, worst, Pictures(pictures, data_root)))
    for problem in made.problems:
        click.echo(problem, err=True)
    if json_file != STANDARD_OUTPUT:
        _write(render(made), output)
    if json_file is not None:
        from cosegbench.report.document import as_document

        write_json(as_document(made), json_file)


def _check_names(suite: str | None, protocols: Sequence[str], output: str, json_file: str | None) -> None:
    """Refuse what nothing bears, before any record is read."""
    if suite is not None:
        from cosegbench.suites import suite_datasets

        suite_datasets(suite)
    for name in protocols:
        from cosegbench.protocols import get_protocol

        get_protocol(name)
    if json_file is not None and json_file != STANDARD_OUTPUT and json_file == output:
        raise RequestError(f"--output and --json both name {output}; give each a file of its own.")


def _records(folder: Path, check: bool) -> Records:
    """Every record of the folder, at least one."""
    from cosegbench.tables.figures import read_records

    records = read_records(folder) if folder.is_dir() else ()
    if not records:
        raise RequestError(
            f"no record lies in {folder} (--results names another folder). To make one: cosegbench run --predictor "
            f"coseg-prefix --suite miniature --results {folder}"
        )
    if check:
        _prove(records)
    return records


def _prove(records: Records) -> None:
    """Compare every record with its evidence, and say on standard error which have none."""
    from cosegbench.tables.proof import prove

    if alone := prove(records):
        click.echo(
            f"{len(alone)} of {len(records)} records have no evidence beside them, {alone[0]} among them; their "
            "figures are shown as they stand, without intervals and tests.",
            err=True,
        )


def _write(page: str, output: str) -> None:
    """Write the page whole or not at all, and say how large it is.

    Raises:
        RequestError: the file cannot be written.
    """
    if output == STANDARD_OUTPUT:
        click.echo(page, nl=False)
        return
    from cosegbench.files import write_text

    try:
        write_text(Path(output), page)
    except OSError as error:
        raise RequestError(f"{output} cannot be written: {error}.") from error
    click.echo(f"{output}: {len(page.encode('utf-8')) / 1000:.0f} kB")
