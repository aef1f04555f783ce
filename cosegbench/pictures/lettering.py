"""Text in pictures: the font that comes with Pillow, and names of any kind cut to the room there is."""

from __future__ import annotations

import math
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from cosegbench.pictures.colours import INK, PAPER

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

CUT = "…"

_ABSENT = "\ue000"
"""Of the private use area: no font that comes with Pillow has it."""

_LONGEST = 300
"""Characters of a name that are looked at; no place in a picture takes more."""


@cache
def font(size: int) -> Font:
    """Pillow's own font, which needs no file of the system; ``size`` in pixels."""
    return ImageFont.load_default(size)


def fit(text: str, size: int, width: float) -> str:
    """``text`` as :func:`drawable`, and cut with an ellipsis where it is wider than ``width`` pixels."""
    clean = "".join(map(drawable, text[:_LONGEST]))
    if len(text) <= _LONGEST and font(size).getlength(clean) <= width:
        return clean
    low, high = 0, len(clean)
    while low < high:
        middle = (low + high + 1) // 2
        if font(size).getlength(clean[:middle].rstrip() + CUT) <= width:
            low = middle
        else:
            high = middle - 1
    return clean[:low].rstrip() + CUT


def text_width(text: str, size: int) -> int:
    """Pixels that :func:`fit` text takes where there is room for all of it, rounded up."""
    return math.ceil(font(size).getlength(fit(text, size, math.inf)))


@cache
def drawable(letter: str) -> str:
    """One character as the font can draw it.

    The font holds little beyond ASCII, and draws every other character as one and the same box. Accents are left out
    ("é" becomes "e"); other letters become their number ("中" becomes "u+4e2d"), which keeps names apart. Control
    characters and the system's bytes that are no characters (lone surrogates) become question marks.
    """
    if not letter.isprintable():
        return "?"
    if letter.isascii() or _glyph(letter) != _glyph(_ABSENT):
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if part.isascii())
    return plain or f"u+{ord(letter):04x}"


def _glyph(letter: str) -> bytes:
    return bytes(font(16).getmask(letter))


def write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, width: float, anchor: str = "lm"
) -> None:
    """One line of at most ``width`` pixels; ``anchor`` as Pillow's."""
    draw.text(place, fit(text, size, width), INK, font(size), anchor=anchor)


def upright(text: str, size: int, height: int) -> Image.Image:
    """A line that reads from bottom to top, as an image of its own that is ``height`` pixels high."""
    line = Image.new("RGB", (height, size + 4), PAPER)
    write(ImageDraw.Draw(line), (0, size / 2 + 2), text, size, height)
    return line.transpose(Image.Transpose.ROTATE_90)
