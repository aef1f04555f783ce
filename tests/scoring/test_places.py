from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cosegbench.errors import ProtocolError
from cosegbench.geometry import Geometry, Place, Window, central_square
from scoring.slow_inputs import windows_of

SIDES = st.integers(1, 60)


@st.composite
def windows(draw) -> Window:
    size = draw(SIDES)
    return Window(size, draw(st.integers(1, size)))


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES, windows())
def test_windows_are_those_of_a_plain_loop_and_cover_every_pixel(height, width, window):
    places = window.places(height, width)
    plain = windows_of(height, width, "slide", window.size, window.stride)
    assert [(place.top, place.left, place.top + place.height, place.left + place.width) for place in places] == plain
    visits = np.zeros((height, width), int)
    for place in places:
        visits[place.slices] += 1
    assert visits.min() >= 1
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("extent", "size", "stride", "starts"),
    [
        (500, 352, 176, [0, 148]),
        (704, 352, 176, [0, 176, 352]),
        (352, 352, 176, [0]),
        (353, 352, 352, [0, 1]),
        (1, 224, 112, [0]),
    ],
)
def test_the_last_window_is_flush_with_the_border(extent, size, stride, starts):
    assert [place.left for place in Window(size, stride).places(1, extent)] == starts


def test_an_image_smaller_than_the_window_gets_one_window_as_small_as_itself():
    assert Window(352, 176).places(30, 40) == (Place(0, 0, 30, 40),)
    assert Window(32, 16).places(20, 40) == (Place(0, 0, 20, 32), Place(0, 8, 20, 32))


def test_a_window_without_a_size_takes_the_predictors_and_slides_by_half_of_it():
    assert Window().fitted(224) == Window(224, 112)
    assert Window(stride=100).fitted(225) == Window(225, 100)
    assert Window(225).fitted(None) == Window(225, 113)
    assert Window().fitted(1) == Window(1, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Window(0), "window is 0"),
        (lambda: Window(5, 0), "stride is 0"),
        (lambda: Window(5, 6), "leaves gaps between windows of 5"),
        (lambda: Window(stride=300).fitted(224), "leaves gaps between windows of 224"),
        (lambda: Window().fitted(None), "give --window in pixels, or give its class an attribute input_size"),
        (lambda: Window().places(5, 5), "without a size"),
    ],
)
def test_a_window_that_cannot_slide_is_refused(make, message):
    with pytest.raises(ProtocolError, match=message):
        make()


@settings(max_examples=50, deadline=None)
@given(SIDES, SIDES)
def test_the_central_square_is_that_of_a_plain_loop(height, width):
    place = central_square(height, width)
    [expected] = windows_of(height, width, "crop", 0, 0)
    assert (place.top, place.left, place.top + place.height, place.left + place.width) == expected


def test_a_part_shows_its_own_pixels_and_says_where_it_lies():
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    image = Image.fromarray(pixels)
    image.info["image_id"] = "cat"
    part = Place(1, 2, 3, 4).cut(image)
    np.testing.assert_array_equal(np.asarray(part), pixels[1:4, 2:6])
    assert part.info == {"image_id": "cat", "window": (2, 1, 6, 4)}
    assert image.info == {"image_id": "cat"}


def test_the_square_that_leaves_the_target_alone_is_the_one_that_is_cut_and_resized_otherwise():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 31, 3), dtype=np.uint8))
    target = np.arange(20 * 31, dtype=np.uint16).reshape(20, 31)
    square = Geometry("central-square")
    shown = square.prepare_image(image)
    np.testing.assert_array_equal(np.asarray(shown), np.asarray(Geometry("square-crop").prepare_image(image, 20)))
    assert square.prepare_target(target) is target
