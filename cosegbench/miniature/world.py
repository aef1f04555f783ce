"""The miniature's concepts: names, native ids in the real label spaces, and which of them mask training may see.

Names and ids are those of COCO-Stuff, Pascal VOC and Pascal Context, so a concept keeps its meaning in every view.
A concept without a COCO-Stuff id is unseen: it occurs in captions, close-ups and phrases but in no COCO-like image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORLD_VERSION = 3
"""Raised whenever a drawn pixel or file changes, so that caches of an older world are not reused."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing or stuff of the world.

    Attributes:
        name: how scenes and captions call it.
        kind: "thing" (countable, drawn from a shape) or "stuff" (drawn as a texture).
        coco: COCO-Stuff id 1..182, or 0 when mask training never sees the concept.
        context: Pascal Context-459 id 1..459. Two concepts may share one, as clouds are sky there.
        voc: Pascal VOC id 1..20, or 0.
        aliases: other surface forms, used now and then in captions and as names in the views that use them.
    """

    name: str
    kind: str
    coco: int
    context: int
    voc: int = 0
    aliases: tuple[str, ...] = ()

    @property
    def seen(self) -> bool:
        """Whether the masks of the COCO-like training set cover the concept."""
        return self.coco > 0


def _thing(name: str, coco: int, context: int, voc: int = 0, *aliases: str) -> Concept:
    return Concept(name, "thing", coco, context, voc, aliases)


def _stuff(name: str, coco: int, context: int, *aliases: str) -> Concept:
    return Concept(name, "stuff", coco, context, 0, aliases)


CONCEPTS: tuple[Concept, ...] = (
    _thing("person", 1, 284, 15),
    _thing("bicycle", 2, 23, 2),
    _thing("car", 3, 59, 7),
    _thing("motorcycle", 4, 258, 14, "motorbike"),
    _thing("airplane", 5, 2, 1, "aeroplane"),
    _thing("bus", 6, 45, 6),
    _thing("train", 7, 416, 19),
    _thing("boat", 9, 31, 4),
    _thing("traffic light", 10, 356, 0, "signal light"),
    _thing("fire hydrant", 11, 147),
    _thing("bird", 16, 25, 3),
    _thing("cat", 17, 65, 8),
    _thing("dog", 18, 113, 12),
    _thing("horse", 19, 207, 13),
    _thing("sheep", 20, 347, 17),
    _thing("cow", 21, 98, 10),
    _thing("umbrella", 28, 430),
    _thing("ball", 37, 10, 0, "sports ball"),
    _thing("kite", 38, 222),
    _thing("bottle", 44, 34, 5),
    _thing("apple", 53, 172, 0, "fruit"),
    _thing("chair", 62, 72, 9),
    _thing("couch", 63, 368, 18, "sofa"),
    _thing("potted plant", 64, 308, 16, "pottedplant"),
    _thing("bed", 65, 18),
    _thing("dining table", 67, 397, 11, "diningtable", "table"),
    _thing("tv", 72, 427, 20, "tvmonitor"),
    _thing("laptop", 73, 228),
    _thing("microwave", 78, 251),
    _thing("refrigerator", 82, 170, 0, "fridge"),
    _thing("book", 84, 33),
    _thing("clock", 85, 78),
    _stuff("building", 96, 44),
    _stuff("cabinet", 98, 46),
    _stuff("ceiling", 102, 68),
    _stuff("clouds", 106, 360),
    _stuff("counter", 107, 96),
    _stuff("curtain", 109, 105),
    _stuff("door", 112, 115),
    _stuff("fence", 113, 144),
    _stuff("floor", 115, 158),
    _stuff("flower", 119, 159),
    _stuff("grass", 124, 187),
    _stuff("ground", 126, 189),
    _stuff("mountain", 135, 259),
    _stuff("pavement", 140, 354, "sidewalk"),
    _stuff("railroad", 147, 415, "track"),
    _stuff("road", 149, 324),
    _stuff("rock", 150, 326),
    _stuff("rug", 152, 330),
    _stuff("sand", 154, 334),
    _stuff("sea", 155, 445, "water"),
    _stuff("shelf", 156, 349, "shelves"),
    _stuff("sky", 157, 360),
    _stuff("snow", 159, 366),
    _stuff("straw", 163, 200, "hay"),
    _stuff("tent", 166, 405),
    _stuff("tree", 169, 420),
    _stuff("brick", 171, 39),
    _stuff("wall", 173, 440),
    _stuff("window", 181, 454),
    _thing("camel", 0, 52),
    _thing("drum", 0, 122),
    _thing("ferris wheel", 0, 145),
    _thing("flag", 0, 154),
    _thing("fox", 0, 168),
    _thing("guitar", 0, 191),
    _thing("helicopter", 0, 203),
    _thing("hot-air balloon", 0, 209),
    _thing("piano", 0, 286),
    _thing("pig", 0, 288),
    _thing("rabbit", 0, 312),
    _thing("turtle", 0, 426),
    _thing("whale", 0, 450),
    _stuff("coral", 0, 93),
    _stuff("ice", 0, 211),
    _stuff("runway", 0, 332),
)

INDEX: Mapping[str, int] = {concept.name: index for index, concept in enumerate(CONCEPTS)}
"""Position of each concept in `CONCEPTS`: the label value inside the drawing code."""

UNLABELED = -1
"""Label value of clutter: drawn, but no annotator named it."""

LOOK_ALIKES: tuple[tuple[str, str], ...] = (
    ("sky", "sea"),
    ("clouds", "snow"),
    ("sand", "straw"),
    ("bus", "train"),
    ("ball", "apple"),
    ("tv", "microwave"),
    ("dog", "fox"),
)
"""Pairs drawn from nearly the same texture or shape: mostly the scene tells which one it is."""

_CONTEXT_59 = (
    "2 9 18 19 22 23 25 31 33 34 44 45 46 59 65 68 72 80 85 98 104 105 113 115 144 158 159 162 187 189 207 220 232 "
    "258 259 260 284 295 296 308 324 326 347 349 354 355 360 366 368 397 415 416 420 424 427 440 445 454 458"
)
CONTEXT_59_IDS = frozenset(int(text) for text in _CONTEXT_59.split())
"""The 59 frequent ids inside the Context-459 space."""


def concept(name: str) -> Concept:
    """The concept called `name`; KeyError when the world has none, which is a mistake in its tables."""
    return CONCEPTS[INDEX[name]]
