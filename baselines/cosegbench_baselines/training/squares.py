"""One photograph and its label map, cut to the model's square as the paper cuts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from cosegbench.errors import DataError, LabelError

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Dataset

Geometry = Literal["square-crop", "squash"]


def read_square(
    dataset: Dataset, image_id: str, size: int, geometry: Geometry, *, draft: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (size, size, 3) uint8, bilinear, and labels (size, size) uint16, nearest, of the same part of the image.

    Args:
        dataset: gives both.
        image_id: of the image.
        size: side in pixels.
        geometry: which part of the image.
        draft: decode a JPEG at a half, a quarter or an eighth of its size where that still is ``size`` or larger.

    Raises:
        DataError: a file is absent or cannot be decoded.
        LabelError: a wrong value, or another size than the photograph's.
    """
    target = dataset.target(image_id)
    if draft:
        image = _draft(dataset, image_id, size, geometry, target.shape)
    else:
        image = dataset.image(image_id)
        _check_one_size(dataset, image_id, image.size, target.shape)
    return square_image(image, size, geometry), square_labels(target, size, geometry)


def _check_one_size(dataset: Dataset, image_id: str, photograph: tuple[int, int], label: tuple[int, ...]) -> None:
    """Refuse a photograph of (width, height) and a label map of (height, width) that are not of one size."""
    if photograph[::-1] != label:
        raise LabelError(
            f"{dataset.labels.path(image_id)}: label has (height, width) {label}, "
            f"photograph {dataset.image_path(image_id)} has {photograph[::-1]}."
        )


def _draft(dataset: Dataset, image_id: str, size: int, geometry: Geometry, label: tuple[int, ...]) -> Image.Image:
    """The photograph at the smallest scale at which its decoder gives the part that is needed at ``size`` or larger."""
    from PIL import Image

    path = dataset.image_path(image_id)
    try:
        with Image.open(path) as image:
            width, height = image.size
            _check_one_size(dataset, image_id, (width, height), label)  # a draft has another size
            left, top, right, bottom = crop_box(width, height, geometry)
            # The decoder takes the smallest scale whose both sides reach what is asked for.
            image.draft("RGB", (-(-width * size // (right - left)), -(-height * size // (bottom - top))))
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: photograph of image {image_id!r} cannot be decoded: {error}.") from error


def crop_box(width: int, height: int, geometry: Geometry) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of an image that becomes the square."""
    if geometry == "squash":
        return 0, 0, width, height
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def square_image(image: Image.Image, size: int, geometry: Geometry) -> np.ndarray:
    """The part of an RGB image at (size, size, 3) uint8, bilinear with antialiasing."""
    from PIL import Image

    box = crop_box(*image.size, geometry)
    # Cut first: resizing with a box would let pixels beside the box into its border.
    cut = image if box == (0, 0, *image.size) else image.crop(box)
    return np.array(cut.resize((size, size), Image.Resampling.BILINEAR), np.uint8)


def square_labels(labels: np.ndarray, size: int, geometry: Geometry) -> np.ndarray:
    """Nearest neighbour by pixel centres, on the same box as the image."""
    left, top, right, bottom = crop_box(labels.shape[1], labels.shape[0], geometry)
    rows = top + ((np.arange(size) + 0.5) * (bottom - top) / size).astype(np.int64)
    columns = left + ((np.arange(size) + 0.5) * (right - left) / size).astype(np.int64)
    return labels[np.ix_(rows, columns)]
