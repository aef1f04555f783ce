"""What the conformance suite shows a predictor: drawn images of odd sizes and vocabularies of several sizes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.vocabulary import Vocabulary

if TYPE_CHECKING:
    from PIL import Image

SIZES = ((61, 47), (48, 48), (33, 90), (97, 31))
"""(width, height) of the drawn images, pixels: odd, square, tall and wide."""

_COLOURS = """
red green blue white black brown grey pink purple orange yellow golden silver dark pale bright striped
"""
_THINGS = """
chair table lamp cup bottle door wall car boat bird dog cat horse tree flower rock road house cloud shirt book plate
shoe box ball fence bridge
"""


def vocabularies() -> dict[str, Vocabulary]:
    """Vocabularies of 1, 5, 6 with a background, and 459 classes."""
    names = [f"{colour} {thing}" for colour, thing in itertools.product(_COLOURS.split(), _THINGS.split())]
    return {
        "1 class": Vocabulary.from_names(names[:1]),
        "5 classes": Vocabulary.from_names(names[:5]),
        "6 classes with a background": Vocabulary.from_names(["background", *names[:5]], background=0),
        "459 classes": Vocabulary.from_names(names[:459]),
    }


def draw_images() -> list[Image.Image]:
    """One RGB image of each of :data:`SIZES`: a gradient, two flat shapes and noise; the same bits every time."""
    from PIL import Image

    images = []
    for place, (width, height) in enumerate(SIZES):
        generator = np.random.default_rng(place)
        rows, columns = np.mgrid[:height, :width]
        pixels = np.stack([rows * 255 // height, columns * 255 // width, np.full((height, width), 90)], axis=-1)
        pixels[height // 4 : height // 2, width // 4 : width // 2] = (220, 40, 40)
        pixels[height // 2 :, : width // 3] = (30, 160, 60)
        noise = generator.integers(-20, 21, pixels.shape)
        image = Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
        image.info["image_id"] = f"drawn-{place}"
        images.append(image)
    return images
