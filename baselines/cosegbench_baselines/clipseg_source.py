"""A CLIPSeg from wherever it is: the shipped miniature, a folder of ours, or a published checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import DataError
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.clipseg import ClipSegOnce, ClipSegShape, build_clipseg
from cosegbench_baselines.config import read_fields
from cosegbench_baselines.pixels import CLIP_PIXELS, PixelRule
from cosegbench_baselines.sources import MINIATURE, load_clip, load_published_clipseg, weights_folder
from cosegbench_baselines.taps import check_taps


@dataclass(frozen=True, slots=True)
class LoadedClipSeg:
    """A CLIPSeg and what it is.

    Args:
        once: draws.
        text: its text tower, as a CLIP.
        pixels: normalisation.
        source: folder as it was given, or ``name@commit``.
        digest: sha256 over its weights.
        text_digest: of the weights that hold the text tower.
        revision: commit on the hub; None where it is not from there.
    """

    once: ClipSegOnce
    text: FrozenClip
    pixels: PixelRule
    source: str
    digest: str
    text_digest: str
    revision: str | None = None


def load_clipseg(source: str) -> LoadedClipSeg:
    """CLIPSeg: the shipped miniature, a folder with ``clipseg.safetensors``, a ``transformers`` folder, or a hub id.

    Raises:
        MissingWeightsError: nothing there.
        RequestError: what is there is of another architecture.
        DataError: it cannot be read, or its parts do not fit.
    """
    folder = weights_folder(source)
    if source == MINIATURE or (folder / "clipseg.json").is_file():
        return _load_own(folder, source)
    found = load_published_clipseg(source)
    vision = found.model.config.vision_config
    size = found.pixels.size or int(vision.image_size)
    if size % vision.patch_size:
        raise DataError(
            f"CLIPSeg weights {source!r}: preprocessor_config.json asks for {size} pixels, which is no multiple of the "
            f"patch size {vision.patch_size}."
        )
    once = ClipSegOnce(found.model, size)
    check_taps(once.taps, int(vision.num_hidden_layers))
    where = found.snapshot
    text = FrozenClip(found.model.clip, found.tokenizer)
    return LoadedClipSeg(once, text, found.pixels, where.source, found.digest, found.digest, where.revision)


def _load_own(folder: Path, source: str) -> LoadedClipSeg:
    checkpoint = load_checkpoint(folder / "clipseg", "clipseg")
    base = load_clip(checkpoint.info["clip"]["source"], near=folder)
    if base.digest != checkpoint.info["clip"]["sha256"]:
        raise DataError(f"weights {checkpoint.path}: trained on another CLIP than {base.source!r} is now.")
    shape = read_fields(ClipSegShape, checkpoint.info["shape"])
    model = build_clipseg(base.clip.model, shape)
    model.decoder.load_state_dict(dict(checkpoint.tensors))
    once = ClipSegOnce(model, shape.image_size)
    return LoadedClipSeg(once, base.clip, CLIP_PIXELS, source, checkpoint.digest, base.digest)
