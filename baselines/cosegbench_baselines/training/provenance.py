"""Where a training's inputs are, and how its checkpoint refers to them: by name where they lie beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosegbench_baselines.sources import miniature_folder


def command_line(
    predictor: str, dataset: str | None, recipe: str, seed: int, threads: int, options: Mapping[str, str]
) -> str:
    """The command that repeats a training; ``--data-root`` and ``--out`` are the reader's own."""
    parts = ["cosegbench train", f"--predictor {predictor}"]
    parts += [f"--dataset {dataset}"] if dataset else []
    parts += [f"--recipe {recipe}", f"--seed {seed}", f"--threads {threads}"]
    return " ".join([*parts, *(f"--set {key}={value}" for key, value in options.items())])


def find_file(name: str, folder: Path) -> Path:
    """``name`` in ``folder``, in the shipped miniature, or as it is; the first that exists, else the last."""
    places = (folder / name, miniature_folder() / name, Path(name).expanduser())
    return next((place for place in places if place.is_file()), places[-1])


def clip_beside(folder: Path) -> str:
    """``.`` where ``folder`` holds a CLIP, which its other checkpoints then refer to; else the shipped one."""
    return "." if (folder / "clip.json").is_file() else "miniature"
