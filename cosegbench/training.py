"""What a trainer is asked, and what it must do: the contract of entry point group ``cosegbench.trainers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset


def silent(_: str) -> None:
    """Say nothing: the log of processes that nobody reads."""


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """One call of ``train``.

    Args:
        data_root: where the data lies; that of ``dataset`` where there is one.
        out: the checkpoint (``.safetensors``), or a folder in which the trainer names it.
        dataset: images and label maps; None for a trainer that brings its own material.
        recipe: a name that the trainer knows.
        seed: of weights, batches, augmentation and dropout.
        device: torch device.
        threads: CPU threads of this process, 1 or more.
        options: ``key=value`` of ``--set``; a trainer refuses keys that it does not know.
        fresh: train again what is finished or half done, instead of keeping it or going on.
        tensorboard: write TensorBoard events beside the checkpoint.
        log: receives a line for people now and then.
    """

    data_root: Path
    out: Path
    dataset: Dataset | None = None
    recipe: str = "paper"
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    tensorboard: bool = False
    log: Callable[[str], None] = silent


Trainer = Callable[[TrainRequest], Path]
"""Trains weights and returns the checkpoint.

An interrupted training goes on from its last state. One that is finished at ``out`` is not repeated; another training's
checkpoint there is refused with a :class:`cosegbench.errors.RequestError`, unless the request is ``fresh``. Under
``torchrun`` every process calls the trainer and only the first writes files and logs.
"""
