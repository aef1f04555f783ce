"""Writing pictures: where one may go, and the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosegbench.cli.output import check_place
from cosegbench.errors import RequestError

if TYPE_CHECKING:
    from PIL import Image


def picture_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a place that cannot take a PNG before any work is done for it."""
    if value is not None:
        check_place(value, folder=False)
        if value.suffix.lower() != ".png":
            raise click.BadParameter(f"{value} does not end in .png, and a PNG is what is written.")
    return value


def write_picture(image: Image.Image, path: Path) -> None:
    """Write a PNG, whole or not at all.

    Raises:
        RequestError: the file cannot be written.
    """
    from cosegbench.files import write_bytes
    from cosegbench.pictures.sheet import png_bytes

    try:
        write_bytes(path, png_bytes(image))
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error}.") from error
