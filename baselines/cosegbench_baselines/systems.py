"""CoSeg prefix and xatten at inference: from photographs to masks and similarities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from cosegbench.errors import DataError, MissingWeightsError, RequestError
from cosegbench.text import UNLABELED, TextRule
from cosegbench_baselines.class_text import class_embeddings
from cosegbench_baselines.coseg import CoSeg, Segments, load_coseg, segment
from cosegbench_baselines.devices import check_device
from cosegbench_baselines.pixels import normalise, squash
from cosegbench_baselines.precision import Precision, check_precision, computing, store
from cosegbench_baselines.sources import MINIATURE, LoadedClip, load_clip, miniature_folder
from cosegbench_baselines.taps import check_taps

if TYPE_CHECKING:
    from PIL import Image


@dataclass(slots=True)
class CoSegSystem:
    """A loaded CoSeg.

    Args:
        model: label model and mask decoder.
        loaded: its CLIP.
        snap: see :func:`cosegbench_baselines.coseg.segment`.
        scale: factor from cosine to logit: one over the temperature of its language loss.
        about: for the record.
        device: torch device.
        precision: of the image tower and both halves of the model.
    """

    model: CoSeg
    loaded: LoadedClip
    snap: bool
    scale: float
    about: dict[str, Any]
    device: str
    precision: Precision = "float32"
    _text: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0))

    @property
    def input_size(self) -> int:
        """Side in pixels of the square input."""
        return self.model.config.image_size

    def prepare(self, names: Sequence[str], text: TextRule) -> None:
        """Encode the names and "unlabeled", which comes last."""
        self._text = class_embeddings(self.loaded.clip, self.loaded.digest, [*names, UNLABELED], text)

    def segment(self, images: Sequence[Image.Image]) -> Segments:
        """Masks (B, N, S, S) with their similarities to the names of :meth:`prepare`."""
        pixels = squash(images, self.input_size, self.loaded.pixels.resample).to(self.device)
        config = self.model.config
        features = self.loaded.clip.encode_image(
            normalise(pixels, self.loaded.pixels),
            config.mask_decoder.taps,
            norm_patches=config.label_model.norm_patches,
        )
        return segment(self.model, features, self._text, snap=self.snap)

    def predict(self, images: Sequence[Image.Image]) -> Segments:
        """:meth:`segment` in the system's precision; probabilities and similarities are float32 in either."""
        with computing(self.precision, self.device):
            return self.segment(images)

    def facts(self) -> dict[str, Any]:
        """For the record."""
        return dict(self.about)


def load_system(
    variant: Literal["prefix", "xatten"],
    weights: str,
    recipe: str,
    snap: Literal["auto", "on", "off"],
    device: str,
    clip: str = "",
    precision: Precision = "float32",
) -> CoSegSystem:
    """Load a checkpoint and the CLIP that its JSON refers to; arguments as the predictors'.

    Raises:
        MissingWeightsError: a file is not there.
        DataError: a file is not what its JSON says.
        RequestError: the checkpoint is of the other variant, the CLIP is another than it was trained on, or the
            device is not there or does not compute in ``precision``.
    """
    check_device(device)
    check_precision(precision, device)
    path = _checkpoint_path(variant, weights, recipe)
    model, info = load_coseg(path)
    if model.config.label_model.variant != variant:
        raise RequestError(f"weights {path} are of coseg-{model.config.label_model.variant}, not of coseg-{variant}.")
    try:
        snapped = bool(info["snap"]) if snap == "auto" else snap == "on"
        scale = 1 / float(info["settings"]["loss"]["tau"])
        facts = {"recipe": info["recipe"], "trained_on": info["data"]["dataset"], "training_seed": info["seed"]}
        loaded = _tower(path, info, clip)
    except (KeyError, TypeError) as error:
        raise DataError(f"weights {path}: its JSON lacks a field or holds another kind of value ({error}).") from error
    check_taps(model.config.mask_decoder.taps, loaded.clip.layers)
    loaded.clip.to(device)
    for part in (loaded.clip.model.vision_model, loaded.clip.model.visual_projection, model):
        store(part, precision)
    about = {
        "weights": path.name,
        "weights_digest": info["sha256"],
        **facts,
        "clip": {**info["clip"], "revision": loaded.revision},
        "snap": snapped,
        "queries": model.config.label_model.queries,
        "precision": precision,
    }
    return CoSegSystem(model.to(device), loaded, snapped, scale, about, device, precision)


def _tower(path: Path, info: Mapping[str, Any], clip: str) -> LoadedClip:
    """The CLIP that a checkpoint refers to, from where it says or from ``clip``, checked by its digest."""
    wanted = info["clip"]
    try:
        loaded = load_clip(clip or wanted["source"], near=None if clip else path.parent)
    except MissingWeightsError as error:
        raise MissingWeightsError(
            f"weights {path} were trained on the CLIP {wanted['source']!r} (sha256 {wanted['sha256']}) and hold no "
            f"copy of it. {error} Where it has moved, name it with --set clip=FOLDER."
        ) from error
    if loaded.digest != wanted["sha256"]:
        raise RequestError(
            f"weights {path} were trained on a CLIP of sha256 {wanted['sha256']}, "
            f"but {loaded.source!r} has {loaded.digest}. Train them again or restore that CLIP."
        )
    return loaded


def _checkpoint_path(variant: str, weights: str, recipe: str) -> Path:
    if weights == MINIATURE:
        return miniature_folder() / f"coseg-{variant}.{recipe}.safetensors"
    path = Path(weights).expanduser()
    if path.is_dir():
        return path / f"coseg-{variant}.{recipe}.safetensors"
    if not path.is_file():
        raise MissingWeightsError(
            f"weights {weights!r}: no such file. CoSeg's were never published; "
            f"`cosegbench train --predictor coseg-{variant} --dataset coco-stuff` makes them."
        )
    return path
