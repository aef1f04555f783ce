"""One process of a small training of a regression with dropout: ``training_worker.py FOLDER NAME...``."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cosegbench import TrainRequest
from cosegbench_baselines.training.loop import Losses, fit
from cosegbench_baselines.training.parts import Part
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import joined
from cosegbench_baselines.training.run import Run, identity_of
from cosegbench_baselines.training.schedule import Schedule

SCHEDULE = Schedule(steps=40, batch=8, lr=1e-2, parts=2, clip_norm=1.0, save_every=3, log_every=1)


@dataclass
class Regression:
    model: torch.nn.Module

    def draw(self, part: Part) -> tuple[torch.Tensor, int]:
        time.sleep(0.01)  # slow enough to be killed in the middle
        return torch.from_numpy(part.rng().normal(size=(4, 4)).astype(np.float32)), 1

    def losses(self, x: torch.Tensor, share: float) -> Losses:
        return {"total": (self.model(x) - x.sum(1, keepdim=True)).square().mean() * share}


def main(folder: Path, names: list[str]) -> None:
    with joined(TrainRequest(folder, folder, seed=7)) as (request, processes):
        for name in names:
            torch.manual_seed(7 + processes.rank)  # the first process's weights are everybody's
            model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
            identity = identity_of("regression", 7, SCHEDULE)
            run = Run(request, "regression", SCHEDULE, Places(folder / name), identity, processes)
            fit(model, Regression(model), run)
            torch.save(model.state_dict(), folder / f"{name}.{processes.rank}.weights")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), sys.argv[2:])
