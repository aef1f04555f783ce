"""``cosegbench score``: label PNGs of any program, or masks that a run saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, split_option
from cosegbench.cli.completion import complete_datasets, complete_protocols
from cosegbench.cli.figures import figures
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.progress import Terminal
from cosegbench.errors import RequestError
from cosegbench.protocols.replays import NOTHINGS, Nothing, Replay
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
    help="Folder of label PNGs named like the images, or its parent; with --soft what `run --save-predictions` got.",
)
@click.option(
    "--soft",
    is_flag=True,
    help="Score the 8-bit masks that `run --save soft` kept, not label PNGs.",
)
@click.option(
    "--threshold",
    metavar="T",
    default=None,
    help="With --soft: probability that a mask must exceed, or none. [default: the protocol's]",
)
@click.option(
    "--nothing",
    type=click.Choice([word for word in NOTHINGS if word != "own"]),
    default=None,
    help='With --soft: what becomes of a mask more similar to "nothing" than to any class. [default: the protocol\'s]',
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
    help="Also write a record there; needs --name (with --soft the predictor's name by default).",
)
@click.option("--name", metavar="ID", default=None, help="The row's name in tables; needs --results.")
@json_option
def command(
    json_file: str | None,
    conventions: tuple[str, ...],
    soft: bool,
    threshold: str | None,
    nothing: Nothing | None,
    **given: Any,
) -> None:
    """Score label PNGs that any program wrote; needs the data set's labels, no photographs.

    Files have 8 or 16 bits and hold class indices; 255 (8 bits) or 65535 (16 bits) is void, unless a manifest.json in
    the folder says otherwise ("format": "cosegbench-predictions", "offset": ..., "void": ...). Files are paired with
    images by name.

    With --soft: masks that `run --save-predictions DIR --save soft` kept, by another threshold or rule, without
    inference. Their figures are marked, and are a row of their own in tables.
    """
    from cosegbench.records.codec import encode
    from cosegbench.running.scoring import ScoreRequest, score_predictions

    request = ScoreRequest(conventions=pairs(conventions), **given)
    if soft:
        from cosegbench.running.replaying import replay_masks

        record, _ = replay_masks(request, Replay.of_text(threshold, nothing), Terminal())
    else:
        _refuse_without_masks(threshold, nothing)
        record, _ = score_predictions(request, Terminal())
    emit("\n".join(figures(record, request.protocols)), encode(record), json_file)


def _refuse_without_masks(threshold: str | None, nothing: str | None) -> None:
    """Label PNGs were made by a threshold already.

    Raises:
        RequestError: an option that changes how masks become labels.
    """
    if threshold is not None or nothing is not None:
        raise RequestError("--threshold and --nothing are for saved masks, and label PNGs hold none. Give --soft.")
