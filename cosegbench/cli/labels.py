"""``cosegbench labels``: a predictor's first stage, kept as a file that a second stage or another tool can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosegbench.cli.common import (
    batch_size_option,
    conventions_option,
    data_root_option,
    dataset_names,
    pairs,
    predictor_options,
    split_option,
    threads_option,
)
from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.output import STANDARD_OUTPUT, check_place
from cosegbench.cli.progress import Terminal
from cosegbench.running.cores import default_threads


@click.command("labels")
@predictor_options
@click.option(
    "--dataset",
    required=True,
    metavar="D",
    shell_complete=complete_datasets,
    help="A data set, or the path of a card.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    metavar="FILE",
    callback=lambda _context, _parameter, value: _file(value),
    help="JSON Lines file to write; - is standard output.",
)
@data_root_option
@split_option
@conventions_option
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Only the first so many images. [default: all]")
@batch_size_option
@threads_option
@click.option("--template", default=None, help="Sentence made from a class name, with one {}. [default: the paper's]")
def command(dataset: str, out: Path, conventions: tuple[str, ...], threads: int | None, **given: Any) -> None:
    """Keep a predictor's first stage: the labels that it proposes for each image, ranked.

    One JSON object a line: image_id, indices, names, scores, best label first.

    How many labels there are is the predictor's own option, for instance --set k=20 or --set k=auto.
    """
    from cosegbench.running.first_stage import LabelsRequest, write_ranked_labels

    (name,) = dataset_names(None, (dataset,))
    request = LabelsRequest(
        dataset=name, out=out, conventions=pairs(conventions), threads=threads or default_threads(), **given
    )
    count = write_ranked_labels(request, Terminal())
    click.echo(f"wrote the ranked labels of {count} images to {out}", err=True)


def _file(path: Path) -> Path:
    """Refuse a place for no file before the predictor is built."""
    if str(path) != STANDARD_OUTPUT:
        check_place(path, folder=False)
    return path
