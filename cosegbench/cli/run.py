"""``cosegbench run``: inference, evidence, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosegbench.cli.common import (
    batch_size_option,
    conventions_option,
    data_root_option,
    dataset_names,
    input_options,
    pairs,
    predictor_options,
    split_option,
    threads_option,
)
from cosegbench.cli.completion import complete_datasets, complete_protocols, complete_suites
from cosegbench.cli.figures import figures
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.team import speaking_for, team_options
from cosegbench.protocols import Input, InputKind
from cosegbench.running.request import DEFAULT_PROTOCOL, DEFAULT_RESULTS, SAVES, RunRequest
from cosegbench.running.team import Team


@click.command("run")
@predictor_options
@click.option(
    "--suite",
    metavar="S",
    default=None,
    shell_complete=complete_suites,
    help="A named group of data sets, for instance miniature or cross-dataset.",
)
@click.option(
    "--dataset",
    "datasets",
    metavar="D",
    multiple=True,
    shell_complete=complete_datasets,
    help="A data set, or the path of a card; repeatable.",
)
@click.option(
    "--protocol",
    "protocols",
    metavar="X",
    multiple=True,
    default=(DEFAULT_PROTOCOL,),
    shell_complete=complete_protocols,
    show_default=True,
    help="How to score; repeatable. Protocols that see the same input share one inference pass.",
)
@input_options
@data_root_option
@split_option
@conventions_option
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=DEFAULT_RESULTS,
    show_default=True,
    help="Folder of the records.",
)
@click.option(
    "--name",
    metavar="ID",
    default=None,
    help="Name of the results folder and of the table's row. [default: the predictor's]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=None,
    help="Only the first so many images of each data set. [default: all]",
)
@batch_size_option
@threads_option
@click.option(
    "--save-predictions",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Also write 16-bit label PNGs.",
)
@click.option(
    "--save",
    type=click.Choice(SAVES),
    default=SAVES[0],
    show_default=True,
    help="What --save-predictions writes: label PNGs; or these and the predictor's masks in 8 bit, from which "
    "`score --soft` answers other thresholds.",
)
@team_options
@click.option("--fresh", is_flag=True, help="Replace what is there instead of going on with it.")
@json_option
def command(json_file: str | None, **given: Any) -> None:
    """Run a predictor on data sets and write one record for each data set and family of protocols.

    A run that was stopped goes on where it was; a finished one is not computed again. Each record goes to
    RESULTS/PREDICTOR/DATASET.FAMILY.json, its integer evidence beside it.

    --input crop or slide is another method and so another record, and another row of the table.

    Several processes share the images: torchrun --nproc-per-node N -m cosegbench run ..., or any launcher with
    --process and --processes. The record is that of one process with the same --threads.
    """
    from cosegbench.records import read_record
    from cosegbench.records.codec import encode
    from cosegbench.running.runner import run

    with speaking_for(given) as (team, tell):
        request = _request(team=team, **given)
        paths = run(request, tell)
    if not team.leads:
        return
    records = [read_record(path) for path in paths]
    lines = [line for record in records for line in figures(record, request.protocols)]
    emit("\n".join(lines), [encode(record) for record in records], json_file)


def _request(
    suite: str | None,
    datasets: tuple[str, ...],
    conventions: tuple[str, ...],
    threads: int | None,
    kind: InputKind,
    window: int | None,
    stride: int | None,
    team: Team,
    **given: Any,
) -> RunRequest:
    return RunRequest(
        input=Input.chosen(kind, window, stride),
        datasets=dataset_names(suite, datasets),
        conventions=pairs(conventions),
        threads=threads or team.threads,
        team=team,
        **given,
    )
