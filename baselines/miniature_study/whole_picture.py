"""What chance gives under an oracle: one mask over the whole picture, offered for every class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cosegbench import MaskSet

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Vocabulary
    from cosegbench.text import TextRule


class WholePicture:
    """Says "everything is here, everywhere": a rule that pairs masks with the true classes scores it above zero.

    Args:
        size: side in pixels of the square that protocols with a model's own input size resize to.
    """

    def __init__(self, size: int = 64) -> None:
        self.input_size = size
        self._classes = 0

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Only the number of classes counts."""
        del text
        self._classes = len(vocabulary)

    def predict(self, images: Sequence[Image.Image]) -> Sequence[MaskSet]:
        """One full mask an image, equally similar to all classes."""
        similarity = np.ones((1, self._classes), np.float32)
        return [MaskSet(np.ones((1, self.input_size, self.input_size), np.float32), similarity) for _ in images]

    def describe(self) -> Mapping[str, object]:
        """What it is a reference for; tables mark its row."""
        return {"reference": "chance"}
