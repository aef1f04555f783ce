"""Text embeddings on disk, in the toolkit's cache folder: one safetensors file a vocabulary, bounded in sum.

Nothing here is ever fatal: a file that is damaged or cannot be written costs one computation and a warning.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from contextlib import suppress
from pathlib import Path

import torch

FOLDER = "text-embeddings"
"""Below the cache folder (``COSEGBENCH_CACHE``). It may be deleted at any time."""

LIMIT_BYTES = 64 << 20
"""What all files together may take; those that were used longest ago go first."""


def embeddings_folder() -> Path:
    """Where the files lie."""
    from cosegbench.miniature.cache import cache_folder

    return cache_folder() / FOLDER


def read_embeddings(key: str, count: int, width: int) -> torch.Tensor | None:
    """What is kept under ``key``: (count, width) float32 on the CPU; None where there is nothing, or it is damaged."""
    from safetensors import SafetensorError, safe_open

    path = _path(key)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            stated = (stream.metadata() or {}).get("sha256")
            found: torch.Tensor = stream.get_tensor("embeddings")
    except (OSError, SafetensorError) as error:
        _remark(path, str(error))
        return None
    if found.shape != (count, width) or found.dtype != torch.float32 or _digest(found) != stated:
        _remark(path, f"{tuple(found.shape)} {found.dtype} is not what was written")
        return None
    with suppress(OSError):
        os.utime(path)  # the last use, by which files are dropped
    return found


def write_embeddings(key: str, embeddings: torch.Tensor) -> None:
    """Keep (count, width) float32 embeddings under ``key``, whole or not at all."""
    from safetensors.torch import save

    from cosegbench.files import write_bytes

    path = _path(key)
    embeddings = embeddings.contiguous()
    try:
        write_bytes(path, save({"embeddings": embeddings}, {"sha256": _digest(embeddings)}))
        _drop_oldest(path.parent)
    except OSError as error:
        warnings.warn(f"text embeddings cannot be kept in {path.parent} ({error}).", stacklevel=2)


def _path(key: str) -> Path:
    return embeddings_folder() / f"{key}.safetensors"


def _digest(embeddings: torch.Tensor) -> str:
    return hashlib.sha256(embeddings.contiguous().numpy().data).hexdigest()


def _remark(path: Path, why: str) -> None:
    warnings.warn(f"kept text embeddings {path} are damaged ({why}); computing them again.", stacklevel=3)


def _drop_oldest(folder: Path) -> None:
    files = [(path, path.stat()) for path in folder.glob("*.safetensors")]
    files.sort(key=lambda entry: entry[1].st_mtime, reverse=True)
    total = 0
    for path, facts in files:
        total += facts.st_size
        if total > LIMIT_BYTES:
            path.unlink(missing_ok=True)
