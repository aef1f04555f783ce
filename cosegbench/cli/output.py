"""Writing what a program may read: ``--json FILE``, where ``-`` is standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cosegbench.errors import WorkError

Command = TypeVar("Command", bound=Callable[..., Any])

STANDARD_OUTPUT = "-"


def json_option(command: Command) -> Command:
    """The ``--json FILE`` option; the command receives ``json_file``."""
    option = click.option(
        "--json",
        "json_file",
        metavar="FILE",
        callback=_check_json,
        help="Also write JSON to FILE; `-` prints only JSON.",
    )
    return option(command)


def _check_json(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse a place that cannot take a file before any work is done for it."""
    if value is not None and value != STANDARD_OUTPUT:
        check_place(Path(value), folder=False)
    return value


def check_place(path: Path, *, folder: bool) -> None:
    """Refuse a path at which no file (or no folder) can be made.

    Raises:
        click.BadParameter: a folder where a file should be, the reverse, or a file on the way there.
    """
    if not folder and path.is_dir():
        raise click.BadParameter(f"{path} is a folder; give the name of a file.")
    on_the_way = next((parent for parent in path.parents if parent.exists()), None)
    if on_the_way is not None and not on_the_way.is_dir():
        raise click.BadParameter(f"{on_the_way} is a file, and nothing can be written below it.")


def emit(text: str, content: Any, json_file: str | None) -> None:
    """Print ``text``, and write ``content`` as JSON where it was asked for; ``-`` prints the JSON in its place.

    Raises:
        WorkError: the file cannot be written.
    """
    if text and json_file != STANDARD_OUTPUT:
        click.echo(text)
    if json_file is not None:
        write_json(content, json_file)


def write_json(content: Any, json_file: str) -> None:
    """Write JSON to a file, whole or not at all, or to standard output for ``-``.

    Raises:
        WorkError: the file cannot be written.
    """
    encoded = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if json_file == STANDARD_OUTPUT:
        click.echo(encoded, nl=False)
        return
    from cosegbench.files import write_text

    try:
        write_text(Path(json_file), encoded)
    except OSError as error:
        raise WorkError(f"{json_file} cannot be written: {error}.") from error
