"""Small pictures of images and their ground truth, as ``data:`` addresses, where the photographs are at hand."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cosegbench.cards import list_cards
from cosegbench.errors import DataError
from cosegbench.labels import LabelArray
from cosegbench.pictures.colours import IGNORED_COLOUR, outlined, paint
from cosegbench.pictures.sheet import png_bytes
from cosegbench.records import Record
from cosegbench.running.data import View, open_views

SIDE = 112
"""Pixels of the longer side."""

QUALITY = 70


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws images of records, or nothing where pictures were not asked for.

    Args:
        wanted: whether to draw.
        data_root: where the data lies; None for the defaults.
    """

    wanted: bool = False
    data_root: Path | None = None

    def draw(self, record: Record, image_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Image -> addresses of its photograph and its ground truth, empty where none are wanted.

        A data set of the user's own has none: a record names its card, and not where that lies.

        Args:
            record: whose data set the images belong to.
            image_ids: which.

        Raises:
            MissingDataError: the data set is not there.
            DataError: it does not have these images, or one cannot be read.
        """
        data = record.dataset
        if not self.wanted or data.id not in list_cards():
            return {}
        (found,) = open_views([View(data.id, data.options)], data_root=self.data_root, split=data.split)
        if absent := [each for each in image_ids if each not in set(found.image_ids)]:
            raise DataError(f"{data.id}: the records speak of images that are not among those of {found.root}.", absent)
        return {image: _pair(*found.sample(image)) for image in image_ids}


def _pair(photograph: Image.Image, target: LabelArray) -> tuple[str, str]:
    width, height = photograph.size
    scale = SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    stream = io.BytesIO()
    photograph.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=QUALITY)
    rows = ((np.arange(size[1]) + 0.5) * height / size[1]).astype(np.int64)
    columns = ((np.arange(size[0]) + 0.5) * width / size[0]).astype(np.int64)
    tile = target[rows[:, None], columns]
    truth = png_bytes(Image.fromarray(outlined(paint(tile, IGNORED_COLOUR), tile)).quantize(32))
    return _address("jpeg", stream.getvalue()), _address("png", truth)


def _address(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
