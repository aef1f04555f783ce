"""Writers of the real file formats. The same arrays always give the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.world import CONCEPTS, UNLABELED

JPEG_QUALITY = 92
_MAT_TEXT_BYTES = 116
_MAT_TEXT = b"MATLAB 5.0 MAT-file, drawn by cosegbench.miniature"


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` to `path`, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """One line each, UTF-8, a newline after the last."""
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One JSON object a line, keys sorted."""
    write_lines(path, [json.dumps(row, sort_keys=True) for row in rows])


def write_jpeg(path: Path, pixels: NDArray[np.uint8]) -> None:
    """(H, W, 3) uint8 as a JPEG of quality 92."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    write_bytes(path, buffer.getvalue())


def _write_png(path: Path, image: Image.Image) -> None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    write_bytes(path, buffer.getvalue())


def _lookup(values: Sequence[int], unlabeled: int, dtype: type[np.generic]) -> NDArray[Any]:
    # The last row serves index -1, which is UNLABELED.
    assert UNLABELED == -1
    return np.array([*values, unlabeled], dtype=dtype)


_COCO = _lookup([(c.coco - 1) & 255 for c in CONCEPTS], 255, np.uint8)
_CONTEXT = _lookup([c.context for c in CONCEPTS], 0, np.uint16)
_VOC = _lookup([c.voc for c in CONCEPTS], 0, np.uint8)


def write_stuffthing(path: Path, scene: Scene) -> None:
    """COCO-Stuff pixel map: 8-bit grey PNG, value = id - 1, 255 where unlabeled."""
    _write_png(path, Image.fromarray(_COCO[scene.concepts]))


def write_context_mat(path: Path, scene: Scene) -> None:
    """Pascal Context: `LabelMap` (H, W) uint16 of 459-ids in a MATLAB 5 file, 0 where unlabeled.

    The writer puts the date into the descriptive text of the header, so that text is replaced.
    """
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"LabelMap": _CONTEXT[scene.concepts]}, do_compression=True)
    data = buffer.getvalue()
    write_bytes(path, _MAT_TEXT.ljust(_MAT_TEXT_BYTES) + data[_MAT_TEXT_BYTES:])


def voc_palette() -> list[int]:
    """The VOC colour map: bits of the class id dealt out to the high bits of red, green and blue; 768 values."""
    flat: list[int] = []
    for index in range(256):
        channels = [0, 0, 0]
        rest = index
        for bit in range(7, -1, -1):
            for channel in range(3):
                channels[channel] |= ((rest >> channel) & 1) << bit
            rest >>= 3
        flat += channels
    return flat


def voc_labels(scene: Scene) -> NDArray[np.uint8]:
    """VOC values (H, W) uint8: 0 background, 1..20, and 255 on a border of 1 pixel to each side of an object's edge."""
    values = _VOC[scene.concepts].astype(np.uint8)
    owner = np.zeros(values.shape, np.int16)
    for number, (_, mask) in enumerate(scene.instances, start=1):
        owner[mask] = number
    owner[values == 0] = 0
    border = np.zeros(values.shape, bool)
    for axis in (0, 1):
        change = np.diff(owner, axis=axis) != 0
        before = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        border[before] |= change
        border[after] |= change
    values[border] = 255
    return values


_PALETTE = voc_palette()


def write_voc_png(path: Path, scene: Scene) -> None:
    """VOC SegmentationClass: palette PNG whose index is the class."""
    image = Image.fromarray(voc_labels(scene))
    image.putpalette(_PALETTE)
    _write_png(path, image)


def encode_rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """A mask (H, W) as COCO's compressed run lengths: {"size": [H, W], "counts": text}."""
    from pycocotools import mask as coco_mask

    code = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode("ascii")}
