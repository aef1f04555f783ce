"""Pictures in which one segment stays as it is and everything around it is other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

GREY = 128
"""Value of all three bands where surroundings are greyed out."""


def grey_out(image: Image.Image, segment: npt.NDArray[np.bool_]) -> Image.Image:
    """The segment on even grey.

    Args:
        image: RGB.
        segment: (H, W), True where the picture stays as it is.
    """
    return _compose(image, segment, np.full((*segment.shape, 3), GREY, np.uint8))


def replace_around(image: Image.Image, segment: npt.NDArray[np.bool_], other: Image.Image) -> Image.Image:
    """The segment on another picture, which is resized (bilinear, antialiased) to this one's size.

    Args:
        image: RGB.
        segment: (H, W), True where the picture stays as it is.
        other: RGB, of any size.
    """
    from PIL import Image as Pillow

    return _compose(image, segment, np.asarray(other.resize(image.size, Pillow.Resampling.BILINEAR)))


def _compose(image: Image.Image, segment: npt.NDArray[np.bool_], around: npt.NDArray[np.uint8]) -> Image.Image:
    from PIL import Image as Pillow

    return Pillow.fromarray(np.where(segment[:, :, None], np.asarray(image), around))
