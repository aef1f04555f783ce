"""Weights as one safetensors file and one JSON beside it that says what they are and where they came from.

Nothing here ever unpickles: a file that is not safetensors is refused, and so is one whose digest is not the JSON's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cosegbench.errors import DataError, MissingWeightsError
from cosegbench.files import file_digest, write_bytes

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights in memory.

    Args:
        tensors: by name, float32.
        info: the JSON: ``schema_version``, ``kind``, ``sha256`` of the weights file, and what the trainer wrote.
        path: the safetensors file.
    """

    tensors: Mapping[str, torch.Tensor]
    info: Mapping[str, Any]
    path: Path

    @property
    def digest(self) -> str:
        """sha256 of the weights file, hexadecimal."""
        return str(self.info["sha256"])


def save_checkpoint(
    path: Path, tensors: Mapping[str, torch.Tensor], info: Mapping[str, Any], *, half: bool = False
) -> Path:
    """Write ``path`` (.safetensors) and its JSON, each by atomic rename; return ``path``.

    Args:
        path: where to write; its suffix becomes ``.safetensors``.
        tensors: by name; floating point.
        info: JSON-able facts; ``schema_version``, ``dtype`` and ``sha256`` are added.
        half: store float16. The stored, rounded weights are then the model: whatever is trained on top or measured
            loads them, so no figure depends on the unrounded ones.
    """
    from safetensors.torch import save

    path = path.with_suffix(".safetensors")
    dtype = torch.float16 if half else torch.float32
    write_bytes(path, save({name: tensor.detach().cpu().to(dtype).contiguous() for name, tensor in tensors.items()}))
    full = {
        "schema_version": SCHEMA_VERSION,
        **info,
        "dtype": str(dtype).removeprefix("torch."),
        "sha256": file_digest(path),
    }
    write_bytes(path.with_suffix(".json"), (json.dumps(full, indent=1, ensure_ascii=False) + "\n").encode())
    return path


def load_checkpoint(path: Path, kind: str) -> Checkpoint:
    """Read weights that :func:`save_checkpoint` wrote.

    Args:
        path: the safetensors file, or its JSON.
        kind: what the JSON must say that it holds, for instance ``"coseg"``.

    Raises:
        MissingWeightsError: one of the two files is not there.
        DataError: not safetensors, another kind or schema, or a digest that differs from the JSON's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path, beside = path.with_suffix(".safetensors"), path.with_suffix(".json")
    for file in (path, beside):
        if not file.is_file():
            raise MissingWeightsError(
                f"weights: {file} is not there. A checkpoint is a .safetensors file and its .json."
            )
    info = _read_info(beside, kind)
    if file_digest(path) != info.get("sha256"):
        raise DataError(f"weights {path}: the sha256 is not the one that {beside.name} states. Restore both files.")
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise DataError(f"weights {path}: not a safetensors file ({error}); other formats are never read.") from error
    return Checkpoint({name: tensor.float() for name, tensor in tensors.items()}, info, path)


def _read_info(path: Path, kind: str) -> dict[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"weights {path}: not JSON ({error}).") from error
    if not isinstance(info, dict):
        raise DataError(f"weights {path}: expected a JSON object, found {type(info).__name__}.")
    version = info.get("schema_version")
    if version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        advice = "A newer cosegbench wrote it: install that." if newer else "Train it again."
        raise DataError(f"weights {path}: schema_version {version!r}, expected {SCHEMA_VERSION}. {advice}")
    if info.get("kind") != kind:
        raise DataError(f"weights {path}: kind {info.get('kind')!r}, expected {kind!r}.")
    return info
