"""Shapes of things as data: polygons, ellipses and lines in a unit box (x right, y down).

A part names a colour role: "a" and "b" are the two colours drawn for that individual, the others are fixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RGB = tuple[int, int, int]

FIXED: Mapping[str, RGB] = {
    "k": (25, 25, 30),
    "w": (245, 245, 240),
    "g": (140, 145, 150),
    "l": (200, 203, 206),
    "y": (245, 205, 40),
    "r": (215, 40, 40),
    "n": (40, 150, 50),
    "t": (115, 75, 40),
    "s": (165, 215, 235),
    "f": (225, 170, 130),
    "p": (240, 150, 160),
    "c": (45, 60, 75),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One drawing step: form "poly", "oval", "line" or "ring", colour role, unit coordinates, relative line width."""

    form: str
    role: str
    xy: tuple[float, ...]
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A thing: width over height, its two colour choices, its surface pattern, and its parts from back to front."""

    aspect: float
    a: tuple[RGB, ...]
    b: tuple[RGB, ...]
    pattern: str
    parts: tuple[Part, ...]


def poly(role: str, *xy: float) -> Part:
    """A filled polygon through x, y, x, y, ..."""
    return Part("poly", role, xy)


def rect(role: str, x0: float, y0: float, x1: float, y1: float) -> Part:
    """A filled upright rectangle."""
    return Part("poly", role, (x0, y0, x1, y0, x1, y1, x0, y1))


def oval(role: str, *xy: float) -> Part:
    """A filled ellipse in the box x0, y0, x1, y1."""
    return Part("oval", role, xy)


def line(role: str, width: float, *xy: float) -> Part:
    """A line through x, y, x, y, ...; `width` is relative to the height of the thing."""
    return Part("line", role, xy, width)


def ring(role: str, width: float, *xy: float) -> Part:
    """The outline of the ellipse in the box x0, y0, x1, y1."""
    return Part("ring", role, xy, width)


def legs(role: str, *xs: float, top: float = 0.6, width: float = 0.09) -> tuple[Part, ...]:
    """Upright legs whose left edges are at `xs`, down to the ground."""
    return tuple(rect(role, x, top, x + width, 1.0) for x in xs)


def row(role: str, count: int, *box: float) -> tuple[Part, ...]:
    """`count` rectangles side by side in the box x0, x1, y0, y1, such as windows or keys."""
    x0, x1, y0, y1 = box
    step = (x1 - x0) / count
    return tuple(rect(role, x0 + i * step, y0, x0 + (i + 0.72) * step, y1) for i in range(count))


RED, BLUE, GREEN, YELLOW = (205, 35, 40), (40, 80, 190), (40, 140, 60), (240, 200, 50)
WHITE, BLACK, GREY, BROWN = (240, 240, 238), (35, 35, 40), (130, 130, 135), (120, 75, 40)
ORANGE, PURPLE, TEAL, PINK = (235, 120, 30), (130, 60, 160), (30, 150, 150), (240, 150, 165)
BRIGHT = (RED, BLUE, GREEN, YELLOW, ORANGE, PURPLE, TEAL)
