"""Composition: a scene type becomes an image, a map of concepts and the masks of its things."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosegbench.miniature.paint import Mask, footprint, outline_mask, paint_thing
from cosegbench.miniature.places import PLACES, Place, Prop
from cosegbench.miniature.shapes import BROWN, RGB
from cosegbench.miniature.textures import Generator, paint_stuff, smooth_noise
from cosegbench.miniature.world import INDEX, UNLABELED

CLUTTER_COLOURS: tuple[RGB, ...] = (BROWN, (90, 90, 95), (150, 120, 150), (180, 180, 120), (70, 110, 110))


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
class _Canvas:
    pixels: NDArray[np.float32]
    concepts: NDArray[np.int16]
    owner: NDArray[np.int16]
    spans: dict[str, tuple[float, float]]
    names: list[str]

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.concepts.shape
        return height, width


@dataclass(frozen=True, slots=True)
class Wish:
    """What a view wants to show: the concepts it may use, and how much more often some of them come."""

    allowed: AbstractSet[str]
    boost: AbstractSet[str] = frozenset()
    factor: float = 3.0


def places_for(wish: Wish) -> tuple[Place, ...]:
    """The scene types whose certain layers can be drawn from the allowed concepts and that have a thing left."""
    return tuple(
        place
        for place in PLACES
        if all(any(name in wish.allowed for name in band.stuff) for band in place.bands if band.chance >= 1.0)
        and any(name in wish.allowed for name, _, _ in place.things)
    )


def draw_scene(rng: Generator, wish: Wish, *, sides: tuple[int, int] = (96, 144), place: Place | None = None) -> Scene:
    """A scene of the view, its height and width drawn from `sides` (inclusive)."""
    height, width = (int(side) for side in rng.integers(sides[0], sides[1] + 1, 2))
    if place is None:
        choices = places_for(wish)
        weights = np.array([_place_weight(choice, wish) for choice in choices])
        place = choices[int(rng.choice(len(choices), p=weights / weights.sum()))]
    canvas = _Canvas(
        np.zeros((height, width, 3), np.float32),
        np.full((height, width), UNLABELED, np.int16),
        np.full((height, width), -1, np.int16),
        {},
        [],
    )
    _draw_bands(rng, canvas, place, wish)
    for prop in place.props:
        if prop.stuff in wish.allowed and prop.on in canvas.spans and rng.random() < prop.chance:
            _draw_prop(rng, canvas, prop)
    if rng.random() < 0.25:
        _draw_clutter(rng, canvas)
    _draw_things(rng, canvas, place, wish)
    return _finish(rng, canvas, place.name)


def _place_weight(place: Place, wish: Wish) -> float:
    """Places with more kinds of things come more often, or their things would be rare."""
    names = {name for name, _, _ in place.things} & wish.allowed
    return 0.7 + sum(math.sqrt(_appeal(name, wish)) for name in sorted(names))


def _appeal(name: str, wish: Wish) -> float:
    """Weight of a thing: less for one that many places offer, so that all things are about equally common."""
    return (wish.factor if name in wish.boost else 1.0) / _OFFERS[name]


def _draw_bands(rng: Generator, canvas: _Canvas, place: Place, wish: Wish) -> None:
    height, width = canvas.size
    layers: list[tuple[str, float]] = []
    for band in place.bands:
        names = [name for name in band.stuff if name in wish.allowed]
        if names and rng.random() < band.chance:
            layers.append((names[int(rng.integers(len(names)))], float(rng.uniform(*band.share))))
    total = sum(share for _, share in layers)
    edge, rows = 0.0, np.arange(height)[:, None]
    for name, share in layers:
        bend = 0.0 if name in ("wall", "brick", "floor", "counter", "ceiling", "cabinet", "road", "sea") else 6.0
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


def _draw_prop(rng: Generator, canvas: _Canvas, prop: Prop) -> None:
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


def _draw_clutter(rng: Generator, canvas: _Canvas) -> None:
    height, width = canvas.size
    side = height * rng.uniform(0.08, 0.16)
    x0, y0 = rng.uniform(0, width - side), rng.uniform(0.4 * height, height - side)
    mask = outline_mask(rng, "boulder", (x0, y0, x0 + side, y0 + side), height, width)
    colour = np.array(CLUTTER_COLOURS[int(rng.integers(len(CLUTTER_COLOURS)))], np.float32)
    canvas.pixels[mask] = colour + 30 * smooth_noise(rng, height, width, 3, 3)[mask][:, None]
    canvas.concepts[mask] = UNLABELED


def _draw_things(rng: Generator, canvas: _Canvas, place: Place, wish: Wish) -> None:
    options = [
        (name, band, weight) for name, band, weight in place.things if name in wish.allowed and band in canvas.spans
    ]
    count = int(rng.choice((1, 2, 3), p=(0.3, 0.45, 0.25)))
    wanted: list[tuple[str, str]] = []
    while options and len(wanted) < count:
        weights = np.array([weight * _appeal(name, wish) for name, _, weight in options])
        name, band, _ = options[int(rng.choice(len(options), p=weights / weights.sum()))]
        wanted.append((name, band))
        # Mostly other things join in; now and then a second one of the same kind.
        if rng.random() < 0.85:
            options = [option for option in options if option[0] != name]
    # Whatever stands farther up is farther away and is drawn first.
    for name, band in sorted(wanted, key=lambda pair: canvas.spans[pair[1]]):
        _draw_thing(rng, canvas, name, band, 1.0 if len(wanted) == 1 else 0.75 if len(wanted) == 2 else 0.55)


def _draw_thing(rng: Generator, canvas: _Canvas, name: str, band: str, scale: float) -> None:
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


def _foot(rng: Generator, canvas: _Canvas, band: str, tall: int) -> int:
    height = canvas.size[0]
    start, end = canvas.spans[band]
    if band in ("sky", "wall"):
        room = max(0.0, end * 1.05 - start - tall)
        return int(np.clip(start + rng.uniform(0.0, 1.0) * room, 0, height - tall))
    foot = start + rng.uniform(0.35, 0.95) * (end - start)
    return int(np.clip(foot - tall, 0, height - tall))


def _free_left(rng: Generator, canvas: _Canvas, top: int, tall: int, wide: int) -> int:
    """The least covered of a few random columns, so that things hide each other a little but not altogether."""
    width = canvas.size[1]
    tries = [int(x) for x in rng.integers(0, width - wide + 1, 8)]
    taken = (canvas.owner[top : top + tall] >= 0).sum(axis=0)
    return min(tries, key=lambda left: int(taken[left : left + wide].sum()))


def _finish(rng: Generator, canvas: _Canvas, place: str) -> Scene:
    height, width = canvas.size
    gain = rng.uniform(0.88, 1.1) + rng.normal(0, 0.02, 3)
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * 4
    pixels = np.clip(canvas.pixels * gain.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    instances = tuple(
        (name, visible) for number, name in enumerate(canvas.names) if (visible := canvas.owner == number).sum() >= 12
    )
    return Scene(place, pixels, canvas.concepts, instances)


def draw_closeup(rng: Generator, name: str, *, sides: tuple[int, int] = (64, 80)) -> Scene:
    """One concept filling most of a small picture, the rest showing where it belongs."""
    height, width = (int(side) for side in rng.integers(sides[0], sides[1] + 1, 2))
    canvas = _Canvas(
        paint_stuff(rng, _background(rng, name), height, width),
        np.full((height, width), UNLABELED, np.int16),
        np.full((height, width), -1, np.int16),
        {},
        [],
    )
    kind_is_thing = name in _HOMES
    if kind_is_thing:
        _closeup_thing(rng, canvas, name)
    else:
        _closeup_stuff(rng, canvas, name)
    return _finish(rng, canvas, "close-up")


def _homes() -> dict[str, list[str]]:
    homes: dict[str, list[str]] = {}
    for place in PLACES:
        for name, band, _ in place.things:
            homes.setdefault(name, []).append(band)
    return homes


_HOMES = _homes()
_OFFERS = {
    name: len({place.name for place in PLACES for thing, _, _ in place.things if thing == name}) for name in _HOMES
}
_FORMS = {prop.stuff: prop for place in PLACES for prop in place.props}


def _background(rng: Generator, name: str) -> str:
    if name in _HOMES:
        return _HOMES[name][int(rng.integers(len(_HOMES[name])))]
    return name if name not in _FORMS else _FORMS[name].on


def _closeup_thing(rng: Generator, canvas: _Canvas, name: str) -> None:
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


def _closeup_stuff(rng: Generator, canvas: _Canvas, name: str) -> None:
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
