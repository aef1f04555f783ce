"""``cosegbench score``: label PNGs of any program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, split_option
from cosegbench.cli.completion import complete_datasets, complete_protocols
from cosegbench.cli.figures import figures
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.progress import Terminal
from cosegbench.running.request import DEFAULT_PROTOCOL


@click.command("score")
@click.option(
    "--dataset",
    required=True,
    metavar="D",
    shell_complete=complete_datasets,
    help="A data set, or the path of a card.",
)
@click.option(
    "--predictions",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder of label PNGs named like the images, or its parent.",
)
@click.option(
    "--protocol",
    "protocols",
    metavar="X",
    multiple=True,
    default=(DEFAULT_PROTOCOL,),
    shell_complete=complete_protocols,
    show_default=True,
    help="How to score; repeatable.",
)
@data_root_option
@split_option
@conventions_option
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Only the first so many images. [default: all]")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Also write a record there; needs --name.",
)
@click.option("--name", metavar="ID", default=None, help="The row's name in tables; needs --results.")
@json_option
def command(json_file: str | None, conventions: tuple[str, ...], **given: Any) -> None:
    """Score label PNGs that any program wrote; needs the data set's labels, no photographs.

    Files have 8 or 16 bits and hold class indices; 255 (8 bits) or 65535 (16 bits) is void, unless a manifest.json in
    the folder says otherwise ("format": "cosegbench-predictions", "offset": ..., "void": ...). Files are paired with
    images by name.
    """
    from cosegbench.records.codec import encode
    from cosegbench.running.scoring import ScoreRequest, score_predictions

    request = ScoreRequest(conventions=pairs(conventions), **given)
    record, _ = score_predictions(request, Terminal())
    emit("\n".join(figures(record, request.protocols)), encode(record), json_file)
