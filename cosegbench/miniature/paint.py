"""Painting one thing or one outline of stuff into arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cosegbench.miniature.indoor_things import INDOOR
from cosegbench.miniature.outdoor_things import OUTDOOR
from cosegbench.miniature.rare_things import RARE
from cosegbench.miniature.shapes import FIXED, Part, Shape
from cosegbench.miniature.textures import Generator, smooth_noise

SHAPES: Mapping[str, Shape] = {**OUTDOOR, **INDOOR, **RARE}
SUPERSAMPLE = 2
Mask = NDArray[np.bool_]


@cache
def outline(part: Part) -> NDArray[np.float64]:
    """The part's points in the unit box, (n, 2); ovals and rings become polygons of 20 points."""
    if part.form not in ("oval", "ring"):
        return np.array(part.xy, dtype=np.float64).reshape(-1, 2)
    x0, y0, x1, y1 = part.xy
    angle = np.linspace(0, 2 * math.pi, 20, endpoint=False)
    centre, radius = ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)
    return np.stack([centre[0] + radius[0] * np.cos(angle), centre[1] + radius[1] * np.sin(angle)], axis=1)


@cache
def footprint(name: str) -> tuple[float, float]:
    """Width over height of the thing, and the share of its box that it fills."""
    _, mask = paint_thing(np.random.default_rng(0), name, 64)
    return SHAPES[name].aspect, float(mask.sum() / (64 * 64 * SHAPES[name].aspect))


def paint_thing(rng: Generator, name: str, height: int) -> tuple[NDArray[np.uint8], Mask]:
    """One individual of the thing called `name`, `height` pixels tall before its pose.

    Pose, colours, mirror image and lean are drawn from `rng`.

    Returns:
        Colours (h, w, 3) uint8 and the mask (h, w) bool, cut to the thing's bounding box.
    """
    shape = SHAPES[name]
    aspect = shape.aspect * rng.uniform(0.88, 1.14)
    tall, wide = height * SUPERSAMPLE, height * aspect * SUPERSAMPLE
    lean, flip = math.radians(rng.normal(0, 4.0)), rng.random() < 0.5
    turn = np.array([[math.cos(lean), math.sin(lean)], [-math.sin(lean), math.cos(lean)]])
    roles = dict(FIXED)
    roles["a"] = shape.a[int(rng.integers(len(shape.a)))]
    roles["b"] = shape.b[int(rng.integers(len(shape.b)))]
    moved = np.clip(np.array(list(roles.values())) + rng.normal(0, 10.0, (len(roles), 3)), 0, 255).astype(int)
    roles = {role: (red, green, blue) for role, (red, green, blue) in zip(roles, moved.tolist(), strict=True)}
    side = int(math.hypot(tall, wide) * 1.02) + 2 * SUPERSAMPLE
    side += -side % SUPERSAMPLE
    canvas = Image.new("RGB", (side, side))
    stencil = Image.new("L", (side, side))
    brush, cut = ImageDraw.Draw(canvas), ImageDraw.Draw(stencil)
    for part in shape.parts:
        unit = outline(part) - 0.5
        if flip:
            unit = unit * (-1, 1)
        points = (unit * (wide, tall)) @ turn + side / 2
        flat = [(float(x), float(y)) for x, y in points]
        if part.form in ("poly", "oval"):
            brush.polygon(flat, fill=roles[part.role])
            cut.polygon(flat, fill=255)
            continue
        if part.form == "ring":
            flat.append(flat[0])
        width = max(SUPERSAMPLE, round(part.width * tall))
        brush.line(flat, fill=roles[part.role], width=width, joint="curve")
        cut.line(flat, fill=255, width=width, joint="curve")
    box = stencil.getbbox() or (0, 0, side, side)
    left, top = (edge // SUPERSAMPLE * SUPERSAMPLE for edge in box[:2])
    right, bottom = (-(-edge // SUPERSAMPLE) * SUPERSAMPLE for edge in box[2:])
    # Colours are averaged with weights, so that the black outside does not darken the rim.
    weight = np.asarray(stencil.crop((left, top, right, bottom)).reduce(SUPERSAMPLE), dtype=np.float32) / 255
    colour: NDArray[Any] = np.asarray(canvas.crop((left, top, right, bottom)).reduce(SUPERSAMPLE), dtype=np.float32)
    colour = colour / np.maximum(weight, 0.3)[..., None]
    return _surface(rng, shape.pattern, colour), weight >= 0.5


def _surface(rng: Generator, pattern: str, colour: NDArray[Any]) -> NDArray[np.uint8]:
    height, width = colour.shape[:2]
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    gain: NDArray[Any] = 0.92 + 0.14 * smooth_noise(rng, height, width, 9, 9)
    if pattern == "stripes":
        gain = gain * np.where((y + 0.3 * x) % max(5, height / 7) < max(2, height / 18), 0.62, 1.05)
    elif pattern == "wool":
        gain = gain * (0.84 + 0.24 * smooth_noise(rng, height, width, 2.5, 2.5))
    elif pattern == "spots":
        gain = gain * np.where(smooth_noise(rng, height, width, 5, 5) > 0.55, 0.65, 1.1)
    elif pattern == "shade":
        gain = gain * (1.14 - 0.34 * x / max(1, width))
    return np.asarray(np.clip(colour * gain[..., None], 0, 255), dtype=np.uint8)


def _disc_union(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float], count: int) -> None:
    x0, y0, x1, y1 = box
    for _ in range(count):
        radius_x, radius_y = (x1 - x0) * rng.uniform(0.2, 0.32), (y1 - y0) * rng.uniform(0.22, 0.4)
        x, y = rng.uniform(x0 + radius_x, x1 - radius_x), rng.uniform(y0 + radius_y, y1 - radius_y)
        draw.ellipse((x - radius_x, y - radius_y, x + radius_x, y + radius_y), fill=255)


def _crown(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = box
    middle, wide = (x0 + x1) / 2, x1 - x0
    draw.rectangle((middle - 0.08 * wide, y0 + 0.5 * (y1 - y0), middle + 0.08 * wide, y1), fill=255)
    if rng.random() < 0.4:
        draw.polygon([(middle, y0), (x1, y1 - 0.2 * (y1 - y0)), (x0, y1 - 0.2 * (y1 - y0))], fill=255)
        return
    draw.ellipse((x0 + 0.15 * wide, y0, x1 - 0.15 * wide, y1 - 0.25 * (y1 - y0)), fill=255)
    _disc_union(draw, rng, (x0, y0, x1, y1 - 0.2 * (y1 - y0)), 6)


def _peak(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = box
    first, second = x0 + (x1 - x0) * rng.uniform(0.2, 0.4), x0 + (x1 - x0) * rng.uniform(0.6, 0.8)
    low = y0 + (y1 - y0) * rng.uniform(0.1, 0.35)
    dip = y0 + (y1 - y0) * rng.uniform(0.45, 0.6)
    draw.polygon([(x0, y1), (first, y0), ((first + second) / 2, dip), (second, low), (x1, y1)], fill=255)


def _boulder(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = box
    ring = [(0.0, 1.0), (0.02, 0.5), (0.2, 0.12), (0.5, 0.0), (0.82, 0.15), (0.98, 0.55), (1.0, 1.0)]
    moved = [(x0 + (x1 - x0) * (u + rng.normal(0, 0.03)), y0 + (y1 - y0) * (v + rng.normal(0, 0.04))) for u, v in ring]
    draw.polygon(moved, fill=255)


def _tent(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = box
    shoulder = y0 + (y1 - y0) * rng.uniform(0.4, 0.6)
    inset = (x1 - x0) * 0.08
    middle = (x0 + x1) / 2
    draw.polygon([(middle, y0), (x1, shoulder), (x1 - inset, y1), (x0 + inset, y1), (x0, shoulder)], fill=255)


def _ellipse(draw: ImageDraw.ImageDraw, _rng: Generator, box: tuple[float, float, float, float]) -> None:
    draw.ellipse(box, fill=255)


def _rectangle(draw: ImageDraw.ImageDraw, _rng: Generator, box: tuple[float, float, float, float]) -> None:
    draw.rectangle(box, fill=255)


def _cloud(draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[float, float, float, float]) -> None:
    _disc_union(draw, rng, box, 7)


Outliner = Callable[[ImageDraw.ImageDraw, Generator, tuple[float, float, float, float]], None]

OUTLINES: Mapping[str, Outliner] = {
    "crown": _crown,
    "peak": _peak,
    "boulder": _boulder,
    "tent": _tent,
    "cloud": _cloud,
    "patch": _cloud,
    "bale": _rectangle,
    "mat": _ellipse,
    "box": _rectangle,
    "pane": _rectangle,
    "drape": _rectangle,
    "case": _rectangle,
}


def outline_mask(rng: Generator, form: str, box: tuple[float, float, float, float], height: int, width: int) -> Mask:
    """The outline called `form` inside `box` (x0, y0, x1, y1 in pixels) as a mask (height, width)."""
    stencil = Image.new("L", (width, height))
    OUTLINES[form](ImageDraw.Draw(stencil), rng, box)
    return np.asarray(stencil) > 0
