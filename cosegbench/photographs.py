"""Opening photographs: always RGB, never turned, and complete or an error."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cosegbench.adapters.limits import check_size
from cosegbench.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM")
"""What may hold a photograph; the content decides, not the suffix, because COCO has a PNG called ``.jpg``."""

_ORIENTATION = 0x0112


def open_photograph(path: Path, image_id: str) -> Image.Image:
    """Decode one photograph to RGB.

    EXIF orientation is not applied, because labels are drawn on the image as it is stored. ``info`` holds only
    ``image_id``.

    Raises:
        DataError: the file is absent, is no image, breaks off, or is larger than any photograph.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            check_size(image.height, image.width, path)
            image.load()
            photograph = _as_rgb(image, path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: photograph of image {image_id!r} is missing.") from error
    except DataError:
        raise
    except Exception as error:  # what Pillow raises depends on the format and on where the bytes are wrong
        raise DataError(f"{path}: photograph cannot be decoded: {error}.") from error
    photograph.info = {"image_id": image_id}
    return photograph


def _as_rgb(image: Image.Image, path: Path) -> Image.Image:
    """Eight bits a channel. Of 16-bit gray the upper byte: Pillow's own conversion would make 255 of all above 255."""
    if image.mode.startswith("I;16"):
        import numpy as np
        from PIL import Image

        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise DataError(
            f"{path}: photograph has 32 bits a pixel, and nobody knows which of its values is white; store 8 bits."
        )
    return image.convert("RGB")


class CheckedPhotograph(NamedTuple):
    """What reading a photograph to its end tells.

    Args:
        shape: (height, width) as stored.
        orientation: EXIF's; 1 where there is none.
        digest: SHA-256 of the file's bytes, hexadecimal.
    """

    shape: tuple[int, int]
    orientation: int
    digest: str


def check_photograph(path: Path, image_id: str) -> CheckedPhotograph:
    """Read a photograph to its end without keeping it.

    Raises:
        DataError: as :func:`open_photograph`.
    """
    from PIL import Image

    try:
        blob = path.read_bytes()
        with Image.open(io.BytesIO(blob), formats=FORMATS) as image:
            width, height = image.size
            check_size(height, width, path)
            orientation = image.getexif().get(_ORIENTATION, 1)
            if image.mode in ("I", "F"):
                _as_rgb(image, path)
            # A JPEG decoded at an eighth of its size still reads every byte, in about half of the time.
            image.draft("L", (max(1, width // 8), max(1, height // 8)))
            image.load()
    except FileNotFoundError as error:
        raise DataError(f"{path}: photograph of image {image_id!r} is missing.") from error
    except DataError:
        raise
    except Exception as error:  # what Pillow raises depends on the format and on where the bytes are wrong
        raise DataError(f"{path}: photograph cannot be decoded: {error}.") from error
    turned = orientation if isinstance(orientation, int) else 1
    return CheckedPhotograph((height, width), turned, hashlib.sha256(blob).hexdigest())
