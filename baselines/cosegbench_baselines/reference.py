"""What chance gives: predictors that never look at the picture.

They return mask sets, as CoSeg does, so that chance can be read beside it under ``coseg-authors`` too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from cosegbench import MaskSet, Prediction
from cosegbench.errors import RequestError

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Vocabulary
    from cosegbench.text import TextRule


INPUT_SIZE = 64
"""Side in pixels where a protocol resizes to the predictor's own input: the miniature's, since there is no model."""


class RandomLabels:
    """Classes drawn at random: for each block of the image, or one for the whole image.

    Each block is a mask whose similarities to the classes are drawn from 0..1, so its label is a fair draw.

    Args:
        blocks: blocks along each side of the image; with ``unit=image`` not used.
        unit: ``block`` or ``image``.
        seed: of the draw, which depends on it and the image's id only.

    Raises:
        RequestError: ``blocks`` is below 1.
    """

    input_size = INPUT_SIZE

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
        """One mask a block, with random similarities, an image."""
        return [MaskSet(blocks(self.side, image), self._similarity(image)) for image in images]

    def describe(self) -> Mapping[str, object]:
        """What it is a reference for; tables mark its row."""
        return {"reference": "chance"}

    def _similarity(self, image: Image.Image) -> npt.NDArray[np.float32]:
        text = f"{self.seed} {image.info.get('image_id', '')}"
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        return rng.random((self.side**2, self._classes), np.float32)


def blocks(side: int, image: Image.Image) -> npt.NDArray[np.float32]:
    """The image cut into side x side blocks, (side * side, H, W): 1 inside the block, 0 outside; row by row."""
    width, height = image.size
    rows, columns = np.arange(height) * side // height, np.arange(width) * side // width
    block = rows[:, None] * side + columns
    masks: npt.NDArray[np.float32] = (block == np.arange(side**2)[:, None, None]).astype(np.float32)
    return masks


class SingleClass:
    """One class for every pixel of every image: a single mask that covers it.

    Args:
        index: of the class.

    Raises:
        RequestError: the vocabulary has no such class.
    """

    input_size = INPUT_SIZE

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self._classes = 0

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Check that the class exists."""
        del text
        self._classes = len(vocabulary)
        if not 0 <= self.index < len(vocabulary):
            raise RequestError(f"index is {self.index}; the vocabulary has the classes 0..{len(vocabulary) - 1}.")

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """The whole image, most similar to the one class, an image."""
        similarity = np.zeros((1, self._classes), np.float32)
        similarity[0, self.index] = 1.0
        return [MaskSet(blocks(1, image), similarity) for image in images]

    def describe(self) -> Mapping[str, object]:
        """What it is a reference for; tables mark its row."""
        return {"reference": "chance"}
