"""One training from its request to its checkpoint: what it is, whether it is finished already, how it is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cosegbench.errors import RequestError
from cosegbench.files import text_digest
from cosegbench.training import TrainRequest
from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.training.curve import check_tensorboard
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import ALONE, Processes
from cosegbench_baselines.training.provenance import command_line
from cosegbench_baselines.training.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Run:
    """One training, settled.

    Args:
        request: what was asked for, as this process takes it.
        predictor: what is trained, as ``--predictor`` names it.
        schedule: how long and how fast.
        places: its files.
        identity: what is trained on what, how; two trainings of one identity end with the same weights.
        processes: that share it.
        stop_at: stop, keeping the state, after this many steps (for tests of resuming).
    """

    request: TrainRequest
    predictor: str
    schedule: Schedule
    places: Places
    identity: str
    processes: Processes = ALONE
    stop_at: int | None = None

    @property
    def log(self) -> Callable[[str], None]:
        """Receives a line now and then."""
        return self.request.log

    def is_finished(self) -> bool:
        """Whether this very training has ended at its place before, which is then said.

        With ``fresh`` what is there is removed first.

        Raises:
            RequestError: another training's checkpoint is there, or a damaged one; or TensorBoard is asked for and not
                installed.
        """
        check_tensorboard(self.request.tensorboard)
        if self.request.fresh:
            self._remove()
            return False
        places = self.places
        if places.state.is_file() or not places.checkpoint.is_file():
            return False
        if not self._is_ours():
            raise RequestError(
                f"{places.checkpoint} is another training's checkpoint, or it is damaged. Train to another --out, or "
                "replace it with --fresh."
            )
        self.log(f"{places.checkpoint} is this training, finished; nothing is computed again (--fresh would).")
        return True

    def keep(self, tensors: Mapping[str, torch.Tensor], kind: str, facts: Mapping[str, Any]) -> Path:
        """Write the checkpoint, then remove the state from which it could have been made again.

        Args:
            tensors: by name; stored as float16.
            kind: what :func:`cosegbench_baselines.checkpoint.load_checkpoint` will be asked for.
            facts: for the JSON, beside what every training states.
        """
        if self.processes.first:
            save_checkpoint(self.places.checkpoint, tensors, {"kind": kind, **facts, **self._facts()}, half=True)
            self.places.state.unlink(missing_ok=True)
        self.processes.wait()
        return self.places.checkpoint

    def _facts(self) -> dict[str, Any]:
        request = self.request
        dataset = None if request.dataset is None or self.predictor in ("clip", "clipseg") else request.dataset.id
        command = command_line(self.predictor, dataset, request.recipe, request.seed, request.threads, request.options)
        return {
            "recipe": request.recipe,
            "seed": request.seed,
            "threads": request.threads,
            "processes": self.processes.world,
            "identity": text_digest(self.identity),
            "command": command,
        }

    def _is_ours(self) -> bool:
        try:
            info = json.loads(self.places.info.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        ours = isinstance(info, dict) and info.get("identity") == text_digest(self.identity)
        return ours and self.places.whole(info.get("sha256"))

    def _remove(self) -> None:
        if self.processes.first:
            places = self.places
            for path in (places.checkpoint, places.info, places.state, places.curve):
                path.unlink(missing_ok=True)
            shutil.rmtree(places.events, ignore_errors=True)
        self.processes.wait()


def identity_of(what: str, seed: int, schedule: Schedule) -> str:
    """The identity of a training of ``what``, a text that names all of its inputs."""
    return f"{what} seed={seed} {schedule}"


def whole_batches_only(what: str, schedule: Schedule, processes: Processes) -> None:
    """For a trainer of the miniature whose loss compares the pictures of a whole batch.

    Raises:
        RequestError: parts, several processes, another precision, or validation were asked for.
    """
    asked = [
        word
        for word, is_asked in (
            ("several processes", processes.world > 1),
            ("parts", schedule.parts != 1),
            ("precision", schedule.precision != "float32"),
            ("validate_every", schedule.validate_every != 0),
        )
        if is_asked
    ]
    if asked:
        raise RequestError(
            f"{what} is trained by one process, a whole batch at a time in float32: leave out {asked[0]}."
        )
