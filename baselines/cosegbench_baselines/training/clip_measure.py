"""What the miniature's CLIP recognises: close-ups by name, and scenes by the names of what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from cosegbench.text import TextRule
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.pixels import CLIP_PIXELS, normalise
from cosegbench_baselines.training.captions import Captioned, content

RECALL_AT = (1, 3, 5, 10, 20)
"""Lengths of the ranking at which scene recall is measured."""


def zero_shot(clip: FrozenClip, data: Captioned, names: Sequence[str]) -> dict[str, float]:
    """Zero-shot figures of captioned pictures, names put into the template "a photo of a ...".

    Args:
        clip: towers and tokenizer.
        data: pictures at the towers' size.
        names: the vocabulary that every picture is compared with.

    Returns:
        ``closeup_accuracy``: share of close-ups whose concept is nearest of all names; ``scene_recall_at_k`` for each k
        of :data:`RECALL_AT`: of the names that a scene's captions contain, the share among the k nearest, mean over
        scenes. A figure with nothing to measure it on is left out.
    """
    if not len(data.captions) or not names:
        return {}
    ranking = _ranking(clip, data, names)
    place = {name: index for index, name in enumerate(names)}
    first = [row[0] == place[concept] for row, concept in zip(ranking, data.concepts, strict=True) if concept in place]
    found = {"closeup_accuracy": round(sum(first) / len(first), 4)} if first else {}
    scenes = [
        (row, shown)
        for row, texts, concept in zip(ranking, data.captions, data.concepts, strict=True)
        if not concept and (shown := _shown(texts, place))
    ]
    for k in RECALL_AT if scenes else ():
        recall = sum(len(shown & set(row[:k])) / len(shown) for row, shown in scenes) / len(scenes)
        found[f"scene_recall_at_{k}"] = round(recall, 4)
    return found


def _shown(texts: Sequence[str], place: Mapping[str, int]) -> set[int]:
    """Which names occur in a scene's captions."""
    words = frozenset().union(*map(content, texts))
    return {index for name, index in place.items() if content(name) <= words}


@torch.no_grad()
def _ranking(clip: FrozenClip, data: Captioned, names: Sequence[str]) -> list[list[int]]:
    """For each picture all names from the nearest on."""
    text = nn.functional.normalize(clip.encode_text(TextRule().sentences(names)), dim=-1)
    rows: list[list[int]] = []
    for start in range(0, len(data.captions), 256):
        pixels = normalise(data.pixels[start : start + 256], CLIP_PIXELS).to(text.device)
        pooled = clip.encode_image(pixels).pooled
        assert pooled is not None  # only towers cut short have none
        cosine = nn.functional.normalize(pooled, dim=-1) @ text.T
        rows += cosine.argsort(dim=-1, descending=True, stable=True).tolist()
    return rows
