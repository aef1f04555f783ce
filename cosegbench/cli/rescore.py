"""``cosegbench rescore``: any rule that kept evidence allows, without inference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.output import emit, json_option

if TYPE_CHECKING:
    from cosegbench.running.rescoring import Outcome, Rescored

DEFAULT_RESULTS = Path("results")

EXAMPLES = """
\b
Examples:
  cosegbench rescore --protocol mmseg
  cosegbench rescore --results results/run --predictor coseg-prefix --dataset voc20
"""


@click.command("rescore", epilog=EXAMPLES)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=DEFAULT_RESULTS,
    show_default=True,
    help="Folder of the records.",
)
@click.option(
    "--protocol",
    "protocols",
    metavar="X",
    multiple=True,
    help="A protocol to answer for; repeatable.  [default: every protocol that the evidence allows]",
)
@click.option("--predictor", metavar="P", help="Only this folder of the results.  [default: all]")
@click.option("--dataset", metavar="D", help="Only this column.  [default: all]")
@json_option
def command(json_file: str | None, **given: Any) -> None:
    """Score kept evidence again, by any protocol that it allows, without inference.

    Every figure of a record is computed anew by today's rules and written into it, equal to a fresh run bit for bit. A
    stored figure that differs is named. What evidence cannot answer (another input, text, threshold or channel) is
    named with the reason.
    """
    from cosegbench.errors import RecordError
    from cosegbench.running.rescoring import RescoreRequest, rescore

    request = RescoreRequest(**given)
    outcome = rescore(request)
    for line in _remarks(outcome, request.protocols):
        click.echo(line, err=True)
    lines = [line for each in outcome.records for line in _lines(each, request.protocols)]
    emit("\n".join(lines), [_content(each) for each in outcome.records], json_file)
    if outcome.problems:
        raise RecordError("\n  - ".join([f"{len(outcome.problems)} record(s) cannot be scored:", *outcome.problems]))


def _lines(each: Rescored, protocols: tuple[str, ...]) -> list[str]:
    """Predictor, column, protocol and mIoU in percent, tab separated, and what was stored where that differs."""
    lines = []
    for name in protocols or tuple(each.record.scores):
        if name in each.record.scores:
            figures = [_figure(each.record.scores[name].miou)]
            if name in each.changed:
                figures.append(f"was {_figure(each.before.scores[name].miou)}")
            lines.append("\t".join([*each.cell, name, *figures]))
    return lines


def _figure(miou: float | None) -> str:
    return "-" if miou is None else f"{miou:.2f}"


def _remarks(outcome: Outcome, protocols: tuple[str, ...]) -> list[str]:
    """Which stored figures differ from today's, and which protocols are not allowed."""
    lines = []
    for each in outcome.records:
        if each.changed:
            lines.append(f"{each.path}: what was stored differs from today's under {', '.join(each.changed)}")
        if each.kept:
            lines.append(f"{each.path}: kept as stored, because today's rules do not give it: {', '.join(each.kept)}")
    return lines + (_reasons(outcome, protocols) if protocols else _summaries(outcome))


def _reasons(outcome: Outcome, protocols: tuple[str, ...]) -> list[str]:
    """For each protocol that was asked for, where it is not allowed and why."""
    lines = []
    for name in protocols:
        cells: dict[str, list[str]] = {}
        for (predictor, column), reason in outcome.refusals(name).items():
            cells.setdefault(reason, []).append(f"{predictor} on {column}")
        lines += [f"not under {name}: {', '.join(where)}: {reason}" for reason, where in cells.items()]
    return lines


def _summaries(outcome: Outcome) -> list[str]:
    """A line for each protocol that some column does not allow; asked for by name, it gives its many reasons."""
    from cosegbench.protocols import list_protocols

    total = len({each.cell for each in outcome.records})
    numbers = {protocol.name: len(outcome.refusals(protocol.name)) for protocol in list_protocols()}
    return [
        f"not under {name}: {number} of {total} columns; --protocol {name} says why"
        for name, number in numbers.items()
        if number
    ]


def _content(each: Rescored) -> dict[str, Any]:
    from cosegbench.records.codec import encode

    _, column = each.cell
    return {
        "predictor": each.path.parent.name,
        "dataset": column,
        "family": each.record.family,
        "scores": encode(each.record.scores),
        "changed": {name: each.before.scores[name].miou for name in each.changed},
        "not_allowed": dict(each.refused),
    }
