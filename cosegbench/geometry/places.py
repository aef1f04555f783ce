"""Rectangles of an image: the central square, and windows that slide over it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cosegbench.errors import ProtocolError

if TYPE_CHECKING:
    from PIL import Image


class Place(NamedTuple):
    """A rectangle of an image, in its pixels; height and width are 1 or more."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, for an array of (H, W)."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, upper, right, lower, as Pillow writes a box; the last two are outside."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    def cut(self, image: Image.Image) -> Image.Image:
        """This part of an image, in its own pixels; ``info`` is kept and gains ``window``, the :attr:`box`."""
        part = image.crop(self.box)
        part.info = {**image.info, "window": self.box}
        return part


def central_square(height: int, width: int) -> Place:
    """The central square of the short side; odd margins as torchvision's CenterCrop rounds them (half to even)."""
    short = min(width, height)
    return Place(round((height - short) / 2), round((width - short) / 2), short, short)


@dataclass(frozen=True, slots=True)
class Window:
    """A square window that slides over an image, row by row.

    Along each axis windows begin every ``stride`` pixels, and the last one is pushed back to be flush with the border:
    the grid of mmsegmentation's ``slide_inference``. Where the image is shorter than the window, one window covers that
    axis and is as short as the image, as there; nothing is padded, because a padded pixel would show the predictor what
    the photograph does not hold.

    Args:
        size: side in pixels of the image; None: the predictor's own input size, see :meth:`fitted`.
        stride: pixels from one window to the next, 1..size; None: half of the size, rounded up.

    Raises:
        ProtocolError: a size or stride below 1, or a stride that would leave gaps between windows.
    """

    size: int | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("window", self.size), ("stride", self.stride)):
            if value is not None and value < 1:
                raise ProtocolError(f"the {name} is {value} pixels; it must be 1 or more.")
        if self.size is not None and self.stride is not None and self.stride > self.size:
            raise ProtocolError(
                f"a stride of {self.stride} pixels leaves gaps between windows of {self.size}; give a stride of at "
                f"most {self.size}."
            )

    def fitted(self, input_size: int | None) -> Window:
        """The same window in pixels, for one predictor.

        Args:
            input_size: side of the predictor's input in pixels; None where it states none.

        Raises:
            ProtocolError: the size is the predictor's, and it states none; or the stride is longer than it.
        """
        size = self.size if self.size is not None else input_size
        if size is None:
            raise ProtocolError(
                "the sliding window is as large as the predictor's own input, and the predictor does not state one: "
                "give --window in pixels, or give its class an attribute input_size (pixels)."
            )
        return Window(size, self.stride if self.stride is not None else (size + 1) // 2)

    def places(self, height: int, width: int) -> tuple[Place, ...]:
        """The windows over an image, row by row from the top left; together they cover every pixel.

        Raises:
            ProtocolError: the window is not :meth:`fitted` to a predictor.
        """
        if self.size is None or self.stride is None:
            raise ProtocolError("a sliding window without a size in pixels; take window.fitted(input_size).")
        rows, columns = (_starts(extent, self.size, self.stride) for extent in (height, width))
        high, wide = min(self.size, height), min(self.size, width)
        return tuple(Place(top, left, high, wide) for top, left in itertools.product(rows, columns))


def _starts(extent: int, size: int, stride: int) -> list[int]:
    """Where windows begin along one axis."""
    last = max(extent - size, 0)
    return [*range(0, last, stride), last]
