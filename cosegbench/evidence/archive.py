"""Reading an ``.npz`` of plain arrays without trusting it: nothing is unpickled, and it cannot unpack without end."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ALWAYS_READ = 1 << 26
"""Bytes that may come out of any archive, however small it is."""

MOST_GROWTH = 200
"""Bytes that may come out of one byte beyond that. Deflate's end is 1,032; evidence and masks stay far below 200."""


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, by name.

    Raises:
        OSError: the file cannot be read.
        ValueError: more would come out of it than such files hold.
        Exception: whatever the decoders raise where the bytes are wrong; the caller turns it into its own error.
    """
    with zipfile.ZipFile(path) as archive:
        # A member never gives more than its entry says, so that the sum of the entries is what would be read.
        size = sum(max(0, member.file_size) for member in archive.infolist())
        if size > ALWAYS_READ + MOST_GROWTH * path.stat().st_size:
            raise ValueError(f"it would unpack to {size:,} bytes")
        # Read whole: NumPy stops at the last value, before the checksum of a member is compared.
        return {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}


def _array(data: bytes) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return array
