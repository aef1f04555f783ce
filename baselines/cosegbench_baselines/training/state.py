"""The resumable state of a training: written whole or not at all, and read only by the training that wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cosegbench.errors import DataError, RequestError
from cosegbench.files import atomic_file
from cosegbench_baselines.training.curve import Clock, Row, write_csv
from cosegbench_baselines.training.run import Run


@dataclass(slots=True)
class Progress:
    """How far a training is.

    Args:
        step: steps done.
        rows: of the curve.
        clock: time spent.
    """

    step: int = 0
    rows: list[Row] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)


def save_state(run: Run, model: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
    """Replace the state and the curve."""
    data = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": progress.step,
        "rows": progress.rows,
        "wall": progress.clock.wall,
        "cpu": progress.clock.cpu,
        "identity": run.identity,
    }
    with atomic_file(run.places.state) as stream:
        torch.save(data, stream)
    write_csv(run.places.curve, progress.rows)


def load_state(run: Run, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
    """Put the last state, if there is one, into ``model`` and ``optimiser``.

    Raises:
        RequestError: the state is another training's, or the processes see different ones.
        DataError: the file is not a state, or not all of one.
    """
    progress = Progress()
    if run.places.state.is_file():
        progress = _read(run, model, optimiser)
        run.log(f"goes on at step {progress.step} of {run.schedule.steps}.")
    run.processes.check_same(progress.step, "states to go on from")
    if run.processes.first:
        # A process that was killed while it wrote leaves its temporary file.
        for path in run.places.folder.glob(f".{run.places.state.name}.*.part"):
            path.unlink(missing_ok=True)
    return progress


def _read(run: Run, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
    data = _unpacked(run.places.state)
    if data["identity"] != run.identity:
        raise RequestError(
            f"{run.places.state} is the state of another training, which was interrupted. Train to another --out, or "
            "begin again with --fresh."
        )
    try:
        model.load_state_dict(data["model"])
        optimiser.load_state_dict(data["optimiser"])
        return Progress(data["step"], data["rows"], Clock(data["wall"], data["cpu"]))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(run.places.state, f"not what this training writes: {type(error).__name__}") from error


def _unpacked(path: Path) -> dict[str, Any]:
    """What a state file holds, of whichever training."""
    try:
        data = torch.load(path, weights_only=True, map_location="cpu")
    except PermissionError:
        raise  # says itself what is wrong
    except Exception as error:  # torch names no exceptions for bad files, and raises many
        raise _damaged(path, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or "identity" not in data:
        raise _damaged(path, "not the state of a training")
    return data


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path} is damaged ({why}); begin again with --fresh.")
