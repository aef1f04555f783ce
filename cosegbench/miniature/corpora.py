"""Captions, close-ups and phrases: what the tiny CLIP and the tiny CLIPSeg are trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.textures import Generator
from cosegbench.miniature.world import CONCEPTS, Concept
from cosegbench.miniature.writers import encode_rle

ALIAS_SHARE = 0.3
"""How often a caption calls a concept by another of its names."""

SMALLEST_SHARE = 0.02
"""A concept that covers less of the image than this is not worth a word."""

_LEADS = ("a photo of {}", "{}", "a picture of {}", "there is {}")


def spoken(rng: Generator, concept: Concept) -> str:
    """The concept's name, or one of its aliases now and then."""
    if concept.aliases and rng.random() < ALIAS_SHARE:
        return concept.aliases[int(rng.integers(len(concept.aliases)))]
    return concept.name


def with_article(text: str, kind: str) -> str:
    """The name as a caption says it: "a dog", "an apple"; stuff stays bare."""
    if kind == "stuff":
        return text
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def joined(words: Sequence[str]) -> str:
    """The words as a list in a sentence: "x, y and z"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def present(scene: Scene) -> list[Concept]:
    """The concepts that cover enough of the scene, the largest first."""
    counts = Counter(dict(zip(*(part.tolist() for part in np.unique(scene.concepts, return_counts=True)), strict=True)))
    least = SMALLEST_SHARE * scene.concepts.size
    return [CONCEPTS[index] for index, count in counts.most_common() if index >= 0 and count >= least]


def captions(rng: Generator, scene: Scene) -> list[str]:
    """Two or three captions: everything in view, the scene's name with a few things, a single concept."""
    concepts = present(scene)
    shuffled = [concepts[int(i)] for i in rng.permutation(len(concepts))]
    things = [concept for concept in shuffled if concept.kind == "thing"]
    rest = [concept for concept in shuffled if concept.kind == "stuff"]
    ordered = [with_article(spoken(rng, c), c.kind) for c in (*things, *rest)]
    lead = _LEADS[int(rng.integers(len(_LEADS)))]
    out = [lead.format(joined(ordered))]
    some = [with_article(spoken(rng, c), c.kind) for c in shuffled[: int(rng.integers(2, 5))]]
    out.append(f"{with_article(scene.place, 'thing')} with {joined(some)}")
    if rng.random() < 0.5:
        single = (things or rest)[0]
        out.append(f"a photo of {with_article(spoken(rng, single), single.kind)}")
    return out


def closeup_captions(rng: Generator, concept: Concept) -> list[str]:
    """Two captions that name the concept alone, one in the form "a photo of a ...", in which names are asked for."""
    return [f"a photo of {with_article(spoken(rng, concept), concept.kind)}", f"a photo of a {spoken(rng, concept)}"]


def phrases(rng: Generator, scene: Scene, image: str) -> list[dict[str, Any]]:
    """A row for each concept in view: {"image", "phrase", "mask"}; the mask is compressed RLE."""
    return [
        {
            "image": image,
            "phrase": spoken(rng, concept),
            "mask": encode_rle(scene.concepts == CONCEPTS.index(concept)),
        }
        for concept in present(scene)
    ]
