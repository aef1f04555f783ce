"""``cosegbench predictors``: what there is, and whether one keeps the contract."""

from __future__ import annotations

import click

from cosegbench.cli.completion import complete_predictors
from cosegbench.cli.output import json_option, write_json
from cosegbench.errors import PluginError


@click.group("predictors")
def command() -> None:
    """List predictors and check that one keeps the contract."""


@command.command("list", short_help="Name every predictor and who brings it.")
@click.option("--load", is_flag=True, help="Import each one too, and name those whose import fails.")
@json_option
def list_command(load: bool, json_file: str | None) -> None:
    """Name every predictor, who brings it, and the first line of its documentation; imports none of them."""
    from cosegbench.registry import predictor_summaries, resolve_predictor

    rows = []
    for each in predictor_summaries():
        problem = each.problem
        if load and problem is None:
            try:
                resolve_predictor(each.plugin.name)
            except PluginError as error:
                problem = str(error)
        rows.append({"name": each.plugin.name, "origin": each.plugin.origin, "text": each.text, "problem": problem})
    if json_file is not None:
        write_json(rows, json_file)
    if json_file == "-":
        return
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        if row["problem"] is None:
            click.echo(f"{row['name']:<{width}}  {row['text']}  [{row['origin']}]")
        else:
            click.echo(f"{row['name']}: broken, skipped: {row['problem']} [{row['origin']}]", err=True)


@command.command("check", short_help="Run the conformance suite on drawn images.")
@click.argument("name", shell_complete=complete_predictors)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="An option of the predictor; repeatable.")
@click.option("--weights", metavar="W", default=None, help="For the predictor: a file, or a name that it knows.")
@click.option("--device", default=None, help="For the predictor. [default: cpu]")
@click.option("--seed", type=int, default=None, help="For the predictor and the random generators. [default: 0]")
@click.option(
    "--world",
    type=click.Choice(["real", "miniature"]),
    default=None,
    help="Whose default weights to use. [default: miniature where the predictor has such weights, else real]",
)
@json_option
@click.pass_context
def check_command(
    ctx: click.Context,
    name: str,
    settings: tuple[str, ...],
    weights: str | None,
    device: str | None,
    seed: int | None,
    world: str | None,
    json_file: str | None,
) -> None:
    """Run the conformance suite on drawn images: one line a check, exit code 1 where one fails.

    NAME is a name from `predictors list`, module:Class, or path/to/file.py:Class.
    """
    from cosegbench.conformance import check_predictor
    from cosegbench.registry import resolve_predictor
    from cosegbench.running.building import Recipe

    recipe = Recipe(resolve_predictor(name), settings, weights, device, seed)
    known = getattr(recipe.entry.cls, "default_weights", None) or {}
    chosen = world or ("miniature" if "miniature" in known else "real")
    recipe.options(chosen)
    rows = []
    for result in check_predictor(recipe, chosen):
        rows.append({"check": result.name, "passed": result.passed, "detail": result.detail, "advice": result.advice})
        if json_file != "-":
            word = {True: "pass", False: "FAIL", None: "skip"}[result.passed]
            advice = f" -> {result.advice}" if result.advice else ""
            click.echo(f"{word}  {result.name}: {result.detail}{advice}")
    if json_file is not None:
        write_json(rows, json_file)
    failed = sum(row["passed"] is False for row in rows)
    click.echo(
        f"{recipe.id}: {failed} of {len(rows)} checks failed." if failed else f"{recipe.id} keeps the contract.",
        err=True,
    )
    ctx.exit(1 if failed else 0)
