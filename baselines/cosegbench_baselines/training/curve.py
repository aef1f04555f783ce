"""The curve of a training: one row a logged step, as CSV and, where asked for, as TensorBoard events."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosegbench.errors import RequestError
from cosegbench.files import write_text

Row = dict[str, str]
"""``step`` (counted from 1), ``lr``, ``wall_s``, ``cpu_s``, the loss parts, ``val_miou`` where it is measured; absent
is empty."""


@dataclass(slots=True)
class Clock:
    """Wall and processor seconds, those of earlier starts of the same training included."""

    wall_before: float = 0.0
    cpu_before: float = 0.0
    wall_start: float = field(default_factory=time.monotonic)
    cpu_start: float = field(default_factory=time.process_time)

    @property
    def wall(self) -> float:
        """Seconds on the wall."""
        return self.wall_before + time.monotonic() - self.wall_start

    @property
    def cpu(self) -> float:
        """Seconds of this process's processors."""
        return self.cpu_before + time.process_time() - self.cpu_start


def row(step: int, rate: float, clock: Clock, losses: Mapping[str, float], measured: Mapping[str, str]) -> Row:
    """One row; seven digits are what float32 holds.

    Args:
        step: steps done.
        rate: learning rate of the last of them.
        clock: time so far.
        losses: parts of the loss of that step.
        measured: further columns, as texts.
    """
    spent = {"wall_s": f"{clock.wall:.1f}", "cpu_s": f"{clock.cpu:.1f}"}
    return {"step": str(step), "lr": f"{rate:.3e}", **spent, **{k: f"{v:.7g}" for k, v in losses.items()}, **measured}


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows that share their keys, whole or not at all."""
    rows = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


class Events:
    """TensorBoard events of a training.

    Args:
        folder: where they go.
        done: steps done before; what an interrupted start wrote after them is hidden.
    """

    def __init__(self, folder: Path, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder), purge_step=done + 1)

    def add(self, one: Row) -> None:
        """Add one row of the curve."""
        step = int(one["step"])
        for name, value in one.items():
            if name != "step" and value:
                self._writer.add_scalar(name, float(value), step)

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.close()


def check_tensorboard(wanted: bool) -> None:
    """Refuse before any work where TensorBoard is asked for and not installed.

    Raises:
        RequestError: how to install it.
    """
    import importlib.util

    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise RequestError(
            "--tensorboard needs the package tensorboard, which is not installed. "
            "`pip install 'cosegbench[train]'` brings it; the same curve is in the CSV file without it."
        )
