"""How classes look: stable, told apart, also by people who see fewer colours; and how text is cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.labels import VOID
from cosegbench.pictures.agreement import COLOURS
from cosegbench.pictures.colours import LOOKS, PALETTE, TEXTURES, look, paint, rgb, strokes
from cosegbench.pictures.lettering import fit, font

SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""


def lab(colour: tuple[int, ...], sight: str) -> np.ndarray:
    """CIE L*a*b* (D65) of an sRGB colour as somebody sees it."""
    part = np.array(colour) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = (
        np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in to_xyz @ linear / np.array([0.9505, 1, 1.089])
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first: tuple[int, ...], second: tuple[int, ...], sight: str) -> float:
    return float(np.linalg.norm(lab(first, sight) - lab(second, sight)))


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_first_twenty_classes_differ_in_texture_or_clearly_in_colour(sight: str) -> None:
    for first, second in itertools.combinations(range(20), 2):
        a, b = look(first), look(second)
        assert a.texture != b.texture or distance(a.colour, b.colour, sight) >= 16, (first, second)


@given(index=st.integers(0, 3000))
@settings(max_examples=60, deadline=None)
def test_neighbouring_classes_have_clearly_different_colours(index: int) -> None:
    first, second = look(index), look(index + 1)
    assert min(distance(first.colour, second.colour, sight) for sight in SIGHTS) >= 13


def test_every_look_up_to_the_stated_number_is_another_one_and_then_they_repeat() -> None:
    looks = [look(index) for index in range(LOOKS)]
    assert len({(each.colour, each.second, each.texture) for each in looks}) == LOOKS
    assert LOOKS > 847
    assert look(LOOKS) == look(56)


def test_every_texture_but_plain_shows_both_colours_on_a_swatch() -> None:
    for texture in TEXTURES[1:]:
        assert 0.1 < strokes(texture, (16, 36)).mean() < 0.7
    assert not strokes("plain", (16, 36)).any()


@given(index=st.integers(0, 65534), others=st.lists(st.integers(0, 65534), max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_class_looks_the_same_whatever_else_is_in_the_picture(index: int, others: list[int]) -> None:
    labels = np.full((24, 24), index, np.uint16)
    alone = paint(labels, (255, 255, 255))
    labels[:12] = np.resize(np.array([*others, VOID], np.uint16), (12, 24))
    among = paint(labels, (255, 255, 255))
    assert (among[12:] == alone[12:]).all()


def test_void_and_ignored_are_neutral_and_no_class_or_code_has_their_colour() -> None:
    labels = np.full((4, 4), VOID, np.uint16)
    assert (paint(labels, (150, 150, 150)) == 150).all()
    for colour in map(rgb, PALETTE):
        assert len(set(colour)) > 1
        assert colour not in COLOURS.values()


@given(text=st.text(max_size=50), width=st.integers(40, 400))
@settings(max_examples=80, deadline=None)
def test_any_text_is_cut_to_its_room_and_printable(text: str, width: int) -> None:
    cut = fit(text, 14, width)
    assert font(14).getlength(cut) <= width
    assert cut.isprintable()


def test_names_are_cut_and_foreign_letters_stay_apart() -> None:
    assert fit("<script>", 14, 200) == "<script>"
    assert fit("a" * 1000, 14, 100).endswith("a…")
    assert fit("café", 14, 200) == "cafe"
    assert fit("中", 14, 200) != fit("国", 14, 200)
    assert fit("a\nb\udcff", 14, 200) == "a?b?"
