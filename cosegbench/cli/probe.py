"""``cosegbench probe``: experiments on predictors whose figures enter no table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.common import (
    CommandT,
    batch_size_option,
    conventions_option,
    data_root_option,
    pairs,
    predictors_options,
    split_option,
    threads_option,
)
from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.progress import Terminal
from cosegbench.errors import RequestError
from cosegbench.running.cores import default_threads
from cosegbench.running.request import DEFAULT_RESULTS

if TYPE_CHECKING:
    from cosegbench.probes.inference import ProbeRequest

RESULTS = Path("results/probes")

_folder = click.Path(file_okay=False, path_type=Path)


@click.group(short_help="Test what a table cannot show: context, co-occurrence, names.")
def command() -> None:
    """Test what a table cannot show: context, co-occurrence, names.

    Results are JSON files with a schema of their own; they are no records and enter no table.
    """


def _shared(command: CommandT) -> CommandT:
    """The options of probes with inference; the first in the list is the last in the help."""
    for option in (
        json_option,
        click.option("--fresh", is_flag=True, help="Replace what is there instead of going on with it."),
        threads_option,
        batch_size_option,
        click.option("--limit", type=click.IntRange(min=1), help="Only the first so many images. [default: all]"),
        click.option(
            "--name", metavar="ID", help="Name of the result's file and row; one predictor. [default: the predictor's]"
        ),
        click.option(
            "--results",
            type=_folder,
            metavar="DIR",
            default=RESULTS,
            show_default=True,
            help="Folder of probe results: DIR/PROBE/DATASET.PREDICTOR.json.",
        ),
        conventions_option,
        split_option,
        data_root_option,
        click.option(
            "--dataset",
            required=True,
            metavar="D",
            shell_complete=complete_datasets,
            help="A data set, or the path of a card.",
        ),
        predictors_options,
    ):
        command = option(command)
    return command


@command.command(short_help="Label recall of segments with other surroundings.")
@_shared
@click.option(
    "--min-area",
    type=float,
    default=0.01,
    show_default=True,
    help="Least share of the image that a segment covers, and that is around it.",
)
@click.option(
    "--segments",
    type=int,
    metavar="N",
    help="At most so many segments of an image, drawn with the seed. [default: all]",
)
def coexistence(json_file: str | None, min_area: float, segments: int | None, **given: Any) -> None:
    """Label recall of segments with other surroundings.

    Is a segment of the ground truth still given its label when what surrounds it is greyed out, or replaced by another
    image? Each segment is three more pictures than the image itself, so a probe of S segments in N images costs N + 3 S
    predictions.
    """
    from cosegbench.probes.coexistence import probe_coexistence
    from cosegbench.probes.coexistence_words import coexistence_text
    from cosegbench.records.codec import encode

    found = [probe_coexistence(request, min_area, segments, Terminal()) for request in _requests(**given)]
    emit(coexistence_text(found), [encode(each) for each in found], json_file)


@command.command(short_help="Measure with other names, sentences and candidates.")
@_shared
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help="A sentence with one {} in the place of the paper's; repeatable. [default: three]",
)
@click.option("--distractors", type=int, default=16, show_default=True, help="Names added in one variant; 0: none.")
@click.option("--removed", type=int, default=8, show_default=True, help="Names removed in one variant; 0: none.")
@click.option("--draws", type=int, default=2, show_default=True, help="Variants of each kind that is drawn.")
def vocabulary(
    json_file: str | None, templates: tuple[str, ...], distractors: int, removed: int, draws: int, **given: Any
) -> None:
    """Measure with other names, sentences and candidates.

    Each variant is a pass over the data set: the names as given, other sentences, synonyms, names added that the data
    set does not have, names removed. mIoU runs over the classes that no variant removes. Figures of this probe enter no
    table, because candidates differ.
    """
    from cosegbench.probes.stress import probe_vocabulary
    from cosegbench.probes.variants import TEMPLATES, VariantRule
    from cosegbench.probes.vocabulary_words import vocabulary_text
    from cosegbench.records.codec import encode

    rule = VariantRule(templates or TEMPLATES, distractors, removed, draws, given["seed"] or 0)
    found = [probe_vocabulary(request, rule, Terminal()) for request in _requests(**given)]
    emit(vocabulary_text(found, given["results"]), [encode(each) for each in found], json_file)


@command.command("table", short_help="Print every result in a folder.")
@click.option(
    "--results", type=_folder, metavar="DIR", default=RESULTS, show_default=True, help="Folder of probe results."
)
@json_option
def table_command(json_file: str | None, results: Path) -> None:
    """Print every result in a folder, as Markdown. Nothing is predicted.

    Results of one probe on one data set stand side by side where their definitions agree.
    """
    from cosegbench.probes.report import report_text
    from cosegbench.probes.result import PROBES, list_results, read_result
    from cosegbench.records.codec import encode

    found = [read_result(path) for probe in PROBES for path in list_results(results, probe)]
    if not found:
        raise RequestError(f"no probe result lies in {results}. Make one with: cosegbench probe --help")
    emit(report_text(found, results), [encode(each) for each in found], json_file)


@command.command(short_help="Compare which classes occur together, from records.")
@click.option(
    "--results", type=_folder, metavar="DIR", default=DEFAULT_RESULTS, show_default=True, help="Folder of the records."
)
@click.option("--predictor", metavar="P", help="Only this folder of the results. [default: all]")
@click.option(
    "--dataset", metavar="D", shell_complete=complete_datasets, help="Only this data set. [default: all that were run]"
)
@click.option(
    "--presence",
    "pixels",
    type=int,
    default=20,
    show_default=True,
    help="A class is present in an image from so many pixels.",
)
@click.option(
    "--support",
    type=int,
    default=5,
    show_default=True,
    help="Images in which each class of a pair must be present, truly and in predictions.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
@click.option("--out", type=_folder, metavar="DIR", help="Also write results: DIR/cooccurrence/DATASET.PREDICTOR.json.")
@json_option
def cooccurrence(json_file: str | None, **given: Any) -> None:
    """Compare which classes occur together, from records.

    The pointwise mutual information of each pair of classes over images, in predictions and in the ground truth. From
    the evidence that `run` kept; nothing is predicted.
    """
    from cosegbench.probes.cooccurrence import CooccurrenceRequest, probe_cooccurrence
    from cosegbench.probes.cooccurrence_words import cooccurrence_text
    from cosegbench.records.codec import encode

    found = probe_cooccurrence(CooccurrenceRequest(**given))
    emit(cooccurrence_text(found), [encode(each) for each in found], json_file)


def _requests(
    predictors: tuple[str, ...], conventions: tuple[str, ...], threads: int | None, **given: Any
) -> list[ProbeRequest]:
    """A request a predictor.

    Raises:
        RequestError: a predictor twice, or what belongs to one of several.
    """
    from cosegbench.probes.inference import ProbeRequest

    if len(set(predictors)) < len(predictors):
        raise RequestError("a predictor is named twice. Name each once.")
    own = {"--set": given["settings"], "--weights": given["weights"], "--name": given["name"]}
    if len(predictors) > 1 and (strange := [option for option, value in own.items() if value]):
        raise RequestError(
            f"{', '.join(strange)} would go to {len(predictors)} predictors. Probe them one at a time into one folder; "
            "`cosegbench probe table` compares what lies there."
        )
    chosen, number = pairs(conventions), threads or default_threads()
    return [ProbeRequest(predictor=each, conventions=chosen, threads=number, **given) for each in predictors]
