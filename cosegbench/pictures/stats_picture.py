"""The picture of ``datasets stats``: how many classes an image has, and which classes occur together."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from cosegbench.pictures.colours import FRAME, IGNORED_COLOUR, INK, PAPER, Colour, rgb
from cosegbench.pictures.label_stats import LabelStats
from cosegbench.pictures.lettering import fit, text_width, upright, write

SHOWN_CLASSES = 40
"""Classes of the matrix; more would leave no room for their names."""

CELL = 16
NAMES = 130
GAP = 16

BARS: Colour = rgb("#0072B2")
MARK: Colour = rgb("#D55E00")

_PLOT = (560, 220)
_LEFT = 56
_LOW, _HIGH = np.array((247, 247, 240)), np.array((0, 45, 95))


def draw_stats(title: str, stats: LabelStats) -> Image.Image:
    """Title, histogram and matrix, one below the other, RGB."""
    parts = (draw_histogram(stats), draw_matrix(stats))
    width = max(part.width for part in parts) + 2 * GAP
    top = 3 * GAP
    canvas = Image.new("RGB", (width, top + sum(part.height + GAP for part in parts)), PAPER)
    write(ImageDraw.Draw(canvas), (GAP, top / 2), title, 17, width - 2 * GAP)
    for part in parts:
        canvas.paste(part, (GAP, top))
        top += part.height + GAP
    return canvas


def draw_histogram(stats: LabelStats) -> Image.Image:
    """A bar for each number of classes, with lines at the mean and at mean + 2 sd."""
    width, height = _PLOT
    canvas = Image.new("RGB", (_LEFT + width + 190, height + 90), PAPER)
    draw = ImageDraw.Draw(canvas)
    write(draw, (0, 10), "classes an image", 14, canvas.width)
    floor, most = 34 + height, max(stats.histogram.values())
    last = max(*stats.histogram, int(np.ceil(stats.bound)))
    step = width / (last + 1)
    for level in sorted({0, most // 2, most}):
        line = floor - height * level / most
        draw.line((_LEFT, line, _LEFT + width, line), fill=(225, 225, 225))
        write(draw, (_LEFT - 6, line), str(level), 12, _LEFT, "rm")
    for number, images in stats.histogram.items():
        if images:
            left = _LEFT + number * step
            space = 1 if step > 4 else 0
            box = (left + space, floor - height * images / most, max(left, left + step - 1 - space), floor)
            draw.rectangle(box, fill=BARS)
    draw.line((_LEFT, floor, _LEFT + width, floor), fill=INK)
    every = max(1, -(-(last + 1) // 20))
    for number in range(0, last + 1, every):
        write(draw, (_LEFT + (number + 0.5) * step, floor + 12), str(number), 12, 60, "mm")
    write(draw, (_LEFT + width / 2, floor + 34), "number of classes (height: images)", 13, width, "mm")
    places = [_LEFT + (value + 0.5) * step for value in (stats.mean, stats.bound)]
    for place in places:
        draw.line((place, 30, place, floor), fill=MARK, width=2)
    _write_figures(draw, stats, _LEFT + width + 16)
    return canvas


def _write_figures(draw: ImageDraw.ImageDraw, stats: LabelStats, left: int) -> None:
    lines = (
        f"{stats.per_image.size} images",
        f"mean {stats.mean:.2f}",
        f"standard deviation {stats.deviation:.2f}",
        f"mean + 2 sd {stats.bound:.2f}",
        f"k = {stats.k}",
        "lines: mean, mean + 2 sd",
    )
    for place, line in enumerate(lines):
        write(draw, (left, 44 + 22 * place), line, 13, 174)


def shown_classes(stats: LabelStats) -> list[int]:
    """The classes of the matrix: those in most images (ties: lower index), in the order of the vocabulary."""
    order = np.argsort(-stats.images, kind="stable")[:SHOWN_CLASSES].tolist()
    return sorted(index for index in order if stats.images[index])


def share_colour(share: float) -> Colour:
    """Paler for less, darker for more, from 0 to 1: lightness alone tells, so every eye reads it."""
    red, green, blue = (_LOW + (_HIGH - _LOW) * share).round().astype(int).tolist()
    return red, green, blue


def draw_matrix(stats: LabelStats) -> Image.Image:
    """A row a class: in which share of its images the column's class is too; the diagonal is grey."""
    shown = shown_classes(stats)
    side = CELL * len(shown)
    head = 50
    tall = min(NAMES - 8, max((text_width(stats.names[index], 12) for index in shown), default=0))
    top = head + tall + 8
    canvas = Image.new("RGB", (max(NAMES + side + 20, 560), top + side + 60), PAPER)
    draw = ImageDraw.Draw(canvas)
    text = "classes in the same image: share of the row's images that show the column's class"
    write(draw, (0, 10), text, 14, canvas.width)
    text = f"{len(shown)} of {len(stats.names)} classes, those in most images; beside a name: its images"
    write(draw, (0, 30), text, 13, canvas.width)
    for row, first in enumerate(shown):
        middle = top + (row + 0.5) * CELL
        number = f" {stats.images[first]}"
        name = fit(stats.names[first], 12, NAMES - 8 - text_width(number, 12))
        write(draw, (NAMES - 6, middle), name + number, 12, NAMES - 6, "rm")
        canvas.paste(upright(stats.names[first], 12, tall), (NAMES + row * CELL, head))
        for column, second in enumerate(shown):
            box = (NAMES + column * CELL, top + row * CELL)
            draw.rectangle((*box, box[0] + CELL - 2, box[1] + CELL - 2), fill=_cell(stats, first, second))
    _draw_scale(draw, top + side + 20)
    return canvas


def _cell(stats: LabelStats, first: int, second: int) -> Colour:
    if first == second:
        return IGNORED_COLOUR
    both = stats.together[min(first, second), max(first, second)]
    return share_colour(both / int(stats.images[first]))


def _draw_scale(draw: ImageDraw.ImageDraw, top: int) -> None:
    for place in range(101):
        draw.rectangle((NAMES + 2 * place, top, NAMES + 2 * place + 1, top + 12), fill=share_colour(place / 100))
    draw.rectangle((NAMES - 1, top - 1, NAMES + 202, top + 13), outline=FRAME)
    write(draw, (NAMES - 8, top + 6), "0 %", 12, 60, "rm")
    write(draw, (NAMES + 210, top + 6), "100 %", 12, 300)
