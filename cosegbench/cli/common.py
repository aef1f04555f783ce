"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cosegbench.cli.completion import complete_predictors
from cosegbench.errors import RequestError
from cosegbench.locate import DATA_ROOT_VARIABLE
from cosegbench.running.request import DEFAULT_BATCH_SIZE
from cosegbench.suites import suite_datasets

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

data_root_option = click.option(
    "--data-root",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help=f"Where the data lies. [default: ${DATA_ROOT_VARIABLE}; the miniature is drawn into the user's cache]",
)
split_option = click.option("--split", default="val", show_default=True, help="A split of the data set's card.")
conventions_option = click.option(
    "--convention",
    "conventions",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of the data sets' cards, for instance images=5105; repeatable.",
)

batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=DEFAULT_BATCH_SIZE,
    show_default=True,
    help="Images a call of the predictor.",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=None,
    help="Threads of this process. [default: the cores it may use, at most 32]",
)


def input_options(command: CommandT) -> CommandT:
    """``--input`` and how its windows slide; see :meth:`cosegbench.protocols.Input.chosen`."""
    for option in (
        click.option(
            "--stride",
            type=click.IntRange(min=1),
            default=None,
            metavar="PIXELS",
            help="With --input slide: from one window to the next. [default: half of the window]",
        ),
        click.option(
            "--window",
            type=click.IntRange(min=1),
            default=None,
            metavar="PIXELS",
            help="With --input slide: side of a window, in the image's pixels. [default: the predictor's input size]",
        ),
        click.option(
            "--input",
            "kind",
            type=click.Choice(["squash", "crop", "slide"]),
            default="squash",
            show_default=True,
            help="What the predictor sees: the whole image; its central square, the rest being void; or sliding "
            "windows, their scores averaged where they overlap.",
        ),
    ):
        command = option(command)
    return command


def predictor_options(command: CommandT) -> CommandT:
    """``--predictor`` and what it is built with."""
    return _predictor_options(command, "predictor", "")


def predictors_options(command: CommandT) -> CommandT:
    """The same with ``--predictor`` repeatable; the command receives ``predictors``."""
    return _predictor_options(command, "predictors", " Repeatable.")


def _predictor_options(command: CommandT, parameter: str, more: str) -> CommandT:
    for option in (
        click.option(
            "--seed", type=int, default=None, help="For the predictor and the random generators. [default: 0]"
        ),
        click.option("--device", default=None, help="For the predictor. [default: cpu]"),
        click.option(
            "--weights", metavar="W", default=None, help="For the predictor: a file, or a name that it knows."
        ),
        click.option(
            "--set", "settings", metavar="KEY=VALUE", multiple=True, help="An option of the predictor; repeatable."
        ),
        click.option(
            "--predictor",
            parameter,
            required=True,
            multiple=parameter == "predictors",
            metavar="P",
            shell_complete=complete_predictors,
            help=f"A name from `predictors list`, module:Class, or path/to/file.py:Class.{more}",
        ),
    ):
        command = option(command)
    return command


def dataset_names(suite: str | None, datasets: tuple[str, ...]) -> tuple[str, ...]:
    """The data sets of a suite or those that were named.

    Raises:
        RequestError: neither or both were given.
    """
    if (suite is None) == (not datasets):
        raise RequestError("give either --suite or --dataset (repeatable).")
    return datasets if suite is None else suite_datasets(suite)


def pairs(texts: tuple[str, ...], option: str = "--convention") -> dict[str, str]:
    """``("a=b",)`` as a dictionary; ``option`` is what messages call it.

    Raises:
        RequestError: a text without ``=``, or a key given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise RequestError(f"{option} {text!r}: expected key=value.")
        if key in found:
            raise RequestError(f"{option} {key} is given twice.")
        found[key] = value
    return found
