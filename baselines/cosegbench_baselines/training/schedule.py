"""How long, how fast and in how many parts to train."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from cosegbench.errors import RequestError

Decay = Literal["cosine", "step"]
Precision = Literal["float32", "bf16"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Args:
        steps: optimiser steps; 0 where a recipe counts epochs.
        batch: images a step.
        lr: highest learning rate.
        min_lr: learning rate at the last step of the cosine; not used by ``step``.
        decay: ``cosine``, or ``step``: times ``decay_factor`` every ``decay_every`` steps after the warm-up.
        decay_factor: of ``step``.
        decay_every: of ``step``, in steps; 0 where a recipe counts epochs.
        warmup: steps of linear warm-up.
        weight_decay: AdamW's; 0 makes it the paper's Adam.
        beta2: of Adam.
        clip_norm: largest norm of the gradient; 0 leaves it alone.
        parts: parts in which a batch is computed, one after the other (gradient accumulation) or shared by processes.
            Everything random belongs to (seed, step, part), so another number of parts is another training.
        precision: ``bf16`` runs the networks under autocast; losses, gradients and weights stay float32.
        save_every: steps between resumable states.
        log_every: steps between rows of the curve.
        validate_every: steps between measurements on the held-out pictures; 0 for none.

    Raises:
        RequestError: a number that is too small to mean anything, or parts that do not divide the batch.
    """

    steps: int
    batch: int
    lr: float = 1e-4
    min_lr: float = 1e-6
    decay: Decay = "cosine"
    decay_factor: float = 0.7
    decay_every: int = 0
    warmup: int = 0
    weight_decay: float = 0.0
    beta2: float = 0.999
    clip_norm: float = 0.0
    parts: int = 1
    precision: Precision = "float32"
    save_every: int = 200
    log_every: int = 25
    validate_every: int = 0

    def __post_init__(self) -> None:
        lowest = {
            "steps": 0,
            "batch": 1,
            "warmup": 0,
            "decay_every": 0,
            "parts": 1,
            "save_every": 1,
            "log_every": 1,
            "validate_every": 0,
        }
        for name, bound in lowest.items():
            if getattr(self, name) < bound:
                raise RequestError(f"training option {name} is {getattr(self, name)}; give {bound} or more.")

    def rate(self, step: int) -> float:
        """Learning rate of ``step``, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.decay == "step":
            passed = (step - self.warmup) // self.decay_every if self.decay_every else 0
            return float(self.lr * self.decay_factor**passed)
        done = (step - self.warmup) / max(1, self.steps - 1 - self.warmup)
        return self.min_lr + (self.lr - self.min_lr) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def check_parts(self, pictures: int) -> None:
        """Refuse parts of unequal size: the mean over a batch would not be the mean of its parts.

        Args:
            pictures: how many there are to learn from; a batch never holds more.

        Raises:
            RequestError: the parts do not divide the batch.
        """
        batch = min(self.batch, pictures)
        if batch % self.parts:
            raise RequestError(f"training option parts is {self.parts} and does not divide the batch of {batch}.")
