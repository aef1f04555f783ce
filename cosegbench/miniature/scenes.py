"""Composition: a scene type becomes an image, a map of concepts and the masks of its things."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from cosegbench.miniature.canvas import Scene, blank, draw_clutter, draw_layers, draw_prop, draw_thing, finish
from cosegbench.miniature.places import PLACES, Place
from cosegbench.miniature.textures import Generator

CLUTTER_CHANCE = 0.25
OTHERS_CHANCE = 0.85
"""How often a thing is the only one of its kind in a scene."""

SIDES = (96, 144)
"""Least and most height and width of a scene, in pixels."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a view wants to show: the concepts it may use, and how much more often some things come.

    Attributes:
        allowed: names of the concepts that may occur.
        boost: names of things that come `factor` times as often.
        factor: see `boost`.
    """

    allowed: AbstractSet[str]
    boost: AbstractSet[str] = frozenset()
    factor: float = 1.0


def places_for(wish: Wish) -> tuple[Place, ...]:
    """The scene types whose certain layers can be drawn from the allowed concepts and that have a thing left."""
    return tuple(
        place
        for place in PLACES
        if all(any(name in wish.allowed for name in band.stuff) for band in place.bands if band.chance >= 1.0)
        and any(name in wish.allowed for name, _, _ in place.things)
    )


def settings(wish: Wish, feature: str) -> list[tuple[Place, str]]:
    """Where the concept called `feature` can be shown: scene types, each with the layer that it needs."""
    found: list[tuple[Place, str]] = []
    for place in places_for(wish):
        layers = {name for band in place.bands for name in band.stuff} & wish.allowed
        if feature in layers:
            found.append((place, feature))
        found += [(place, prop.on) for prop in place.props if prop.stuff == feature and prop.on in layers]
        found += [(place, band) for name, band, _ in place.things if name == feature and band in layers]
    return found


def draw_scene(rng: Generator, wish: Wish, feature: str) -> Scene:
    """A scene of the view around one concept, which is drawn but may end up partly hidden.

    Without a feature in turn, concepts that few scene types offer would be rare.

    Args:
        rng: the image's random stream.
        wish: what the view may show.
        feature: an allowed concept.
    """
    height, width = (int(side) for side in rng.integers(SIDES[0], SIDES[1] + 1, 2))
    options = settings(wish, feature)
    place, needed = options[int(rng.integers(len(options)))]
    canvas = blank(height, width)
    draw_layers(rng, canvas, _choose_layers(rng, place, wish, needed))
    for prop in place.props:
        wanted = prop.stuff == feature or rng.random() < prop.chance
        if wanted and prop.stuff in wish.allowed and prop.on in canvas.spans:
            draw_prop(rng, canvas, prop)
    if rng.random() < CLUTTER_CHANCE:
        draw_clutter(rng, canvas)
    things = _choose_things(rng, place, wish, canvas.spans.keys(), (feature, needed))
    # Whatever stands farther up is farther away and is drawn first.
    for name, band in sorted(things, key=lambda pair: canvas.spans[pair[1]]):
        draw_thing(rng, canvas, name, band, (1.0, 0.75, 0.55)[len(things) - 1])
    return finish(rng, canvas, place.name)


def _choose_layers(rng: Generator, place: Place, wish: Wish, needed: str) -> list[tuple[str, float]]:
    layers: list[tuple[str, float]] = []
    for band in place.bands:
        names = [name for name in band.stuff if name in wish.allowed]
        there = rng.random() < band.chance
        if needed in names:
            there, names = True, [needed]
        if names and there:
            layers.append((names[int(rng.integers(len(names)))], float(rng.uniform(*band.share))))
    return layers


def _choose_things(
    rng: Generator, place: Place, wish: Wish, layers: AbstractSet[str], feature: tuple[str, str]
) -> list[tuple[str, str]]:
    """One to three (thing, layer it stands on) pairs; the featured thing is among them where it is one."""
    options = [each for each in place.things if each[0] in wish.allowed and each[1] in layers]
    count = int(rng.choice((1, 2, 3), p=(0.3, 0.45, 0.25)))
    chosen = [(name, band) for name, band, _ in options if (name, band) == feature]
    if chosen and rng.random() < OTHERS_CHANCE:
        options = [option for option in options if option[0] != feature[0]]
    while options and len(chosen) < count:
        weights = np.array([weight * _appeal(name, wish) for name, _, weight in options])
        name, band, _ = options[int(rng.choice(len(options), p=weights / weights.sum()))]
        chosen.append((name, band))
        # Mostly other things join in; now and then a second one of the same kind.
        if rng.random() < OTHERS_CHANCE:
            options = [option for option in options if option[0] != name]
    return chosen


def _appeal(name: str, wish: Wish) -> float:
    """Weight of a thing: less for one that many places offer, so that things are about equally common."""
    return (wish.factor if name in wish.boost else 1.0) / _OFFERS[name]


def _count_offers() -> dict[str, float]:
    names = {name for place in PLACES for name, _, _ in place.things}
    return {name: math.sqrt(sum(any(n == name for n, _, _ in p.things) for p in PLACES)) for name in names}


_OFFERS = _count_offers()
