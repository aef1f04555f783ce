"""The authors' oracle score as facts tell it: photographs, label maps, tokens and masks in, one number out.

Nothing of the toolkit takes part. Label maps hold the native ids of their data set's authors.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

LARGEST = 20


@dataclass(frozen=True)
class Answer:
    """What a model says of one image: (20, d) tokens and their (20, S, S) float32 masks."""

    tokens: npt.NDArray[np.float64]
    masks: npt.NDArray[np.float32]


def text_embedding(sentence: str) -> npt.NDArray[np.float64]:
    """A stand-in for a text encoder: every sentence has a direction of its own."""
    return np.random.default_rng(zlib.crc32(sentence.encode())).normal(size=6)


def similarity(token: npt.NDArray[np.float64], name: str) -> float:
    text = text_embedding(f"a photo of {name}")
    return float(token @ text / np.linalg.norm(token) / np.linalg.norm(text))


def square(image: Image.Image, side: int, filter_: Image.Resampling) -> Image.Image:
    """The central square of the short side, resized."""
    short = min(image.size)
    left, top = round((image.width - short) / 2), round((image.height - short) / 2)
    return image.crop((left, top, left + short, top + short)).resize((side, side), filter_)


def classes_asked(labels: npt.NDArray[np.int64], names: Mapping[int, str]) -> list[int]:
    """Native ids that occur and have a name, largest first, of equal areas the lower id first, at most 20."""
    areas = {native: int((labels == native).sum()) for native in sorted(names)}
    present = [native for native in areas if areas[native] > 0]
    return sorted(present, key=lambda native: -areas[native])[:LARGEST]


def image_score(
    labels: npt.NDArray[np.int64], answer: Answer, names: Mapping[int, str], threshold: float | None
) -> float | None:
    """Mean IoU over the classes of one image; None without a class; no threshold: exclusive masks by arg max."""
    asked = classes_asked(labels, names)
    if not asked:
        return None
    chosen = []
    for native in asked:
        likeness = [similarity(token, names[native]) for token in answer.tokens]
        chosen.append(answer.masks[likeness.index(max(likeness))])
    if threshold is None:
        stack = np.stack(chosen)
        winner = stack.argmax(axis=0)
        binary = [winner == place for place in range(len(asked))]
    else:
        binary = [mask > np.float32(threshold) for mask in chosen]
    scores = []
    for native, mask in zip(asked, binary, strict=True):
        true = labels == native
        scores.append(int((mask & true).sum()) / int((mask | true).sum()))
    return sum(scores) / len(scores)


def authors_score(
    labels: Mapping[str, npt.NDArray[np.uint16]],
    answers: Mapping[str, Answer],
    names: Mapping[int, str],
    threshold: float | None,
    side: int,
) -> float:
    """Percent: the mean over the images that have a class."""
    found: list[float] = []
    for image_id, label in labels.items():
        picture = Image.fromarray(label.astype(np.int32))
        small = np.asarray(square(picture, side, Image.Resampling.NEAREST)).astype(np.int64)
        score = image_score(small, answers[image_id], names, threshold)
        found += [] if score is None else [score]
    return 100 * sum(found) / len(found)


def served_twice(labels: npt.NDArray[np.int64], answer: Answer, names: Mapping[int, str]) -> Sequence[int]:
    """Tokens that serve more than one class of an image."""
    nearest = [
        int(np.argmax([similarity(token, names[native]) for token in answer.tokens]))
        for native in classes_asked(labels, names)
    ]
    return [token for token in sorted(set(nearest)) if nearest.count(token) > 1]
