"""Small files that would unpack to much more than any sound one."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

HUGE = 20_000
"""Side of a square of 400 million pixels."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(path: Path, side: int = HUGE, *, before: bytes = b"", pixels: bytes = b"") -> Path:
    """A gray PNG that says that it is a square of this side; its pixels are absent unless given."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    )
    return path


def zeros(size: int) -> bytes:
    """So many zero bytes, compressed without holding them."""
    stream, part = zlib.compressobj(1), bytes(1 << 20)
    return b"".join([*(stream.compress(part) for _ in range(size >> 20)), stream.flush()])


def mat(path: Path, size: int = 300 << 20, says: int = 0) -> Path:
    """A MATLAB file whose one compressed matrix unpacks to so many bytes, and says that it has ``says``."""
    stream, part = zlib.compressobj(1), bytes(1 << 20)
    parts = [stream.compress(struct.pack("<II", 14, says or size)), *(stream.compress(part) for _ in range(size >> 20))]
    packed = b"".join([*parts, stream.flush()])
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    return path


def npz(path: Path, size: int = 256 << 20) -> Path:
    """An archive with one array of so many zero bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("version.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (size,)})
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return path


def claiming_npz(path: Path, rows: int = 4_000_000_000) -> Path:
    """Evidence whose counts claim billions of rows, with columns of one value that would be repeated."""
    one = np.zeros(1, np.uint16)
    stream = io.BytesIO()
    np.savez(
        stream,
        **{
            "version": np.int64(1),
            "num_classes": np.int64(3),
            "image_ids": np.array(["a"]),
            "pairs/images": np.zeros(1, np.uint32),
            "pairs/counts": np.array([rows], np.uint32),
            "pairs/prediction": one,
            "pairs/target": one,
            "pairs/pixels": one.astype(np.uint32),
        },
    )
    path.write_bytes(stream.getvalue())
    return path
