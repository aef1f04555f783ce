from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cosegbench import IGNORE
from cosegbench.errors import ProtocolError
from cosegbench.geometry import Geometry

CROP = Geometry("square-crop")


def picture(width, height) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.info["image_id"] = "cat"
    return image


def test_the_whole_image_is_left_alone():
    image, target = picture(9, 5), np.zeros((5, 9), np.uint16)
    assert Geometry().prepare_image(image) is image
    assert Geometry().prepare_target(target) is target


@pytest.mark.parametrize(("width", "height"), [(50, 37), (37, 50), (40, 40), (41, 40), (43, 40)])
@pytest.mark.parametrize("size", [16, 40, 64])
def test_image_and_target_show_the_same_square(width, height, size):
    """Labels written into the image survive the crop at the same places as in the target."""
    labels = np.zeros((height, width), np.uint16)
    labels[height // 4 : height // 2, width // 3 : width // 2] = 200
    image = Image.fromarray(np.repeat(labels[..., None], 3, 2).astype(np.uint8))
    shown = np.asarray(CROP.prepare_image(image, size))[..., 0] > 100
    scored = CROP.prepare_target(labels, size) == 200
    assert shown.shape == scored.shape == (size, size)
    assert (shown != scored).mean() < 0.05  # only along the edges, which bilinear resizing blurs


@pytest.mark.parametrize(
    ("shape", "size"),
    [((31, 47), 12), ((20, 20), 33), ((7, 90), 7), ((90, 61), 100), ((320, 321), 224), ((400, 384), 352)],
)
def test_labels_are_resized_as_pillow_does_by_nearest_neighbour(shape, size):
    labels = np.random.default_rng(1).integers(0, 250, shape).astype(np.uint16)
    short = min(shape)
    top, left = round((shape[0] - short) / 2), round((shape[1] - short) / 2)
    square = Image.fromarray(labels[top : top + short, left : left + short].astype(np.uint8))
    expected = np.asarray(square.resize((size, size), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(CROP.prepare_target(labels, size), expected)


def test_sixteen_bit_labels_and_ignore_survive():
    labels = np.full((10, 30), IGNORE, np.uint16)
    labels[:, 15:] = 846
    assert set(np.unique(CROP.prepare_target(labels, 25)).tolist()) == {846, IGNORE}


def test_the_image_id_travels_with_the_image():
    assert CROP.prepare_image(picture(50, 30), 16).info["image_id"] == "cat"


def test_a_predictor_without_an_input_size_is_told_what_to_add():
    with pytest.raises(ProtocolError, match="input_size"):
        CROP.prepare_image(picture(5, 5), None)
    with pytest.raises(ProtocolError, match="input_size"):
        CROP.prepare_target(np.zeros((5, 5), np.uint16), None)
