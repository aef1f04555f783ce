"""Scene types as data: which stuff lies where, and which things belong there.

Co-occurrence is what the world has to teach: a sea is named by its beach, a train by its railroad.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosegbench.miniature.world import INDEX


@dataclass(frozen=True, slots=True)
class Band:
    """A horizontal layer, listed from top to bottom.

    Attributes:
        stuff: alternatives, one is drawn; those the view may not show are left out.
        share: least and most weight of its height among the layers.
        chance: probability that the layer is there.
    """

    stuff: tuple[str, ...]
    share: tuple[float, float]
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class Prop:
    """Stuff with a shape of its own: `form` names the outline, `on` the band it stands on (or hangs in)."""

    stuff: str
    form: str
    on: str
    chance: float


@dataclass(frozen=True, slots=True)
class Place:
    """A scene type: layers, props and (thing, band it stands on, weight) triples."""

    name: str
    bands: tuple[Band, ...]
    props: tuple[Prop, ...]
    things: tuple[tuple[str, str, float], ...]


SKY = Band(("sky",), (0.8, 1.3))
CLOUDS = Prop("clouds", "cloud", "sky", 0.4)
FLYERS: tuple[tuple[str, str, float], ...] = (("hot-air balloon", "sky", 1.0), ("helicopter", "sky", 1.0))
WALLS = Band(("wall", "brick"), (1.1, 1.7))
FLOOR = Band(("floor",), (0.7, 1.1))
CEILING = Band(("ceiling",), (0.2, 0.35), 0.35)


def _things(band: str, weight: float, *names: str) -> tuple[tuple[str, str, float], ...]:
    return tuple((name, band, weight) for name in names)


PLACES: tuple[Place, ...] = (
    Place(
        "beach",
        (SKY, Band(("sea",), (0.5, 0.9)), Band(("sand",), (0.7, 1.2))),
        (CLOUDS, Prop("rock", "boulder", "sand", 0.35)),
        (
            *_things("sand", 1.0, "person", "umbrella", "ball", "turtle", "dog"),
            ("boat", "sea", 1.5),
            ("bird", "sky", 0.8),
            ("kite", "sky", 1.2),
            ("flag", "sand", 0.8),
        ),
    ),
    Place(
        "sea",
        (SKY, Band(("sea",), (1.3, 2.0))),
        (CLOUDS, Prop("mountain", "peak", "sky", 0.3), Prop("rock", "boulder", "sea", 0.3)),
        (("boat", "sea", 2.5), ("whale", "sea", 2.0), ("bird", "sky", 1.0), ("helicopter", "sky", 0.8)),
    ),
    Place(
        "polar sea",
        (SKY, Band(("ice",), (0.5, 0.9)), Band(("sea", "snow"), (0.6, 1.0))),
        (CLOUDS, Prop("mountain", "peak", "sky", 0.3)),
        (
            ("whale", "sea", 2.0),
            ("boat", "sea", 1.0),
            ("bird", "ice", 0.8),
            ("helicopter", "sky", 0.8),
            ("fox", "snow", 1.0),
        ),
    ),
    Place(
        "reef",
        (Band(("sea",), (1.3, 1.9)), Band(("coral",), (0.5, 0.9)), Band(("sand",), (0.3, 0.5), 0.6)),
        (Prop("rock", "boulder", "coral", 0.4),),
        (("turtle", "sea", 2.0), ("whale", "sea", 1.0)),
    ),
    Place(
        "street",
        (SKY, Band(("building",), (0.5, 0.9), 0.8), Band(("pavement",), (0.3, 0.5)), Band(("road",), (0.7, 1.0))),
        (CLOUDS, Prop("tree", "crown", "pavement", 0.4), Prop("building", "box", "pavement", 0.6)),
        (
            *_things("road", 1.3, "car", "bus", "motorcycle", "bicycle"),
            *_things("pavement", 0.7, "person", "traffic light", "fire hydrant", "dog", "clock", "flag", "umbrella"),
        ),
    ),
    Place(
        "railway",
        (
            SKY,
            Band(("grass", "fence", "building"), (0.35, 0.6), 0.8),
            Band(("railroad",), (0.7, 1.0)),
            Band(("ground",), (0.3, 0.4), 0.6),
        ),
        (CLOUDS, Prop("tree", "crown", "railroad", 0.4), Prop("mountain", "peak", "sky", 0.3)),
        (
            ("train", "railroad", 4.0),
            ("person", "ground", 0.8),
            ("traffic light", "ground", 0.7),
            ("clock", "ground", 0.6),
        ),
    ),
    Place(
        "farm",
        (
            SKY,
            Band(("fence",), (0.35, 0.55), 0.55),
            Band(("grass",), (0.7, 1.1)),
            Band(("ground", "straw"), (0.4, 0.6), 0.7),
        ),
        (
            CLOUDS,
            Prop("straw", "bale", "grass", 0.5),
            Prop("tree", "crown", "grass", 0.3),
            Prop("building", "box", "grass", 0.3),
        ),
        (
            *_things("grass", 1.0, "cow", "sheep", "horse", "pig", "dog"),
            ("bird", "ground", 0.5),
            ("rabbit", "grass", 0.5),
        ),
    ),
    Place(
        "forest",
        (Band(("tree",), (1.0, 1.5)), Band(("grass", "ground"), (0.7, 1.1))),
        (
            Prop("rock", "boulder", "ground", 0.5),
            Prop("rock", "boulder", "grass", 0.3),
            Prop("tent", "tent", "grass", 0.3),
            Prop("flower", "patch", "grass", 0.4),
        ),
        (*_things("ground", 1.2, "fox", "bird", "horse", "person"), *_things("grass", 1.0, "rabbit", "fox", "bicycle")),
    ),
    Place(
        "snow mountain",
        (SKY, Band(("mountain",), (0.4, 0.7), 0.4), Band(("snow",), (0.8, 1.2))),
        (
            Prop("mountain", "peak", "sky", 0.8),
            CLOUDS,
            Prop("tree", "crown", "snow", 0.4),
            Prop("tent", "tent", "snow", 0.25),
        ),
        (*_things("snow", 1.0, "person", "dog", "fox", "flag"), ("helicopter", "sky", 0.8), ("bird", "sky", 0.5)),
    ),
    Place(
        "park",
        (SKY, Band(("tree",), (0.3, 0.5), 0.5), Band(("grass",), (0.8, 1.2)), Band(("pavement",), (0.3, 0.5), 0.5)),
        (CLOUDS, Prop("tree", "crown", "grass", 0.4), Prop("flower", "patch", "grass", 0.6)),
        (
            *_things("grass", 1.0, "dog", "ball", "person", "bicycle", "rabbit"),
            ("kite", "sky", 1.3),
            ("hot-air balloon", "sky", 1.0),
            ("umbrella", "grass", 0.6),
        ),
    ),
    Place(
        "desert",
        (SKY, Band(("sand",), (1.1, 1.6))),
        (
            CLOUDS,
            Prop("rock", "boulder", "sand", 0.6),
            Prop("tent", "tent", "sand", 0.5),
            Prop("mountain", "peak", "sky", 0.4),
        ),
        (
            ("camel", "sand", 2.5),
            ("horse", "sand", 0.8),
            ("car", "sand", 0.8),
            ("motorcycle", "sand", 0.6),
            ("person", "sand", 0.6),
            *FLYERS,
        ),
    ),
    Place(
        "airfield",
        (
            SKY,
            Band(("grass",), (0.3, 0.5), 0.7),
            Band(("runway", "road"), (0.6, 0.9)),
            Band(("grass",), (0.2, 0.3), 0.4),
        ),
        (CLOUDS, Prop("building", "box", "runway", 0.4), Prop("mountain", "peak", "sky", 0.3)),
        (
            ("airplane", "runway", 3.0),
            ("airplane", "road", 3.0),
            ("airplane", "sky", 2.0),
            ("helicopter", "sky", 1.2),
            ("flag", "grass", 0.6),
            ("car", "runway", 0.6),
        ),
    ),
    Place(
        "fair",
        (SKY, Band(("tree", "fence"), (0.3, 0.5), 0.7), Band(("grass", "ground", "pavement"), (0.7, 1.0))),
        (
            CLOUDS,
            Prop("tent", "tent", "grass", 0.7),
            Prop("tent", "tent", "ground", 0.7),
            Prop("tent", "tent", "pavement", 0.7),
        ),
        (
            *(
                thing
                for band in ("grass", "ground", "pavement")
                for thing in _things(band, 1.0, "ferris wheel", "person", "horse")
            ),
            ("ball", "grass", 1.0),
            ("drum", "ground", 1.0),
            ("flag", "pavement", 1.0),
            *FLYERS,
        ),
    ),
    Place(
        "living room",
        (CEILING, WALLS, FLOOR),
        (
            Prop("window", "pane", "wall", 0.5),
            Prop("curtain", "drape", "wall", 0.5),
            Prop("rug", "mat", "floor", 0.55),
            Prop("shelf", "case", "floor", 0.4),
        ),
        (
            *_things("floor", 1.2, "couch", "tv", "chair", "potted plant", "cat", "dog", "piano", "guitar"),
            ("clock", "wall", 0.8),
            ("book", "floor", 0.5),
        ),
    ),
    Place(
        "bedroom",
        (CEILING, WALLS, FLOOR),
        (
            Prop("window", "pane", "wall", 0.5),
            Prop("curtain", "drape", "wall", 0.6),
            Prop("door", "case", "floor", 0.5),
            Prop("rug", "mat", "floor", 0.4),
        ),
        (
            ("bed", "floor", 3.0),
            *_things("floor", 0.8, "book", "laptop", "cat", "chair", "guitar", "person"),
            ("clock", "wall", 0.8),
        ),
    ),
    Place(
        "kitchen",
        (Band(("cabinet",), (0.3, 0.5), 0.6), WALLS, Band(("counter",), (0.55, 0.8), 0.85), FLOOR),
        (Prop("window", "pane", "wall", 0.35), Prop("door", "case", "floor", 0.25)),
        (
            *_things("counter", 1.2, "microwave", "apple", "bottle"),
            *_things("floor", 1.0, "refrigerator", "dining table", "chair"),
            ("clock", "wall", 0.4),
            ("potted plant", "counter", 0.5),
        ),
    ),
    Place(
        "study",
        (CEILING, Band(("wall", "shelf"), (1.1, 1.6)), FLOOR),
        (Prop("shelf", "case", "floor", 0.6), Prop("door", "case", "floor", 0.35), Prop("rug", "mat", "floor", 0.4)),
        (
            *_things("floor", 1.0, "dining table", "chair", "laptop", "book", "bottle", "potted plant", "person"),
            ("clock", "wall", 0.6),
            ("cat", "floor", 0.5),
        ),
    ),
    Place(
        "music room",
        (CEILING, WALLS, FLOOR),
        (Prop("curtain", "drape", "wall", 0.6), Prop("rug", "mat", "floor", 0.5), Prop("door", "case", "floor", 0.3)),
        (*_things("floor", 2.0, "guitar", "piano", "drum"), *_things("floor", 0.6, "chair", "person", "bottle")),
    ),
)


def unknown_names() -> set[str]:
    """Names used by the places that are no concept of the world: empty unless a table has a typing mistake."""
    used = {name for place in PLACES for band in place.bands for name in band.stuff}
    used |= {prop.stuff for place in PLACES for prop in place.props}
    used |= {name for place in PLACES for name, _, _ in place.things}
    return used - set(INDEX)
