"""CoSeg prefix and xatten at inference: from photographs to masks and similarities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from cosegbench.errors import MissingWeightsError, RequestError
from cosegbench.text import UNLABELED, TextRule
from cosegbench_baselines.coseg import CoSeg, Segments, load_coseg, segment
from cosegbench_baselines.devices import check_device
from cosegbench_baselines.pixels import normalise, squash
from cosegbench_baselines.sources import MINIATURE, LoadedClip, load_clip, miniature_folder

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
    """

    model: CoSeg
    loaded: LoadedClip
    snap: bool
    scale: float
    about: dict[str, Any]
    device: str
    _text: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0))

    @property
    def input_size(self) -> int:
        """Side in pixels of the square input."""
        return self.model.config.image_size

    def prepare(self, names: Sequence[str], text: TextRule) -> None:
        """Encode the names and "unlabeled", which comes last."""
        self._text = self.loaded.clip.encode_text(text.sentences([*names, UNLABELED]))

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

    def facts(self) -> dict[str, Any]:
        """For the record."""
        return dict(self.about)


def load_system(
    variant: Literal["prefix", "xatten"], weights: str, recipe: str, snap: Literal["auto", "on", "off"], device: str
) -> CoSegSystem:
    """Load a checkpoint and the CLIP that its JSON refers to.

    Raises:
        MissingWeightsError: a file is not there.
        DataError: a file is not what its JSON says.
        RequestError: the checkpoint is of the other variant, the CLIP is another than it was trained on, or the
            device is not there.
    """
    check_device(device)
    path = _checkpoint_path(variant, weights, recipe)
    model, info = load_coseg(path)
    if model.config.label_model.variant != variant:
        raise RequestError(f"weights {path} are of coseg-{model.config.label_model.variant}, not of coseg-{variant}.")
    loaded = load_clip(info["clip"]["source"], near=path.parent)
    if loaded.digest != info["clip"]["sha256"]:
        raise RequestError(
            f"weights {path} were trained on a CLIP of sha256 {info['clip']['sha256']}, "
            f"but {info['clip']['source']!r} now has {loaded.digest}. Train them again or restore that CLIP."
        )
    loaded.clip.to(device)
    snapped = bool(info["snap"]) if snap == "auto" else snap == "on"
    about = {
        "weights": path.name,
        "weights_digest": info["sha256"],
        "recipe": info["recipe"],
        "trained_on": info["data"]["dataset"],
        "training_seed": info["seed"],
        "clip": info["clip"],
        "snap": snapped,
        "queries": model.config.label_model.queries,
    }
    tau = float(info["settings"]["loss"]["tau"])
    return CoSegSystem(model.to(device), loaded, snapped, 1 / tau, about, device)


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
