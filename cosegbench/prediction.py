"""What a predictor returns for one image, and the protocol class that describes a predictor.

Arrays may be NumPy arrays or torch tensors on any device; :mod:`cosegbench.assignment` reduces them where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench.text import TextRule
    from cosegbench.vocabulary import Vocabulary

Array = Any
"""A NumPy array or a torch tensor. Not spelt out in types, so that torch need not be imported."""

ScoreKind = Literal["logit", "probability", "cosine"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """A finished label map.

    Args:
        labels: (H, W) uint16 of the image's own size; class index 0..K-1 or :data:`cosegbench.labels.VOID`.
    """

    labels: Array


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMap:
    """One score a class and cell; upsampled by the toolkit, then arg max by class (ties: lower index).

    Args:
        scores: (K, h, w) floating point, finite.
        kind: what the scores are; decides which reductions are defined.
    """

    scores: Array
    kind: ScoreKind


@dataclass(frozen=True, slots=True, eq=False)
class MaskSet:
    """N masks, each with its similarity to every class of the vocabulary: what CoSeg's systems return.

    Args:
        masks: (N, h, w) floating point probabilities in [0, 1]; N >= 0. The grid covers the whole image that was given.
        similarity: (N, K) floating point similarities to the vocabulary's classes, finite.
        nothing: optional (N,) similarity to "no object / unlabeled"; a mask whose ``nothing`` exceeds its best
            similarity draws nothing.
        kind: what the similarities are.
        scale: factor from similarity to logit where an assignment needs probabilities over classes.
    """

    masks: Array
    similarity: Array
    nothing: Array | None = None
    kind: ScoreKind = "cosine"
    scale: float = 1.0


Prediction = LabelMap | ScoreMap | MaskSet


@runtime_checkable
class Predictor(Protocol):
    """Anything that segments images into the classes of a vocabulary; built as ``Class(**options)``.

    A predictor may also define, and the run loop then uses:

    * ``input_size: int`` -- side in pixels of its square input; protocols that resize to the model's own size need it.
    * ``default_weights: Mapping[str, str]`` -- card ``world`` -> the ``weights`` to use where the user gives none.
    * ``rank_labels(images) -> Sequence[RankedLabels]`` -- a first stage that can be kept (``cosegbench labels``).
    * ``tune(dataset)`` -- called before ``prepare`` where it is defined and ``tunes`` is true; recorded as per-data-set
      tuning, because it may look at the labels.
    * ``describe() -> Mapping[str, object]`` -- further facts for the record (weights digest, recipe).

    Each image carries its id as ``image.info["image_id"]``.
    """

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Called once a data set, before any image: encode the names."""

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """Return one prediction for each RGB image, in order."""


@dataclass(frozen=True, slots=True)
class RankedLabels:
    """The labels that a first stage proposes for one image, best first.

    Args:
        labels: class indices 0..K-1, no repeats.
        scores: one score a label, descending.
    """

    labels: tuple[int, ...]
    scores: tuple[float, ...]
