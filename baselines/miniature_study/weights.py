"""What the JSON files beside the shipped weights say: digests, seeds, cost, and what was measured while training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosegbench.errors import DataError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: its file's name and size in bytes, and its JSON."""

    name: str
    size: int
    info: Mapping[str, Any]

    @property
    def spent(self) -> Mapping[str, float]:
        """Steps, wall minutes and core minutes, those of the training that it started from added; empty where none."""
        return _spent(self.info)

    @property
    def held_out(self) -> Mapping[str, float]:
        """What was measured on training pictures that were kept apart."""
        found: Mapping[str, float] = self.info.get("measured_on_held_out", {})
        return found


@dataclass(frozen=True, slots=True)
class Training:
    """The shipped checkpoints and how they came about.

    Args:
        checkpoints: by name.
        whole: ``wall_minutes``, ``cores`` and ``seed`` of the training of all of them, start to finish; empty where it
            was not done in one go.
        clips: (what it is, JSON) of CLIP after its first part, as shipped, and of the variants measured beside it.
    """

    checkpoints: tuple[Checkpoint, ...]
    whole: Mapping[str, Any]
    clips: tuple[tuple[str, Mapping[str, Any]], ...]


def read_training(weights: Path, variants: Path) -> Training:
    """What lies in the folder of weights, and the JSONs of variants of CLIP, which may be absent.

    Raises:
        DataError: a JSON that cannot be read.
    """
    checkpoints = read_checkpoints(weights)
    chain = weights / "chain.json"
    clips: list[tuple[str, Mapping[str, Any]]] = []
    for info in (each.info for each in checkpoints if each.info.get("kind") == "clip"):
        if isinstance(info.get("start"), dict):
            clips.append(("first part", info["start"]))
        clips.append(("shipped", info))
    for path in sorted(variants.glob("clip*.json")):
        info = _json(path)
        changed = [word for word in str(info.get("command", "")).split() if "=" in word]
        clips.append((" ".join([f"`{word}`" for word in changed]) or path.stem, info))
    return Training(checkpoints, _json(chain) if chain.is_file() else {}, tuple(clips))


def read_checkpoints(folder: Path) -> tuple[Checkpoint, ...]:
    """Every checkpoint of a folder, by name; empty where the folder is not there.

    Raises:
        DataError: a JSON beside a checkpoint that cannot be read.
    """
    paths = sorted(folder.glob("*.safetensors"))
    return tuple(Checkpoint(path.stem, path.stat().st_size, _json(path.with_suffix(".json"))) for path in paths)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    return found


def _spent(info: Mapping[str, Any]) -> dict[str, float]:
    before = _spent(info["start"]) if isinstance(info.get("start"), dict) else {}
    own: Mapping[str, float] = info.get("spent", {})
    return {name: own.get(name, 0) + before.get(name, 0) for name in {**before, **own}}


def closeup_accuracy(checkpoints: tuple[Checkpoint, ...]) -> float | None:
    """Zero-shot accuracy of the small CLIP on the validation close-ups, 0..1."""
    for checkpoint in checkpoints:
        if checkpoint.info.get("kind") == "clip":
            value = checkpoint.info.get("measured_on_val", {}).get("closeup_accuracy")
            return None if value is None else float(value)
    return None
