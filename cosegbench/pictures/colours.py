"""How a class looks. Its look depends on its index in the vocabulary alone, never on what else is in a picture.

Colours come in two sevens. Within a seven they differ by a CIE 1976 distance of at least 16, for normal sight and as
people with protanopia, deuteranopia or tritanopia see them (Machado et al. 2009). Across the sevens some are close, so
classes of different sevens never share a texture among the first 56, and textures carry the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.labels import VOID, LabelArray

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Okabe and Ito, Color Universal Design (2008), without black."""

TOL_MUTED = ("#332288", "#999933", "#AA4499", "#44AA99", "#882255", "#DDCC77", "#117733")
"""Tol, SRON technical note EPS/TN/09-002, muted scheme, without cyan and rose, which are close to colours above."""

PALETTE = (*OKABE_ITO, *TOL_MUTED)

TEXTURES = ("plain", "dots", "diagonal", "antidiagonal", "crossed", "horizontal", "vertical", "grid")

INK: Colour = (32, 32, 32)
PAPER: Colour = (255, 255, 255)
FRAME: Colour = (90, 90, 90)
EDGE: Colour = (40, 40, 40)
"""The line between two regions."""

VOID_COLOUR: Colour = PAPER
IGNORED_COLOUR: Colour = (150, 150, 150)

STROKE = 4
"""Pixels of a stripe; every third is drawn."""

_SHADED = len(OKABE_ITO) * len(TEXTURES)

LOOKS = _SHADED + len(PALETTE) * (len(TEXTURES) - 1) * (len(PALETTE) - 1)
"""So many indices differ in look; from there on looks repeat."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one class is painted.

    Args:
        colour: red, green, blue, 0..255.
        second: the colour of the texture's strokes; unused where it is plain.
        texture: one of :data:`TEXTURES`.
    """

    colour: Colour
    second: Colour
    texture: str


def look(index: int) -> Look:
    """The look of a class.

    The first 56 go through both sevens in turn, a new texture for each seven, its strokes a shade of the colour. After
    them the strokes have another colour of the palette.

    Args:
        index: of the class in its vocabulary, 0 or more.
    """
    if index < _SHADED:
        colour = rgb(PALETTE[index % len(PALETTE)])
        return Look(colour, shade(colour), TEXTURES[index // len(OKABE_ITO)])
    turn, place = divmod(index - _SHADED, len(PALETTE))
    shift, texture = divmod(turn, len(TEXTURES) - 1)
    other = (place + 1 + shift % (len(PALETTE) - 1)) % len(PALETTE)
    return Look(rgb(PALETTE[place]), rgb(PALETTE[other]), TEXTURES[1 + texture])


def paint(labels: LabelArray, reserved: Colour) -> Pixels:
    """A label map in the looks of its classes.

    Args:
        labels: (H, W) uint16; 65535 is void or ignored.
        reserved: the colour of 65535: :data:`VOID_COLOUR` in predictions, :data:`IGNORED_COLOUR` in ground truth.

    Returns:
        (H, W, 3) uint8.
    """
    out = np.full((*labels.shape, 3), reserved, np.uint8)
    masks: dict[str, Mask] = {}
    for index in np.unique(labels[labels != VOID]).tolist():
        looks, here = look(index), labels == index
        out[here] = looks.colour
        if looks.texture != "plain":
            if looks.texture not in masks:
                masks[looks.texture] = strokes(looks.texture, labels.shape)
            out[here & masks[looks.texture]] = looks.second
    return out


def paint_codes(codes: npt.NDArray[np.uint8], colours: Mapping[int, Colour]) -> Pixels:
    """A map of codes (H, W) in plain colours, (H, W, 3) uint8; every code must have one."""
    table = np.zeros((256, 3), np.uint8)
    for code, colour in colours.items():
        table[code] = colour
    painted: Pixels = table[codes]
    return painted


def strokes(texture: str, shape: tuple[int, ...], width: int = STROKE) -> Mask:
    """(H, W) bool: where a texture's strokes are. They belong to the tile, so that regions of a class join up."""
    down, across = np.ogrid[: shape[0], : shape[1]]
    third = 3 * width
    if texture == "plain":
        return np.zeros(shape, bool)
    if texture == "dots":
        return (down % (2 * width) < width - 1) & (across % (2 * width) < width - 1)
    diagonal, antidiagonal = (down + across) % third < width, (down - across) % third < width
    level, upright = np.broadcast_to(down % third < width, shape), np.broadcast_to(across % third < width, shape)
    either = {"crossed": diagonal | antidiagonal, "grid": level | upright}
    found = {"diagonal": diagonal, "antidiagonal": antidiagonal, "horizontal": level, "vertical": upright, **either}
    return found[texture]


def outlined(pixels: Pixels, labels: npt.NDArray[np.generic]) -> Pixels:
    """The painted map (H, W, 3) with a thin dark line between regions of ``labels`` (H, W)."""
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    return np.where(edge[..., None], np.uint8(EDGE[0]), pixels).astype(np.uint8)


def rgb(text: str) -> Colour:
    """``"#0072B2"`` as three numbers."""
    red, green, blue = (int(text[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def shade(colour: Colour) -> Colour:
    """A colour for strokes on this one: darker on light colours, lighter on dark ones."""
    light = sum(colour) > 380
    red, green, blue = (int(part * 0.62) if light else int(part + (255 - part) * 0.45) for part in colour)
    return red, green, blue
