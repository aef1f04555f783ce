"""Where weights come from: the miniature that ships with the package, a local folder, or a hub id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cosegbench.errors import MissingWeightsError
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.pixels import CLIP_PIXELS, CLIPSEG_PIXELS, PixelRule

MINIATURE = "miniature"
"""The ``weights`` that name the shipped miniature."""
CLIP_HUB_ID = "openai/clip-vit-base-patch16"
CLIPSEG_HUB_ID = "CIDAS/clipseg-rd64-refined"


@dataclass(frozen=True, slots=True)
class LoadedClip:
    """A CLIP, how it wants its pixels, and what it is.

    Args:
        clip: frozen.
        pixels: normalisation.
        source: what to name in a checkpoint that is trained on top of it.
        digest: sha256 over the weights.
    """

    clip: FrozenClip
    pixels: PixelRule
    source: str
    digest: str


def miniature_folder() -> Path:
    """The folder of the shipped miniature weights."""
    return Path(__file__).resolve().parent / "weights" / MINIATURE


def weights_folder(source: str) -> Path:
    """The local folder that ``source`` names: ``miniature``, a folder, or a file in one."""
    if source == MINIATURE:
        return miniature_folder()
    path = Path(source).expanduser()
    return path if path.is_dir() else path.parent


def load_clip(source: str, near: Path | None = None) -> LoadedClip:
    """Load a CLIP.

    Args:
        source: ``miniature``; a folder with ``clip.safetensors`` (ours) or ``config.json`` (``transformers``); or a hub
            id. Remote code is never run.
        near: a folder in which a relative folder name is tried first.

    Raises:
        MissingWeightsError: nothing of the kind there.
    """
    folder = miniature_folder() if source == MINIATURE else _folder(source, near)
    if folder is not None and (folder / "clip.json").is_file():
        return _load_own(folder, source)
    return _load_transformers(str(folder) if folder is not None else source, source)


def _folder(source: str, near: Path | None) -> Path | None:
    for path in (near / source if near else None, Path(source).expanduser()):
        if path is not None and path.is_dir():
            return path
    return None


def _load_own(folder: Path, source: str) -> LoadedClip:
    from cosegbench_baselines.small_clip import ClipShape, build_clip
    from cosegbench_baselines.tokens import load_word_tokenizer

    checkpoint = load_checkpoint(folder / "clip", "clip")
    tokenizer = load_word_tokenizer(folder / "tokenizer.json")
    model = build_clip(ClipShape(**checkpoint.info["shape"]), len(tokenizer))
    model.load_state_dict(dict(checkpoint.tensors))
    return LoadedClip(FrozenClip(model, tokenizer), CLIP_PIXELS, source, checkpoint.digest)


def _load_transformers(where: str, source: str) -> LoadedClip:
    from transformers import AutoTokenizer, CLIPModel

    try:
        model = CLIPModel.from_pretrained(where, dtype=torch.float32, weights_only=True)
        tokenizer = AutoTokenizer.from_pretrained(where)
    except (OSError, ValueError) as error:
        raise _missing("CLIP", source) from error
    return LoadedClip(
        FrozenClip(model, tokenizer),
        pixel_rule(Path(where), CLIP_PIXELS),
        source,
        state_digest(model),
    )


def load_clipseg_hub(source: str) -> tuple[Any, Any, PixelRule, str]:
    """A published CLIPSeg: model, tokenizer, pixel rule and digest.

    Raises:
        MissingWeightsError: neither a local folder nor in reach on the hub.
    """
    from transformers import AutoTokenizer, CLIPSegForImageSegmentation

    try:
        model = CLIPSegForImageSegmentation.from_pretrained(source, dtype=torch.float32, weights_only=True)
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise _missing("CLIPSeg", source) from error
    return model, tokenizer, pixel_rule(Path(source), CLIPSEG_PIXELS), state_digest(model)


def _missing(what: str, source: str) -> MissingWeightsError:
    return MissingWeightsError(
        f"{what} weights {source!r}: neither a local folder with config.json and its weights nor in reach on the hub. "
        f"Fetch them once with `hf download {source}`, or give a local folder with --weights."
    )


def pixel_rule(folder: Path, default: PixelRule) -> PixelRule:
    """What ``preprocessor_config.json`` in ``folder`` says, or ``default`` where there is none."""
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return default
    facts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    mean, std = facts.get("image_mean", default.mean), facts.get("image_std", default.std)
    return PixelRule(
        (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), int(facts.get("resample", default.resample))
    )


def state_digest(model: Any) -> str:
    """sha256 over the names and float32 bytes of a model's parameters, in order of name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
