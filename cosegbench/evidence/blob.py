"""One image's evidence as bytes: what a journal stores. Versioned, deterministic, no pickle.

Layout, little-endian: magic ``CSEV``, version (u2), K (u4), number of channels (u2), then for each channel in sorted
order the length of its name (u2), the name (UTF-8), the length of its rows in bytes (u8) and the rows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from cosegbench.errors import EvidenceError
from cosegbench.evidence.channels import LAYOUTS, check_rows

_MAGIC = b"CSEV"
VERSION = 1
_HEAD = struct.Struct("<4sHIH")


def pack(num_classes: int, channels: Mapping[str, bytes]) -> bytes:
    """The bytes of one image."""
    parts = [_HEAD.pack(_MAGIC, VERSION, num_classes, len(channels))]
    for name in sorted(channels):
        parts += [
            struct.pack("<H", len(name.encode())),
            name.encode(),
            struct.pack("<Q", len(channels[name])),
            channels[name],
        ]
    return b"".join(parts)


def unpack(blob: bytes, num_classes: int, where: str) -> dict[str, bytes]:
    """The channels of one image.

    Raises:
        EvidenceError: not such bytes, a newer version, another K, cut short, or rows that contradict themselves.
    """
    try:
        magic, version, classes, count = _HEAD.unpack_from(blob)
        if magic != _MAGIC or version > VERSION:
            raise EvidenceError(
                f"evidence of image {where!r} is not in the format that this version reads (version {VERSION}); "
                "update cosegbench, or run again with --fresh."
            )
        if classes != num_classes:
            raise EvidenceError(f"evidence of image {where!r} has {classes} classes; expected {num_classes}.")
        channels = _read_channels(blob, count)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise EvidenceError(f"evidence of image {where!r} is cut short or damaged; run again with --fresh.") from error
    for name, data in channels.items():
        if name not in LAYOUTS:
            raise EvidenceError(f"evidence of image {where!r} holds the unknown channel {name!r}; update cosegbench.")
        if len(data) % LAYOUTS[name].itemsize:
            raise EvidenceError(f"evidence of image {where!r}, channel {name!r}, is cut short; run again with --fresh.")
        check_rows(name, np.frombuffer(data, LAYOUTS[name]), num_classes, where)
    return channels


def _read_channels(blob: bytes, count: int) -> dict[str, bytes]:
    position, channels = _HEAD.size, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", blob, position)
        name = blob[position + 2 : position + 2 + length].decode()
        position += 2 + length
        (size,) = struct.unpack_from("<Q", blob, position)
        position += 8 + size
        if position > len(blob):
            raise ValueError("truncated")
        channels[name] = bytes(blob[position - size : position])
    if position != len(blob):
        raise ValueError("trailing bytes")
    return channels
