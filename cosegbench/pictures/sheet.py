"""A sheet of tiles: headings, captioned rows of pictures, a legend; and the bytes of a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cosegbench.pictures.colours import FRAME, PAPER, Pixels
from cosegbench.pictures.lettering import write

TILE = 240
"""Pixels of a tile's longer side."""

GAP = 10
HEADING = 30
CAPTION = 22
LEGEND = 24
SWATCH = (16, 36)
"""(H, W) of a swatch: so wide that every texture is seen."""

_ENTRY = 190


@dataclass(frozen=True, slots=True)
class Row:
    """One image.

    Args:
        caption: stands above its tiles.
        tiles: pictures of one size, RGB.
        notes: a word below each tile; empty for none.
    """

    caption: str
    tiles: tuple[Image.Image, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One line of the legend: a swatch of :data:`SWATCH` pixels, (H, W, 3) uint8, and its name."""

    name: str
    swatch: Pixels


def tile_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of the tile of an image of this size: the longer side is :data:`TILE`, neither is below 1."""
    scale = TILE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def compose(headings: Sequence[str], rows: Sequence[Row], legend: Sequence[Sequence[Entry]]) -> Image.Image:
    """The whole sheet as RGB; a row has as many tiles as there are headings, a group of the legend lines of its own."""
    width = GAP + len(headings) * (TILE + GAP)
    columns = max(1, (width - 2 * GAP) // _ENTRY)
    heights = [CAPTION + row.tiles[0].height + (CAPTION if any(row.notes) else 0) + GAP for row in rows]
    height = HEADING + sum(heights) + sum(_lines(group, columns) for group in legend) * LEGEND + GAP
    canvas = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    for place, heading in enumerate(headings):
        write(draw, (GAP + place * (TILE + GAP) + TILE / 2, HEADING / 2 + 2), heading, 15, TILE, "mm")
    top = HEADING
    for row, taken in zip(rows, heights, strict=True):
        _draw_row(canvas, row, top)
        top += taken
    for group in legend:
        _draw_legend(canvas, group, top, columns)
        top += _lines(group, columns) * LEGEND
    return canvas


def _lines(group: Sequence[Entry], columns: int) -> int:
    return -(-len(group) // columns)


def _draw_row(canvas: Image.Image, row: Row, top: int) -> None:
    draw = ImageDraw.Draw(canvas)
    write(draw, (GAP, top + CAPTION / 2), row.caption, 13, canvas.width - 2 * GAP)
    top += CAPTION
    for place, (tile, note) in enumerate(zip(row.tiles, row.notes, strict=True)):
        left = GAP + place * (TILE + GAP) + (TILE - tile.width) // 2
        canvas.paste(tile, (left, top))
        draw.rectangle((left - 1, top - 1, left + tile.width, top + tile.height), outline=FRAME)
        if note:
            middle = GAP + place * (TILE + GAP) + TILE / 2
            write(draw, (middle, top + tile.height + CAPTION / 2), note, 12, TILE, "mm")


def _draw_legend(canvas: Image.Image, legend: Sequence[Entry], top: int, columns: int) -> None:
    draw = ImageDraw.Draw(canvas)
    step = (canvas.width - 2 * GAP) // columns
    height, width = SWATCH
    for place, entry in enumerate(legend):
        left, upper = GAP + place % columns * step, top + place // columns * LEGEND
        canvas.paste(Image.fromarray(np.ascontiguousarray(entry.swatch)), (left, upper))
        draw.rectangle((left - 1, upper - 1, left + width, upper + height), outline=FRAME)
        write(draw, (left + width + 7, upper + height / 2), entry.name, 14, step - width - 14)


def png_bytes(image: Image.Image) -> bytes:
    """The image as a PNG; equal images give equal bytes, as it holds no date and no path."""
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
