"""CoSeg's three systems as predictors. Cheap to import: torch comes with the first one that is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cosegbench import MaskSet, Prediction, RankedLabels, TextRule
from cosegbench.errors import MissingWeightsError

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Dataset, Vocabulary
    from cosegbench_baselines.no_training import NoTraining
    from cosegbench_baselines.systems import CoSegSystem

RecipeName = Literal["miniature", "paper"]


class _CoSeg:
    """What prefix and xatten share: they differ in their label model only.

    Args:
        weights: ``miniature`` (shipped), or a checkpoint that ``cosegbench train`` wrote.
        recipe: which of the shipped checkpoints; ignored where ``weights`` is a file.
        snap: condition the mask decoder on the text embedding of the nearest label, not on the predicted token.
            ``auto`` does what the checkpoint's recipe says (``paper``: no; ``miniature``: yes).
        clip: where the CLIP is that the checkpoint was trained on; empty for the place that the checkpoint names.
        precision: ``bf16`` on a GPU that has it computes the large matrix products in it; docs/checkpoints.md states
            by how much figures differ.
        device: torch device.

    Raises:
        MissingWeightsError: no weights for real data, or a file is not there.
        RequestError: another variant's checkpoint, another CLIP than it was trained on, or a device that is not there
            or does not compute in ``precision``.
        DataError: a file is not what it should be.
    """

    variant: ClassVar[Literal["prefix", "xatten"]]
    default_weights: ClassVar[Mapping[str, str]] = {"miniature": "miniature"}

    def __init__(
        self,
        weights: str | None = None,
        recipe: RecipeName = "miniature",
        snap: Literal["auto", "on", "off"] = "auto",
        clip: str = "",
        precision: Literal["float32", "bf16"] = "float32",
        device: str = "cpu",
    ) -> None:
        if weights is None:
            raise MissingWeightsError(
                f"CoSeg's weights were never published, so coseg-{self.variant} has none for real data. Train them "
                f"with `cosegbench train --predictor coseg-{self.variant} --dataset coco-stuff`, then give the "
                "checkpoint with --weights FILE."
            )
        from cosegbench_baselines.systems import load_system

        self._system: CoSegSystem = load_system(self.variant, weights, recipe, snap, device, clip, precision)
        self.input_size = self._system.input_size

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Encode the names and "unlabeled"."""
        self._system.prepare(vocabulary.names, text)

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """One :class:`MaskSet` an image: N masks over the whole image, squashed to the model's square."""
        found: list[Prediction] = []
        segments = self._system.predict(images)
        for masks, similarity, nothing in zip(segments.masks, segments.similarity, segments.nothing, strict=True):
            found.append(MaskSet(masks, similarity, nothing, "cosine", self._system.scale))
        return found

    def describe(self) -> dict[str, Any]:
        """Checkpoint, its recipe and its CLIP."""
        return self._system.facts()


class CoSegPrefix(_CoSeg):
    """CoSeg with the decoder-only label model; options are those of its base."""

    variant: ClassVar[Literal["prefix", "xatten"]] = "prefix"


class CoSegXatten(_CoSeg):
    """CoSeg with the encoder-decoder label model; options are those of its base."""

    variant: ClassVar[Literal["prefix", "xatten"]] = "xatten"


class CoSegNoTraining:
    """CLIP names the image's k most similar labels, CLIPSeg draws each; nothing is trained on masks of the data set.

    Args:
        weights: CLIPSeg: ``miniature`` (shipped), a local folder, or a hub id, ``name`` or ``name@revision``.
        clip: CLIP that picks the labels in the ``paper`` variant, named as ``weights`` is; empty for the published or
            shipped one.
        variant: ``paper`` (CLIP at its own size picks the labels, CLIPSeg at its size draws) or ``authors`` (their
            code: one CLIPSeg checkpoint does both at its size).
        k: labels an image (paper: 20), or ``auto``: mean plus two standard deviations of the number of classes an image
            has in the data set, rounded up, which looks at the labels and is recorded as tuning.
        labels: a file that ``cosegbench labels`` wrote, used in place of the first stage; or ``true``: the classes that
            the ground truth holds, which gives the ceiling of better labels and is recorded as tuning.
        precision: as for the trained systems.
        device: torch device.

    Raises:
        MissingWeightsError: neither a local folder nor in reach on the hub.
        RequestError: k is below 1, weights of another architecture, or a device that is not there or does not compute
            in ``precision``.
        DataError: a file is not what it should be.
    """

    default_weights: ClassVar[Mapping[str, str]] = {"miniature": "miniature", "real": "CIDAS/clipseg-rd64-refined"}

    def __init__(
        self,
        weights: str = "CIDAS/clipseg-rd64-refined",
        clip: str = "",
        variant: Literal["paper", "authors"] = "paper",
        k: int | Literal["auto"] = 20,
        labels: str = "",
        precision: Literal["float32", "bf16"] = "float32",
        device: str = "cpu",
    ) -> None:
        from cosegbench_baselines.no_training import load_no_training

        self._system: NoTraining = load_no_training(weights, clip, variant, k, labels, device, precision)
        self.tunes = k == "auto" or labels == "true"
        self.input_size = self._system.input_size

    def tune(self, dataset: Dataset) -> None:
        """Look at the labels: settle ``k=auto`` or read ``labels=true``."""
        self._system.tune(dataset)

    def prepare(self, vocabulary: Vocabulary, text: TextRule) -> None:
        """Encode the names with both text towers."""
        self._system.prepare(vocabulary.names, text)

    def rank_labels(self, images: Sequence[Image.Image]) -> Sequence[RankedLabels]:
        """The first stage: each image's k labels of highest cosine, best first."""
        return self._system.rank(images)

    def predict(self, images: Sequence[Image.Image]) -> Sequence[Prediction]:
        """One :class:`MaskSet` an image: k masks over the whole image, squashed to CLIPSeg's square."""
        return self._system.predict(images)

    def describe(self) -> dict[str, Any]:
        """Checkpoints, variant, k and where the labels came from."""
        return self._system.facts()
