"""Decoding a one-channel PNG to the numbers that are stored in it, and nothing else."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.adapters.limits import check_size
from cosegbench.errors import DataError, LabelError

if TYPE_CHECKING:
    from cosegbench.adapters.base import NativeArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 26
_GRAY, _PALETTE = 0, 3
_COLOUR_WORDS = {0: "grayscale", 2: "RGB", 3: "palette", 4: "grayscale with alpha", 6: "RGB with alpha"}


def png_values(data: bytes, path: Path, *, palette: bool | None, deep: bool) -> NativeArray:
    """The stored values of a PNG, (H, W): palette indices or gray levels, never colours.

    Args:
        data: the file's bytes.
        path: the file, for messages.
        palette: True where the file must have a palette, False where it must not, None where either will do.
        deep: whether 16 bits a pixel are allowed.

    Returns:
        uint8, or uint16 for a 16-bit file.

    Raises:
        DataError: not a PNG, larger than any label, or it cannot be decoded to its end.
        LabelError: not one channel, or a palette or bit depth that this format does not have.
    """
    from PIL import Image

    if not data:
        raise DataError(f"{path}: is empty (0 bytes).")
    if len(data) < _HEADER_BYTES or not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        raise DataError(f"{path}: is not a PNG file.")
    depth, colour = data[24], data[25]
    _check_header(path, depth, colour, palette=palette, deep=deep)
    # Before the decoder sees the size: it takes the memory first, and only warns.
    width, height = struct.unpack_from(">II", data, 16)
    check_size(height, width, path)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.size != (width, height):  # a later header chunk would replace the one that was checked
                raise DataError(f"{path}: cannot be decoded: it holds two headers.")
            image.load()
            values = np.asarray(image)
    except DataError:
        raise
    except Exception as error:  # what Pillow raises depends on which chunk is damaged
        raise DataError(f"{path}: cannot be decoded: {error}.") from error
    if values.shape != (height, width):
        raise DataError(f"{path}: cannot be decoded: its pixels are not those that its header speaks of.")
    # Pillow opens 16-bit gray as 32-bit integers in some versions; the file holds no more than 16.
    return values.astype(np.uint16, copy=False) if depth == 16 else values


def _check_header(path: Path, depth: int, colour: int, *, palette: bool | None, deep: bool) -> None:
    if colour not in (_GRAY, _PALETTE):
        raise LabelError(
            f"{path} holds {_COLOUR_WORDS.get(colour, 'strange')} pixels; a label has one channel of class ids."
        )
    if palette is not None and palette != (colour == _PALETTE):
        wanted = "with a palette" if palette else "without a palette"
        raise LabelError(f"{path} holds {_COLOUR_WORDS[colour]} pixels; this format stores labels {wanted}.")
    if depth == 16 and not deep:
        raise LabelError(f"{path}: has 16 bits a pixel; this format has 8.")
    if colour == _GRAY and depth < 8:
        # Decoders stretch such gray levels to 0..255, so that the stored ids are lost.
        raise LabelError(f"{path}: has {depth} bits a pixel without a palette; store labels with 8 or 16.")
