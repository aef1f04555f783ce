"""The sheet that a picture is put together on: layers, outlined stuff, clutter and things."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosegbench.miniature.paint import Mask, footprint, outline_mask, paint_thing
from cosegbench.miniature.places import Prop
from cosegbench.miniature.shapes import BROWN, RGB
from cosegbench.miniature.textures import Generator, paint_stuff, smooth_noise
from cosegbench.miniature.world import INDEX, UNLABELED

CLUTTER_COLOURS: tuple[RGB, ...] = (BROWN, (90, 90, 95), (150, 120, 150), (180, 180, 120), (70, 110, 110))
STRAIGHT = frozenset(("wall", "brick", "floor", "counter", "ceiling", "cabinet", "road", "sea"))
"""Layers whose upper edge is a straight line."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was drawn.

    Attributes:
        place: the scene type's name, or "close-up".
        pixels: (H, W, 3) uint8.
        concepts: (H, W) int16, positions in `world.CONCEPTS`, -1 where nothing is labeled.
        instances: visible mask (H, W) and concept of each thing, back to front.
    """

    place: str
    pixels: NDArray[np.uint8]
    concepts: NDArray[np.int16]
    instances: tuple[tuple[str, Mask], ...]


@dataclass(slots=True)
class Canvas:
    """Colours, concept and thing number of each pixel, the rows of each layer, and the things so far."""

    pixels: NDArray[np.float32]
    concepts: NDArray[np.int16]
    owner: NDArray[np.int16]
    spans: dict[str, tuple[float, float]]
    names: list[str]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.concepts.shape
        return height, width


def blank(height: int, width: int) -> Canvas:
    """A canvas without layers."""
    return Canvas(
        np.zeros((height, width, 3), np.float32),
        np.full((height, width), UNLABELED, np.int16),
        np.full((height, width), -1, np.int16),
        {},
        [],
    )


def draw_layers(rng: Generator, canvas: Canvas, layers: Sequence[tuple[str, float]]) -> None:
    """Stuff from top to bottom, each with the weight of its height; each layer reaches to the lower edge."""
    total = sum(share for _, share in layers)
    height, width = canvas.size
    edge, rows = 0.0, np.arange(height)[:, None]
    for name, share in layers:
        bend = 0.0 if name in STRAIGHT else 6.0
        wave = (smooth_noise(rng, 2, width, 2, width / 3)[0] - 0.5) * bend
        region = rows >= (edge + wave if edge else np.zeros(width))[None, :]
        first = int(region.any(axis=1).argmax())
        lower = slice(first, height)
        texture = paint_stuff(rng, name, height - first, width)
        np.copyto(canvas.pixels[lower], texture, where=region[lower, :, None])
        canvas.concepts[region] = INDEX[name]
        start, edge = edge, edge + height * share / total
        # A name may come twice; things then stand on its lower layer.
        canvas.spans[name] = (start, edge)


_PROP_SIZES: dict[str, tuple[float, float, float, float]] = {
    # form: least and most height as a share of the image, then width over height
    "crown": (0.45, 0.75, 0.6, 0.85),
    "peak": (0.25, 0.45, 1.8, 2.8),
    "boulder": (0.28, 0.46, 1.2, 1.7),
    "tent": (0.42, 0.62, 1.0, 1.3),
    "cloud": (0.2, 0.36, 1.8, 2.8),
    "patch": (0.22, 0.36, 2.0, 3.0),
    "bale": (0.26, 0.4, 1.2, 1.7),
    "mat": (0.22, 0.34, 2.6, 3.6),
    "box": (0.4, 0.7, 0.6, 1.1),
    "pane": (0.34, 0.5, 0.8, 1.2),
    "drape": (0.45, 0.65, 0.35, 0.6),
    "case": (0.5, 0.68, 0.5, 0.7),
}


def draw_prop(rng: Generator, canvas: Canvas, prop: Prop) -> None:
    """Stuff with an outline of its own, standing on or hanging in its layer."""
    height, width = canvas.size
    top, bottom = canvas.spans[prop.on]
    low, high, narrow, broad = _PROP_SIZES[prop.form]
    tall = height * rng.uniform(low, high)
    wide = min(tall * rng.uniform(narrow, broad), width * 1.1)
    x0 = rng.uniform(-0.15 * wide, width - 0.85 * wide)
    if prop.form in ("cloud", "pane"):
        y0 = top + rng.uniform(0.05, 0.6) * max(1.0, bottom - top - tall)
    elif prop.form == "drape":
        y0 = top + rng.uniform(0.0, 0.08) * height
    elif prop.form == "peak":
        y0 = bottom - tall + 3
    elif prop.form in ("mat", "patch"):
        y0 = top + rng.uniform(0.2, 0.9) * max(1.0, bottom - top - tall)
    else:
        y0 = top + rng.uniform(0.1, 0.5) * (bottom - top) - tall
    mask = outline_mask(rng, prop.form, (x0, y0, x0 + wide, y0 + tall), height, width)
    if prop.form == "peak":
        mask &= np.arange(height)[:, None] < bottom
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    texture = paint_stuff(
        rng, prop.stuff, len(range(*window[0].indices(height))), len(range(*window[1].indices(width)))
    )
    np.copyto(canvas.pixels[window], texture, where=mask[window][..., None])
    canvas.concepts[mask] = INDEX[prop.stuff]


def draw_clutter(rng: Generator, canvas: Canvas) -> None:
    """A small blob that nobody labeled."""
    height, width = canvas.size
    side = height * rng.uniform(0.08, 0.16)
    x0, y0 = rng.uniform(0, width - side), rng.uniform(0.4 * height, height - side)
    mask = outline_mask(rng, "boulder", (x0, y0, x0 + side, y0 + side), height, width)
    colour = np.array(CLUTTER_COLOURS[int(rng.integers(len(CLUTTER_COLOURS)))], np.float32)
    canvas.pixels[mask] = colour + 30 * smooth_noise(rng, height, width, 3, 3)[mask][:, None]
    canvas.concepts[mask] = UNLABELED


def draw_thing(rng: Generator, canvas: Canvas, name: str, band: str, scale: float) -> None:
    """One individual with its feet on (or its body in) the layer called `band`; larger with `scale`."""
    height, width = canvas.size
    area = height * width * rng.uniform(0.15, 0.36) * scale
    aspect, filled = footprint(name)
    tallest = min(math.sqrt(area / (aspect * filled)), 0.9 * height, 0.9 * width / aspect)
    colours, mask = paint_thing(rng, name, max(14, int(tallest)))
    tall, wide = min(mask.shape[0], height), min(mask.shape[1], width)
    colours, mask = colours[:tall, :wide], mask[:tall, :wide]
    top = _foot(rng, canvas, band, tall)
    left = _free_left(rng, canvas, top, tall, wide)
    window = (slice(top, top + tall), slice(left, left + wide))
    canvas.pixels[window][mask] = colours[mask]
    canvas.concepts[window][mask] = INDEX[name]
    canvas.owner[window][mask] = len(canvas.names)
    canvas.names.append(name)


def _foot(rng: Generator, canvas: Canvas, band: str, tall: int) -> int:
    height = canvas.size[0]
    start, end = canvas.spans[band]
    if band in ("sky", "wall"):
        room = max(0.0, end * 1.05 - start - tall)
        return int(np.clip(start + rng.uniform(0.0, 1.0) * room, 0, height - tall))
    foot = start + rng.uniform(0.35, 0.95) * (end - start)
    return int(np.clip(foot - tall, 0, height - tall))


def _free_left(rng: Generator, canvas: Canvas, top: int, tall: int, wide: int) -> int:
    """The least covered of a few random columns, so that things hide each other a little but not altogether."""
    width = canvas.size[1]
    tries = [int(x) for x in rng.integers(0, width - wide + 1, 8)]
    taken = (canvas.owner[top : top + tall] >= 0).sum(axis=0)
    return min(tries, key=lambda left: int(taken[left : left + wide].sum()))


def finish(rng: Generator, canvas: Canvas, place: str) -> Scene:
    """Light, sensor noise and the visible masks: the canvas as a scene."""
    height, width = canvas.size
    gain = rng.uniform(0.88, 1.1) + rng.normal(0, 0.02, 3)
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * 4
    pixels = np.clip(canvas.pixels * gain.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    instances = tuple(
        (name, visible) for number, name in enumerate(canvas.names) if (visible := canvas.owner == number).sum() >= 12
    )
    return Scene(place, pixels, canvas.concepts, instances)
