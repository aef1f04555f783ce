"""Where weights come from: the miniature that ships with the package, a local folder, or a hub id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosegbench.errors import MissingWeightsError
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.hub import CLIP_HUB_ID, CLIPSEG_HUB_ID, Snapshot, find_snapshot, local_folder
from cosegbench_baselines.pixels import CLIP_PIXELS, CLIPSEG_PIXELS, PixelRule, read_pixel_rule
from cosegbench_baselines.pretrained import CLIP, CLIPSEG, load_pretrained, state_digest

__all__ = ["CLIPSEG_HUB_ID", "CLIP_HUB_ID", "MINIATURE", "LoadedClip", "load_clip", "load_published_clipseg"]

MINIATURE = "miniature"
"""The ``weights`` that name the shipped miniature."""


@dataclass(frozen=True, slots=True)
class LoadedClip:
    """A CLIP, how it wants its pixels, and what it is.

    Args:
        clip: frozen.
        pixels: normalisation.
        source: what to name in a checkpoint that is trained on top of it: as it was given, or ``name@commit``.
        digest: sha256 over the weights.
        revision: commit on the hub; None where it is not from there.
    """

    clip: FrozenClip
    pixels: PixelRule
    source: str
    digest: str
    revision: str | None = None


def miniature_folder() -> Path:
    """The folder of the shipped miniature weights."""
    return Path(__file__).resolve().parent / "weights" / MINIATURE


def weights_folder(source: str) -> Path:
    """The local folder that ``source`` names: ``miniature``, a folder, or a file in one."""
    if source == MINIATURE:
        return miniature_folder()
    path = Path(source).expanduser()
    return path.parent if path.suffix in (".safetensors", ".json") else path


def load_clip(source: str, near: Path | None = None) -> LoadedClip:
    """Load a CLIP of any size, in float32.

    Args:
        source: ``miniature``; a folder with ``clip.safetensors`` (ours) or ``config.json`` (``transformers``); or a hub
            id, ``name`` or ``name@revision``. Remote code is never run.
        near: a folder in which a relative folder name is tried first.

    Raises:
        MissingWeightsError: nothing of the kind there; says what was looked for, where, and how to get it.
        RequestError: it is there and is of another architecture.
        DataError: it is there and cannot be read.
    """
    folder = miniature_folder() if source == MINIATURE else local_folder(source, near)
    if folder is not None and (folder / "clip.json").is_file():
        return _load_own(folder, source)
    snapshot = find_snapshot(CLIP.what, source, near)
    model, tokenizer = load_pretrained(CLIP, snapshot)
    rule = read_pixel_rule(snapshot.folder, CLIP_PIXELS)
    return LoadedClip(FrozenClip(model, tokenizer), rule, snapshot.source, state_digest(model), snapshot.revision)


def _load_own(folder: Path, source: str) -> LoadedClip:
    from cosegbench_baselines.small_clip import ClipShape, build_clip
    from cosegbench_baselines.tokens import load_word_tokenizer

    checkpoint = load_checkpoint(folder / "clip", "clip")
    words = folder / "tokenizer.json"
    if not words.is_file():
        raise MissingWeightsError(f"CLIP weights {source!r}: {words} is not there; it belongs to clip.safetensors.")
    tokenizer = load_word_tokenizer(words)
    model = build_clip(ClipShape(**checkpoint.info["shape"]), len(tokenizer))
    model.load_state_dict(dict(checkpoint.tensors))
    return LoadedClip(FrozenClip(model, tokenizer), CLIP_PIXELS, source, checkpoint.digest)


@dataclass(frozen=True, slots=True)
class PublishedClipSeg:
    """A published CLIPSeg as it was read.

    Args:
        model: ``CLIPSegForImageSegmentation``.
        tokenizer: of its text tower.
        pixels: normalisation and size of its input.
        snapshot: where it was.
        digest: sha256 over the weights.
    """

    model: Any
    tokenizer: Any
    pixels: PixelRule
    snapshot: Snapshot
    digest: str


def load_published_clipseg(source: str) -> PublishedClipSeg:
    """A CLIPSeg from a ``transformers`` folder or a hub id, ``name`` or ``name@revision``, in float32.

    Raises:
        MissingWeightsError: nothing of the kind there; says what was looked for, where, and how to get it.
        RequestError: it is there and is of another architecture.
        DataError: it is there and cannot be read.
    """
    snapshot = find_snapshot(CLIPSEG.what, source)
    model, tokenizer = load_pretrained(CLIPSEG, snapshot)
    rule = read_pixel_rule(snapshot.folder, CLIPSEG_PIXELS)
    return PublishedClipSeg(model, tokenizer, rule, snapshot, state_digest(model))
