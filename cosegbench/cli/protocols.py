"""``cosegbench protocols``: which protocols there are, what they do, and how two of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.common import input_options
from cosegbench.cli.completion import complete_datasets, complete_predictors, complete_protocols
from cosegbench.cli.output import emit, json_option

if TYPE_CHECKING:
    from cosegbench.protocols import InputKind, Protocol


@click.group(short_help="List, explain and compare protocols.")
def command() -> None:
    """List, explain and compare protocols.

    A protocol has two halves: evaluation, which must match for two figures to share a column, and method, which belongs
    to the row.
    """


@command.command("list")
@json_option
def list_command(json_file: str | None) -> None:
    """Print every protocol with one sentence."""
    from tabulate import tabulate

    from cosegbench.protocols import list_protocols

    protocols = list_protocols()
    rows = [(protocol.name, protocol.family, protocol.summary) for protocol in protocols]
    text = tabulate(rows, ("protocol", "family", "what it does"), tablefmt="simple")
    emit(text, [_summary(protocol) for protocol in protocols], json_file)


@command.command(
    short_help="Explain a protocol field by field.",
    epilog="\b\nExample:\n  cosegbench protocols show coseg-authors --predictor coseg-xatten --dataset context459",
)
@click.argument("name", shell_complete=complete_protocols)
@click.option(
    "--predictor",
    default=None,
    metavar="P",
    shell_complete=complete_predictors,
    help="Settings for this predictor; needs --dataset.",
)
@click.option(
    "--dataset",
    default=None,
    metavar="D",
    shell_complete=complete_datasets,
    help="Settings for this column; needs --predictor.",
)
@input_options
@json_option
def show(
    name: str,
    predictor: str | None,
    dataset: str | None,
    kind: InputKind,
    window: int | None,
    stride: int | None,
    json_file: str | None,
) -> None:
    """Explain a protocol field by field, as `run` uses it with the same --input."""
    from cosegbench.cards import load_card
    from cosegbench.protocols import Input, get_protocol

    if (predictor is None) != (dataset is None):
        raise click.UsageError("give --predictor and --dataset together.")
    protocol = get_protocol(name)
    if predictor is not None and dataset is not None:
        protocol = protocol.for_cell(_predictor_name(predictor), load_card(dataset).id)
    protocol = protocol.with_input(Input.chosen(kind, window, stride))
    emit(_show_text(protocol), _show_content(protocol), json_file)


@command.command(short_help="Say in words what two protocols do differently.")
@click.argument("first", shell_complete=complete_protocols)
@click.argument("second", shell_complete=complete_protocols)
@json_option
def diff(first: str, second: str, json_file: str | None) -> None:
    """Say in words what two protocols do differently, and whether their figures may share a column."""
    from cosegbench.protocols import comparable, get_protocol
    from cosegbench.protocols import diff as differences

    one, other = get_protocol(first), get_protocol(second)
    found, same_column = differences(one, other), comparable(one, other)
    lines = [f"{one.name} and {other.name} mean the same."] if not found else []
    for each in found:
        lines += [f"{each.half}: {each.field}", f"  {one.name}: {each.first}", f"  {other.name}: {each.second}"]
    if found:
        verdict = "may share a column: only the method differs" if same_column else "must not share a column"
        lines += ["", f"Figures of the two {verdict}."]
    content = {
        "first": one.name,
        "second": other.name,
        "comparable": same_column,
        "differences": [
            {"half": each.half, "field": each.field, "first": each.first, "second": each.second} for each in found
        ],
    }
    emit("\n".join(lines), content, json_file)


def _predictor_name(name: str) -> str:
    """A predictor's name, or one that stands in a file or module, of which no protocol says anything particular.

    Raises:
        UnknownNameError: neither.
    """
    from cosegbench.errors import UnknownNameError
    from cosegbench.registry import predictor_summaries

    known = [each.plugin.name for each in predictor_summaries()]
    if name not in known and ":" not in name:
        raise UnknownNameError("predictor", name, known)
    return name


def _summary(protocol: Protocol) -> dict[str, Any]:
    return {
        "name": protocol.name,
        "family": protocol.family,
        "kernel": protocol.kernel,
        "summary": protocol.summary,
        "source": protocol.source,
        "evaluation_digest": protocol.evaluation.digest,
        "method_digest": protocol.method.digest,
    }


def _show_content(protocol: Protocol) -> dict[str, Any]:
    return {
        **_summary(protocol),
        "digest": protocol.digest,
        "pass_digest": protocol.pass_digest,
        "evaluation": protocol.evaluation.fields,
        "method": protocol.method.fields,
        "unstated": list(protocol.unstated),
        "notes": list(protocol.notes),
        "remarks": list(protocol.remarks),
    }


def _show_text(protocol: Protocol) -> str:
    from cosegbench.protocols import cell_words, explain

    lines = [f"{protocol.name}: {protocol.summary}", f"source: {protocol.source}", f"family: {protocol.family}"]
    headings = {
        "evaluation": f"evaluation (must match within a column; {protocol.evaluation.digest[:12]})",
        "method": f"method (belongs to the row; {protocol.method.digest[:12]})",
    }
    for half, heading in headings.items():
        lines += ["", heading]
        lines += [f"  {line.field}: {line.words}" for line in explain(protocol) if line.half == half]
    blocks = {
        "where it differs": [cell_words(cell) for cell in protocol.method.cells],
        "for this predictor and column": list(protocol.remarks),
        "left open by the source, chosen here": list(protocol.unstated),
        "notes": list(protocol.notes),
    }
    for heading, items in blocks.items():
        lines += ["", heading, *(f"  {item}" for item in items)] if items else []
    return "\n".join(lines)
