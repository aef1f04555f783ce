"""Close-ups: one concept fills the picture. They teach names, and measure how well names are known."""

from __future__ import annotations

import numpy as np

from cosegbench.miniature.canvas import Canvas, Scene, blank, finish
from cosegbench.miniature.paint import outline_mask, paint_thing
from cosegbench.miniature.places import PLACES
from cosegbench.miniature.textures import Generator, paint_stuff
from cosegbench.miniature.world import INDEX


def draw_closeup(rng: Generator, name: str, *, sides: tuple[int, int] = (64, 80)) -> Scene:
    """One concept filling most of a small picture, the rest showing where it belongs."""
    height, width = (int(side) for side in rng.integers(sides[0], sides[1] + 1, 2))
    canvas = blank(height, width)
    canvas.pixels[:] = paint_stuff(rng, _background(rng, name), height, width)
    if name in _HOMES:
        _closeup_thing(rng, canvas, name)
    else:
        _closeup_stuff(rng, canvas, name)
    return finish(rng, canvas, "close-up")


def _homes() -> dict[str, list[str]]:
    homes: dict[str, list[str]] = {}
    for place in PLACES:
        for name, band, _ in place.things:
            homes.setdefault(name, []).append(band)
    return homes


_HOMES = _homes()
_FORMS = {prop.stuff: prop for place in PLACES for prop in place.props}


def _background(rng: Generator, name: str) -> str:
    if name in _HOMES:
        return _HOMES[name][int(rng.integers(len(_HOMES[name])))]
    return name if name not in _FORMS else _FORMS[name].on


def _closeup_thing(rng: Generator, canvas: Canvas, name: str) -> None:
    height, width = canvas.size
    colours, mask = paint_thing(rng, name, int(height * rng.uniform(0.8, 1.05)))
    ratio = min(1.0, width * 1.1 / mask.shape[1])
    if ratio < 1.0:
        colours, mask = paint_thing(rng, name, int(height * 0.95 * ratio))
    tall, wide = mask.shape
    top = round((height - tall) * rng.uniform(0.3, 0.9))
    left = round((width - wide) * rng.uniform(0.2, 0.8))
    y0, x0 = max(0, -top), max(0, -left)
    part = mask[y0 : y0 + height - max(0, top), x0 : x0 + width - max(0, left)]
    rows, columns = part.shape
    window = (slice(max(0, top), max(0, top) + rows), slice(max(0, left), max(0, left) + columns))
    canvas.pixels[window][part] = colours[y0 : y0 + rows, x0 : x0 + columns][part]
    canvas.concepts[window][part] = INDEX[name]
    canvas.owner[window][part] = 0
    canvas.names.append(name)


def _closeup_stuff(rng: Generator, canvas: Canvas, name: str) -> None:
    height, width = canvas.size
    texture = paint_stuff(rng, name, height, width)
    if name in _FORMS and rng.random() < 0.6:
        form = _FORMS[name].form
        x0, y0 = rng.uniform(-0.1, 0.08, 2) * (width, height)
        box = (float(x0), float(y0), float(width * rng.uniform(0.94, 1.1)), float(height * rng.uniform(0.94, 1.1)))
        mask = outline_mask(rng, form, box, height, width)
    else:
        mask = np.ones((height, width), dtype=bool)
    np.copyto(canvas.pixels, texture, where=mask[..., None])
    canvas.concepts[mask] = INDEX[name]
