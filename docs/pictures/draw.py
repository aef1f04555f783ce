"""Draws the README's picture: photograph, ground truth and predictions of the miniature side by side.

``make picture`` runs the predictors with ``--save-predictions`` and then this. The images are spread evenly over the
validation list, so that nobody chose them by how well they came out. Colours belong to classes, not to pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from cosegbench import IGNORE, Dataset, load_dataset
from cosegbench.errors import CosegbenchError
from cosegbench.miniature import ensure_miniature
from cosegbench.pictures.colours import (
    FRAME,
    IGNORED_COLOUR,
    INK,
    PALETTE,
    PAPER,
    VOID_COLOUR,
    Pixels,
    outlined,
    rgb,
    shade,
    strokes,
)
from cosegbench.running.label_files import find_folder, read_labels, read_manifest

DATASET = "miniature-context59"
SYSTEMS = ("coseg-no-training", "coseg-xatten", "coseg-prefix")
HEADINGS = ("photograph", "ground truth", *SYSTEMS)

TURNS = ("plain", "diagonal", "antidiagonal", "crossed")
"""Textures of the rounds through the palette. The picture is older than the looks of ``show``, and keeps its own."""

SCALE = 2
TILE = 232
GAP = 10
TOP = 30
LEGEND = 24
LEAST = 150
"""Pixels of a class in a picture from which on the legend names it."""

WRITTEN = 0.03
"""Share of a picture from which on a class's name is written into it."""

Labels = npt.NDArray[np.uint16]


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=Path, required=True, help="folder with one folder of label PNGs a system")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data-root", type=Path, help="[default: the miniature in the user's cache]")
    parser.add_argument("--images", type=int, default=3)
    given = parser.parse_args()
    try:
        dataset = load_dataset(DATASET, given.data_root or ensure_miniature())
        ids = spread(dataset.image_ids, given.images)
        rows = [row_of(dataset, image_id, given.predictions) for image_id in ids]
    except CosegbenchError as error:
        parser.exit(1, f"{error}\n")
    picture = compose(dataset, rows)
    picture.quantize(192, dither=Image.Dither.NONE).save(given.out, optimize=True)


def spread(ids: Sequence[str], count: int) -> list[str]:
    """``count`` ids at even distances, none at either end."""
    return [ids[(2 * place + 1) * len(ids) // (2 * count)] for place in range(count)]


def row_of(dataset: Dataset, image_id: str, predictions: Path) -> tuple[Image.Image, list[Labels]]:
    """Photograph; then ground truth and predictions as label maps (H, W)."""
    maps: list[Labels] = [dataset.target(image_id)]
    for system in SYSTEMS:
        folder = find_folder(predictions / system, dataset.id)
        maps.append(read_labels(folder / f"{image_id}.png", len(dataset.vocabulary), read_manifest(folder)))
    return dataset.image(image_id), maps


def paint(labels: Labels, first: bool) -> Pixels:
    """(H, W, 3): the class's colour, every second round of the palette striped; no class is white, ignored grey."""
    out = np.full((*labels.shape, 3), IGNORED_COLOUR if first else VOID_COLOUR, np.uint8)
    for index in np.unique(labels[labels != IGNORE]).tolist():
        colour = rgb(PALETTE[index % len(PALETTE)])
        here = labels == index
        out[here] = colour
        texture = TURNS[index // len(PALETTE) % len(TURNS)]
        out[here & strokes(texture, labels.shape, 2 * SCALE)] = shade(colour)
    return out


def tile(pixels: Pixels | Image.Image, labels: bool) -> Image.Image:
    """One picture at the tile's width; label maps keep their hard edges."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    size = (TILE, round(image.height * TILE / image.width))
    return image.resize(size, Image.Resampling.NEAREST if labels else Image.Resampling.BICUBIC)


def compose(dataset: Dataset, rows: Sequence[tuple[Image.Image, list[Labels]]]) -> Image.Image:
    """The whole picture: headings, one line an image, the legend."""
    lines = []
    for photograph, maps in rows:
        big = [np.kron(labels, np.ones((SCALE, SCALE), np.uint16)) for labels in maps]
        painted = [tile(outlined(paint(labels, place == 0), labels), True) for place, labels in enumerate(big)]
        for each, labels in zip(painted, maps, strict=True):
            write_names(each, labels, dataset.vocabulary.names)
        lines.append([tile(photograph, False), *painted])
    shown = named(dataset, [labels for _, maps in rows for labels in maps])
    width = GAP + len(HEADINGS) * (TILE + GAP)
    columns = width // 150
    legend = -(-(len(shown) + 2) // columns) * LEGEND + GAP
    canvas = Image.new("RGB", (width, TOP + sum(line[0].height + GAP for line in lines) + legend), PAPER)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(15)
    for place, heading in enumerate(HEADINGS):
        draw.text((GAP + place * (TILE + GAP) + TILE / 2, TOP / 2 + 2), heading, INK, font, anchor="mm")
    top = TOP
    for line in lines:
        for place, each in enumerate(line):
            canvas.paste(each, (GAP + place * (TILE + GAP), top))
            corner = (GAP + place * (TILE + GAP), top)
            draw.rectangle((*corner, corner[0] + TILE - 1, corner[1] + each.height - 1), outline=FRAME)
        top += line[0].height + GAP
    draw_legend(canvas, shown, top, columns)
    return canvas


def write_names(picture: Image.Image, labels: Labels, names: Sequence[str]) -> None:
    """Write the name of each large class where its region is thickest."""
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(12)
    for index in np.unique(labels[labels != IGNORE]).tolist():
        here = np.pad(labels == index, 1)
        if here.sum() < WRITTEN * labels.size:
            continue
        depth = distance_transform_edt(here)[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), labels.shape)
        half = draw.textlength(names[index], font) / 2 + 3
        across = min(max((column + 0.5) * picture.width / labels.shape[1], half), picture.width - half)
        down = min(max((row + 0.5) * picture.height / labels.shape[0], 10), picture.height - 10)
        draw.text((across, down), names[index], INK, font, anchor="mm", stroke_width=2, stroke_fill=PAPER)


def named(dataset: Dataset, maps: Sequence[Labels]) -> list[tuple[str, int]]:
    """Name and index of the classes that are large enough somewhere, by name."""
    found: set[int] = set()
    for labels in maps:
        values, pixels = np.unique(labels[labels != IGNORE], return_counts=True)
        found |= set(values[pixels >= LEAST].tolist())
    return sorted((dataset.vocabulary.names[index], index) for index in found)


def draw_legend(canvas: Image.Image, shown: Sequence[tuple[str, int]], top: int, columns: int) -> None:
    """Swatches with the names of classes, then void and ignored."""
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    plain = {"no class": VOID_COLOUR, "not scored": IGNORED_COLOUR}
    step = (canvas.width - 2 * GAP) // columns
    for place, (name, index) in enumerate([*shown, *((name, -1) for name in plain)]):
        left, upper = GAP + place % columns * step, top + place // columns * LEGEND
        swatch = np.full((16, 26, 3), plain.get(name, PAPER), np.uint8)
        if index >= 0:
            swatch = paint(np.full((16, 26), index, np.uint16), False)
        canvas.paste(Image.fromarray(swatch), (left, upper))
        draw.rectangle((left, upper, left + 25, upper + 15), outline=FRAME)
        draw.text((left + 33, upper + 8), name, INK, font, anchor="lm")


if __name__ == "__main__":
    main()
