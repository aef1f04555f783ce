"""What of an image is shown to a predictor, and what of its target is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from cosegbench.errors import ProtocolError
from cosegbench.geometry.places import Place, Window, central_square
from cosegbench.labels import LabelArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Geometry", "Place", "Window", "central_square"]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The part of image and target that a protocol uses.

    Args:
        input: ``"whole"``: image and target untouched (a predictor with a square input squashes by itself);
            ``"square-crop"``: the central square of the short side, resized to the predictor's input size, the image
            bilinearly (Pillow, antialiased) and the labels by nearest neighbour; ``"central-square"``: the same square
            in the image's own pixels, and the target untouched: what lies outside the square is scored as void.
    """

    input: Literal["whole", "square-crop", "central-square"] = "whole"

    def prepare_image(self, image: Image.Image, size: int | None = None) -> Image.Image:
        """The image to predict on; ``image.info`` is kept.

        Args:
            image: RGB.
            size: side of the predictor's input in pixels; needed for a square crop.

        Raises:
            ProtocolError: a square crop without a size.
        """
        if self.input == "whole":
            return image
        if self.input == "central-square":
            return central_square(image.height, image.width).cut(image)
        from PIL import Image as Pillow

        side = self._side(size)
        crop = image.crop(central_square(image.height, image.width).box)
        result = crop.resize((side, side), Pillow.Resampling.BILINEAR)
        result.info = dict(image.info)
        return result

    def prepare_target(self, target: LabelArray, size: int | None = None) -> LabelArray:
        """The target to score, (H, W) or (size, size) uint16.

        Args:
            target: (H, W) uint16.
            size: as for the image.

        Raises:
            ProtocolError: a square crop without a size.
        """
        if self.input != "square-crop":
            return target
        side = self._side(size)
        square = central_square(*target.shape)
        places = _nearest(square.height, side)
        return np.ascontiguousarray(target[np.ix_(square.top + places, square.left + places)])

    def _side(self, size: int | None) -> int:
        if size is None or size < 1:
            raise ProtocolError(
                "this protocol resizes to the predictor's own input size, and the predictor does not state one: give "
                "it an attribute input_size (pixels)."
            )
        return int(size)


def _nearest(source: int, target: int) -> npt.NDArray[np.int64]:
    """For each of ``target`` cells the source cell under its centre, as Pillow's NEAREST takes it.

    Pillow itself is asked, because it adds up in floating point: where a centre lies on a border (320 to 224 pixels),
    it falls to one side or the other.
    """
    from PIL import Image as Pillow

    row = Pillow.fromarray(np.arange(source, dtype=np.int32)[None])
    return np.asarray(row.resize((target, 1), Pillow.Resampling.NEAREST), np.int64).ravel()
