"""The parts of a MAT-file of level 5, looked at before scipy reads them.

scipy looks a type that it does not know up beyond the end of its table, which ends the process, and unpacks compressed
matrices without end. So compressed matrices are unpacked here, up to a limit, every part is looked at, and scipy is
given what was looked at and nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from cosegbench.adapters.limits import MAX_PIXELS

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_BEGINNING = [6, 5, 1]
"""Types of a matrix's first parts: flags, dimensions, name."""

_FLAG_BYTES = 8
_TYPES = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18})
"""The types of numbers and text in the format; a matrix of matrices is no label."""

_MOST_BYTES = 2 * MAX_PIXELS + 4096
"""What the largest label needs: 16 bits a pixel, and a head."""


class NotMatrices(ValueError):  # noqa: N818 - never leaves this room
    """The bytes are not those of a MAT-file that holds matrices of numbers and text."""


def plain_matrices(data: bytes) -> bytes:
    """The same file with its matrices unpacked.

    Args:
        data: bytes of the file.

    Raises:
        NotMatrices: a part that no matrix of numbers or text has, or more than a label holds.
    """
    if len(data) < _HEADER_BYTES or data[126:128] not in (b"IM", b"MI"):
        raise NotMatrices("it has not the head of a MAT-file of level 5")
    order = "<" if data[126:128] == b"IM" else ">"
    found = [data[:_HEADER_BYTES]]
    left = _MOST_BYTES
    for kind, body in _elements(data, _HEADER_BYTES, order):
        inner, whole = _unpacked(body, left, order) if kind == _COMPRESSED else (kind, body)
        left -= len(whole)
        if left < 0:
            raise NotMatrices("it holds more than a label does")
        if inner != _MATRIX:
            raise NotMatrices(f"it holds a part of type {inner}, which is no matrix")
        _check_matrix(whole, order)
        found += [struct.pack(f"{order}II", _MATRIX, len(whole)), whole]
    return b"".join(found)


def _elements(data: bytes, position: int, order: str) -> Iterator[tuple[int, bytes]]:
    while position < len(data):
        if position + 8 > len(data):
            raise NotMatrices("it breaks off")
        kind, size = struct.unpack_from(f"{order}II", data, position)
        position += 8
        if size > len(data) - position:
            raise NotMatrices("it breaks off")
        yield kind, data[position : position + size]
        position += size


def _unpacked(body: bytes, limit: int, order: str) -> tuple[int, bytes]:
    """Type and bytes of the one element that compressed bytes hold."""
    stream = zlib.decompressobj()
    try:
        tag = stream.decompress(body, 8)
        if len(tag) < 8:
            raise NotMatrices("it breaks off")
        kind, size = struct.unpack(f"{order}II", tag)
        if size > limit:
            raise NotMatrices("it holds more than a label does")
        # Some bytes more than are said, so that the checksum at the end is reached, or too much is seen.
        plain = stream.decompress(stream.unconsumed_tail, size + 64)
    except zlib.error as error:
        raise NotMatrices(str(error)) from error
    if not stream.eof or len(plain) < size:
        raise NotMatrices("it breaks off, or holds more than it says")
    return kind, plain[:size]


def _check_matrix(matrix: bytes, order: str) -> None:
    parts = list(_parts(matrix, order))
    begins = [part for part, _ in parts[:3]] == _BEGINNING and parts[0][1] == _FLAG_BYTES
    if not begins or any(part not in _TYPES for part, _ in parts):
        raise NotMatrices("its parts are not those of a matrix")


def _parts(matrix: bytes, order: str) -> Iterator[tuple[int, int]]:
    """Type and size of each part of a matrix; one of up to four bytes has its size in the upper half of the word."""
    position = 0
    while position + 8 <= len(matrix):
        kind, size = struct.unpack_from(f"{order}II", matrix, position)
        small = kind >> 16
        yield (kind & 0xFFFF, small) if small else (kind, size)
        position += 8 if small else 8 + size + -size % 8
