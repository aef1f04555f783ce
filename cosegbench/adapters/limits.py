"""How large a picture may be. A file of a few kilobytes can say that it holds billions of pixels."""

from __future__ import annotations

from cosegbench.errors import DataError

MAX_PIXELS = 89_478_485
"""Pillow's own limit: a quarter of a gibibyte of 24-bit pixels, some 9,459 squared. Pillow itself only warns there."""

MAX_SIDE = 65_535
"""As in JPEG. Decoders take memory for every row, however short it is."""


def check_size(height: int, width: int, where: object) -> None:
    """Refuse a size before memory is taken for it.

    Args:
        height: in pixels, as the file says.
        width: in pixels, as the file says.
        where: names the file in the message.

    Raises:
        DataError: no pixels, more than :data:`MAX_PIXELS`, or a side above :data:`MAX_SIDE`.
    """
    if height < 1 or width < 1 or height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        raise DataError(
            f"{where}: says that it is {height} pixels high and {width} wide; 1 to {MAX_PIXELS:,} pixels of "
            f"sides up to {MAX_SIDE:,} are read. A file that says more is damaged or made to fill the memory; cut "
            "larger pictures into parts."
        )
