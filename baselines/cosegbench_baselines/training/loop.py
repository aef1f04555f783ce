"""One small training loop: seeded, resumable, cosine schedule, everything logged.

Step ``i`` depends only on the seed, ``i`` and the parameters before it: batches and dropout are drawn from (seed, i).
So a run that was killed and resumed ends with the weights of an undisturbed one.
"""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cosegbench.errors import DataError, RequestError

Losses = dict[str, torch.Tensor]
"""Loss parts by name; ``total`` is minimised."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train.

    Args:
        steps: optimiser steps; 0 where a recipe counts epochs.
        batch: images a step.
        lr: highest learning rate.
        min_lr: learning rate at the last step of the cosine.
        warmup: steps of linear warm-up.
        weight_decay: AdamW's; 0 makes it the paper's Adam.
        beta2: of Adam.
        clip_norm: largest norm of the gradient; 0 leaves it alone.
        save_every: steps between resumable states.

    Raises:
        RequestError: a number that is too small to mean anything.
    """

    steps: int
    batch: int
    lr: float = 1e-4
    min_lr: float = 1e-6
    warmup: int = 0
    weight_decay: float = 0.0
    beta2: float = 0.999
    clip_norm: float = 0.0
    save_every: int = 200

    def __post_init__(self) -> None:
        lowest = {"steps": 0, "batch": 1, "warmup": 0, "save_every": 1}
        for name, bound in lowest.items():
            if getattr(self, name) < bound:
                raise RequestError(f"training option {name} is {getattr(self, name)}; give {bound} or more.")

    def rate(self, step: int) -> float:
        """Learning rate of ``step``, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - 1 - self.warmup)
        return self.min_lr + (self.lr - self.min_lr) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall seconds, processor seconds of this process, and steps of a finished run (resumed parts added up)."""

    wall: float
    cpu: float
    steps: int

    def facts(self) -> dict[str, float | int]:
        """For a checkpoint's JSON."""
        return {"steps": self.steps, "wall_minutes": round(self.wall / 60, 2), "core_minutes": round(self.cpu / 60, 2)}


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The generator from which step ``step`` draws its batch and its augmentation."""
    return np.random.default_rng([seed, step])


def fit(
    model: nn.Module,
    losses: Callable[[int, np.random.Generator], Losses],
    schedule: Schedule,
    *,
    seed: int,
    state: Path,
    log: Callable[[str], None],
    identity: str = "",
    stop_at: int | None = None,
) -> Spent:
    """Train ``model`` in place.

    Args:
        model: its parameters with ``requires_grad`` are trained.
        losses: (step, generator) -> loss parts; ``total`` is differentiated.
        schedule: how long and how fast.
        seed: of everything random.
        state: path without suffix for ``.state`` (resumable, removed when done) and ``.csv`` (one row a logged step).
        log: receives a line now and then.
        identity: what is trained on what; a state of another identity is not resumed.
        stop_at: stop, keeping the state, after this many steps (for tests of resuming).

    Raises:
        DataError: the loss is not finite.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(_groups(model, schedule.weight_decay), lr=schedule.lr, betas=(0.9, schedule.beta2))
    state.parent.mkdir(parents=True, exist_ok=True)
    identity = f"{identity} seed={seed} {schedule}"
    start, wall, cpu, rows = _resume(state, model, optimiser, identity, log)
    wall0, cpu0 = time.monotonic() - wall, time.process_time() - cpu
    model.train()
    end = schedule.steps if stop_at is None else min(stop_at, schedule.steps)
    for step in range(start, end):
        torch.manual_seed(int(step_rng(seed, step).integers(2**62)))
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        parts = losses(step, step_rng(seed, step))
        if not torch.isfinite(parts["total"]):
            raise DataError(f"training stopped at step {step}: the loss is {parts['total'].item()}.")
        optimiser.zero_grad(set_to_none=True)
        parts["total"].backward()  # type: ignore[no-untyped-call]
        if schedule.clip_norm:
            nn.utils.clip_grad_norm_(parameters, schedule.clip_norm)
        optimiser.step()
        done = step + 1
        if done % 25 == 0 or done in (1, end):
            rows.append(_row(done, schedule.rate(step), wall0, cpu0, parts))
        if done % 100 == 0 or done == end:
            log(" ".join(f"{key}={value}" for key, value in rows[-1].items()))
        if done % schedule.save_every == 0 or done == end:
            _save(state, model, optimiser, done, rows, identity)
    if end == schedule.steps:
        _beside(state, ".state").unlink(missing_ok=True)
    model.eval()
    return Spent(time.monotonic() - wall0, time.process_time() - cpu0, end)


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices only, as is usual for transformers."""
    named = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in named if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _row(step: int, rate: float, wall0: float, cpu0: float, parts: Losses) -> dict[str, str]:
    spent = {"wall_s": f"{time.monotonic() - wall0:.1f}", "cpu_s": f"{time.process_time() - cpu0:.1f}"}
    return {"step": str(step), "lr": f"{rate:.3e}", **spent, **{k: f"{v.item():.5f}" for k, v in parts.items()}}


def _beside(state: Path, ending: str) -> Path:
    """``state`` with an ending; its name may itself have dots, which ``with_suffix`` would cut at."""
    return state.with_name(state.name + ending)


def _save(
    state: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: int,
    rows: list[dict[str, str]],
    identity: str,
) -> None:
    data = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "rows": rows,
        "identity": identity,
    }
    temporary = _beside(state, f".state.{os.getpid()}")
    torch.save(data, temporary)
    temporary.replace(_beside(state, ".state"))
    write_csv(_beside(state, ".csv"), rows)


def _resume(
    state: Path, model: nn.Module, optimiser: torch.optim.Optimizer, identity: str, log: Callable[[str], None]
) -> tuple[int, float, float, list[dict[str, str]]]:
    path = _beside(state, ".state")
    if not path.is_file():
        return 0, 0.0, 0.0, []
    data = torch.load(path, weights_only=True, map_location="cpu")
    if data["identity"] != identity:
        log(f"{path} belongs to another run and is not resumed.")
        return 0, 0.0, 0.0, []
    model.load_state_dict(data["model"])
    optimiser.load_state_dict(data["optimiser"])
    log(f"resumed at step {data['step']}.")
    last = data["rows"][-1]
    return data["step"], float(last["wall_s"]), float(last["cpu_s"]), data["rows"]


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows that share their keys."""
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
