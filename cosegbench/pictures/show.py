"""The picture of ``show``: a row an image, with photograph, ground truth, predictions and where they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cosegbench.labels import VOID, LabelArray
from cosegbench.pictures.agreement import COLOURS, NOT_SCORED, Codes, agreement, note, wording
from cosegbench.pictures.colours import IGNORED_COLOUR, VOID_COLOUR, Pixels, outlined, paint, paint_codes
from cosegbench.pictures.saved import SavedPredictions, Shown
from cosegbench.pictures.sheet import SWATCH, Entry, Row, compose, tile_size


def draw_show(saved: SavedPredictions, shown: Sequence[Shown]) -> Image.Image:
    """The whole picture, RGB.

    Raises:
        DataError, LabelError: a photograph, label or prediction cannot be read, or their sizes differ.
    """
    names = list(saved.request.predictions)
    headings = ["photograph", "ground truth", *names, "right and wrong" if len(names) == 1 else "disagreement"]
    rows, present = [], _Present()
    for each in shown:
        photograph, target = saved.dataset.sample(each.image_id)
        maps = [saved.labels(name, each.image_id) for name in names]
        codes = agreement(target, maps)
        present.add(target, maps, codes)
        tiles = (_photograph(photograph), _labels(target, True), *(_labels(labels, False) for labels in maps))
        notes = ("", "mIoU of the image:", *(figure(each.figures[name]) for name in names), note(codes))
        rows.append(Row(caption(each), (*tiles, _codes(codes)), notes))
    return compose(headings, rows, present.legend(saved.dataset.vocabulary.names, len(names)))


def caption(shown: Shown) -> str:
    """An image's id, and why it is shown."""
    return f"{shown.image_id}   ({', '.join(shown.reasons)})" if shown.reasons else shown.image_id


def figure(value: float) -> str:
    """A figure in percent, a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.1f}"


class _Present:
    """What the legend has to name: everything that is in some row, however small."""

    def __init__(self) -> None:
        self.classes: set[int] = set()
        self.codes: set[int] = set()
        self.void = self.ignored = False

    def add(self, target: LabelArray, maps: Sequence[LabelArray], codes: Codes) -> None:
        for labels in (target, *maps):
            self.classes |= set(np.unique(labels[labels != VOID]).tolist())
        self.void |= any(bool((labels == VOID).any()) for labels in maps)
        self.codes |= set(np.unique(codes).tolist())

    def legend(self, names: Sequence[str], predictions: int) -> list[list[Entry]]:
        """Classes in the vocabulary's order, void and what is not scored; below them the last column's colours."""
        entries = [Entry(names[index], _swatch(index)) for index in sorted(self.classes)]
        if self.void:
            entries.append(Entry("no class", np.full((*SWATCH, 3), VOID_COLOUR, np.uint8)))
        if NOT_SCORED in self.codes:
            entries.append(Entry("not scored", np.full((*SWATCH, 3), IGNORED_COLOUR, np.uint8)))
        codes = [
            Entry(words, np.full((*SWATCH, 3), COLOURS[code], np.uint8))
            for code, words in wording(predictions).items()
            if code in self.codes
        ]
        return [entries, codes]


def _swatch(index: int) -> Pixels:
    return paint(np.full(SWATCH, index, np.uint16), VOID_COLOUR)


def _photograph(image: Image.Image) -> Image.Image:
    return image.resize(tile_size(*image.size), Image.Resampling.BICUBIC)


def _labels(labels: LabelArray, truth: bool) -> Image.Image:
    """Painted after resizing: textures keep their size, and no colour is mixed."""
    tile = _resized(labels)
    return Image.fromarray(outlined(paint(tile, IGNORED_COLOUR if truth else VOID_COLOUR), tile))


def _codes(codes: Codes) -> Image.Image:
    return Image.fromarray(paint_codes(_resized(codes), COLOURS))


def _resized(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The nearest pixel of an (H, W) array for each pixel of its tile."""
    height, width = array.shape
    across, down = tile_size(width, height)
    rows = ((np.arange(down) + 0.5) * height / down).astype(np.int64)
    columns = ((np.arange(across) + 0.5) * width / across).astype(np.int64)
    nearest: npt.NDArray[Any] = array[rows[:, None], columns]
    return nearest
