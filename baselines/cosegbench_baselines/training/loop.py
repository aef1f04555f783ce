"""One small training loop: seeded, resumable, on one process or many, everything logged.

Step ``i`` depends only on the seed, ``i`` and the parameters before it: batches and dropout are drawn from (seed, i),
and with several parts from the part. So a run that was killed and resumed ends with the weights of an undisturbed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from cosegbench.errors import DataError
from cosegbench_baselines.training.curve import Events, row
from cosegbench_baselines.training.memory import keep_freed_memory
from cosegbench_baselines.training.parts import Part, step_rng
from cosegbench_baselines.training.processes import unsynchronised
from cosegbench_baselines.training.run import Run
from cosegbench_baselines.training.state import load_state, save_state

Losses = dict[str, torch.Tensor]
"""Loss parts by name; ``total`` is minimised."""

Measure = Callable[[], Mapping[str, float]]
"""Figures on held-out pictures; ``miou`` goes into the curve."""


class Work(Protocol):
    """What every step of a training does with one part of its batch."""

    def draw(self, part: Part) -> tuple[Any, int]:
        """The part's pictures and targets, and how many of its masks are not empty; no parameter is involved."""

    def losses(self, drawn: Any, share: float) -> Losses:
        """Loss parts of what was drawn.

        Args:
            drawn: by :meth:`draw`.
            share: the part's masks times the parts, over the masks of the batch; 1 for a batch of one part. A loss that
                is a mean over the part's masks, times this, averages over the parts to the mean over the batch's masks.
        """


@dataclass(frozen=True, slots=True)
class WholeBatch:
    """The work of a trainer that knows no parts: (step, generator) -> loss parts."""

    compute: Callable[[int, np.random.Generator], Losses]

    def draw(self, part: Part) -> tuple[Part, int]:
        """Nothing; see :class:`Work`."""
        return part, 1

    def losses(self, drawn: Part, share: float) -> Losses:
        """See :class:`Work`."""
        del share  # one part has all masks
        return self.compute(drawn.step, step_rng(drawn.seed, drawn.step))


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall seconds, processor seconds of this process, and steps of a finished run (resumed parts added up)."""

    wall: float
    cpu: float
    steps: int

    def facts(self) -> dict[str, float | int]:
        """For a checkpoint's JSON."""
        return {"steps": self.steps, "wall_minutes": round(self.wall / 60, 2), "core_minutes": round(self.cpu / 60, 2)}


class _Step(nn.Module):
    """The model and the losses that are computed with it, as one module for ``DistributedDataParallel``."""

    def __init__(self, model: nn.Module, work: Work) -> None:
        super().__init__()
        self.model, self.work = model, work

    def forward(self, drawn: Any, share: float) -> Losses:
        return self.work.losses(drawn, share)


def fit(model: nn.Module, work: Work, run: Run, measure: Measure | None = None) -> Spent:
    """Train ``model`` in place.

    Args:
        model: its parameters with ``requires_grad`` are trained.
        work: draws the parts of a batch and computes their losses with ``model``.
        run: everything else.
        measure: called every ``validate_every`` steps, by every process.

    Raises:
        DataError: the loss is not finite.
        RequestError: the state at the run's place is another training's, or the processes cannot share the parts.
    """
    schedule, processes = run.schedule, run.processes
    mine = processes.mine(schedule.parts)
    if processes.device == "cpu":
        keep_freed_memory()
    optimiser = torch.optim.AdamW(_groups(model, schedule.weight_decay), lr=schedule.lr, betas=(0.9, schedule.beta2))
    progress = load_state(run, model, optimiser)
    stepper = processes.wrap(_Step(model, work))
    events = Events(run.places.events, progress.step) if run.request.tensorboard and processes.first else None
    end = schedule.steps if run.stop_at is None else min(run.stop_at, schedule.steps)
    model.train()
    for step in range(progress.step, end):
        losses = _one_step(stepper, work, run, mine, optimiser, step)
        progress.step = done = step + 1
        measured = _measured(model, run, measure, done, end)
        if measured or done % schedule.log_every == 0 or done in (1, end):
            columns = {"val_miou": measured} if schedule.validate_every else {}
            progress.rows.append(row(done, schedule.rate(step), progress.clock, losses, columns))
            if events is not None:
                events.add(progress.rows[-1])
        if done % 100 == 0 or done == end:
            run.log(" ".join(f"{key}={value}" for key, value in progress.rows[-1].items() if value))
        if processes.first and (done % schedule.save_every == 0 or done == end):
            save_state(run, model, optimiser, progress)
    model.eval()
    if events is not None:
        events.close()
    return Spent(progress.clock.wall, progress.clock.cpu, end)


def _one_step(
    stepper: nn.Module, work: Work, run: Run, mine: range, optimiser: torch.optim.Optimizer, step: int
) -> dict[str, float]:
    """Gradients of every part of this process, one step of the optimiser; the loss parts of the whole batch."""
    for group in optimiser.param_groups:
        group["lr"] = run.schedule.rate(step)
    optimiser.zero_grad(set_to_none=True)
    losses = _gradients(stepper, work, run, [Part(run.request.seed, step, at, run.schedule.parts) for at in mine])
    if not np.isfinite(losses["total"]):
        raise DataError(f"training stopped at step {step}: the loss is {losses['total']}.")
    if run.schedule.clip_norm:
        trained = [p for p in stepper.parameters() if p.requires_grad]
        nn.utils.clip_grad_norm_(trained, run.schedule.clip_norm)
    optimiser.step()
    return losses


def _gradients(stepper: nn.Module, work: Work, run: Run, parts: list[Part]) -> dict[str, float]:
    """Add up the gradients of the mean loss over all parts of the batch; these are the parts of this process."""
    drawn, count, processes = [], run.schedule.parts, run.processes
    for part in parts:
        torch.manual_seed(part.torch_seed(0))
        drawn.append(work.draw(part))
    masks = processes.sums(torch.tensor([sum(number for _, number in drawn)], device=processes.device))
    every = max(1, int(masks))
    values, names = torch.zeros(0), list[str]()
    for place, (part, (data, number)) in enumerate(zip(parts, drawn, strict=True)):
        if count > 1:  # else the generator goes on from where the drawing left it
            torch.manual_seed(part.torch_seed(1))
        with unsynchronised(stepper) if place + 1 < len(parts) else nullcontext():
            losses: Losses = stepper(data, number * count / every)
            # Several processes average their gradients, so each is given the mean over its own parts.
            (losses["total"] * (processes.world / count)).backward()  # type: ignore[no-untyped-call]
        one = torch.stack([value.detach().float() for value in losses.values()]) / count
        values, names = one if place == 0 else values + one, list(losses)
    return dict(zip(names, processes.sums(values).tolist(), strict=True))


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices only, as is usual for transformers."""
    named = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in named if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _measured(model: nn.Module, run: Run, measure: Measure | None, done: int, end: int) -> str:
    """The mIoU of held-out pictures as a text, where it is time to measure it; else nothing."""
    every = run.schedule.validate_every
    if measure is None or not every or (done % every and done != end):
        return ""
    model.eval()
    miou = measure()["miou"]
    model.train()
    return "" if np.isnan(miou) else str(miou)
