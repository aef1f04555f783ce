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


def read_checkpoints(folder: Path) -> tuple[Checkpoint, ...]:
    """Every checkpoint of a folder, by name; empty where the folder is not there.

    Raises:
        DataError: a JSON beside a checkpoint that cannot be read.
    """
    found = []
    for path in sorted(folder.glob("*.safetensors")):
        beside = path.with_suffix(".json")
        try:
            info = json.loads(beside.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{beside} cannot be read: {error}.") from error
        found.append(Checkpoint(path.stem, path.stat().st_size, info))
    return tuple(found)


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
