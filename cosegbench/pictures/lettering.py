"""Text in pictures: the font that comes with Pillow, and names of any kind cut to the room there is."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageDraw, ImageFont

from cosegbench.pictures.colours import INK, PAPER

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

CUT = "…"

_LONGEST = 300
"""Characters of a name that are looked at; no place in a picture takes more."""


@cache
def font(size: int) -> Font:
    """Pillow's own font, which needs no file of the system; ``size`` in pixels."""
    return ImageFont.load_default(size)


def fit(text: str, size: int, width: float) -> str:
    """``text`` with what cannot be printed replaced, and cut with an ellipsis where it is wider than ``width`` pixels.

    Line feeds and other control characters become question marks: text is one line, and the system's bytes that are no
    characters (lone surrogates) cannot be drawn.
    """
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])
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
