"""What chance gives: predictors that never look at the picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.prediction import LabelMap, Prediction

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Vocabulary
    from cosegbench.text import TextRule


class RandomLabels:
    """Classes drawn at random: for each block of pixels, or one for the whole image.

    Args:
        blocks: blocks along each side of the image; with ``unit=image`` not used.
        unit: ``block`` or ``image``.
        seed: of the draw, which depends on it and the image's id only.

    Raises:
        RequestError: ``blocks`` is below 1.
    """

    def __init__(self, blocks: int = 4, unit: Literal["block", "image"] = "block", seed: int = 0) -> None:
        if blocks < 1:
            raise RequestError(f"blocks is {blocks}; give 1 or more.")
        self.side, self.seed = (blocks if unit == "block" else 1), seed
        self._classes = 0

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Only the number of classes counts."""
        del text
        self._classes = len(vocabulary)

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """A random label map an image."""
        return [LabelMap(self._map(image)) for image in images]

    def describe(self) -> Mapping[str, object]:
        """What it is a reference for; tables mark its row."""
        return {"reference": "chance"}

    def _map(self, image: Image.Image) -> np.ndarray:
        width, height = image.size
        text = f"{self.seed} {image.info.get('image_id', '')}"
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        grid = rng.integers(0, self._classes, (self.side, self.side), dtype=np.uint16)
        return grid[np.ix_(np.arange(height) * self.side // height, np.arange(width) * self.side // width)]


class SingleClass:
    """One class for every pixel of every image.

    Args:
        index: of the class.

    Raises:
        RequestError: the vocabulary has no such class.
    """

    def __init__(self, index: int = 0) -> None:
        self.index = index

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Check that the class exists."""
        del text
        if not 0 <= self.index < len(vocabulary):
            raise RequestError(f"index is {self.index}; the vocabulary has the classes 0..{len(vocabulary) - 1}.")

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """A constant label map an image."""
        return [LabelMap(np.full(image.size[::-1], self.index, np.uint16)) for image in images]

    def describe(self) -> Mapping[str, object]:
        """What it is a reference for; tables mark its row."""
        return {"reference": "chance"}
