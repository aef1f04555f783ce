"""Parts of a step, and what is random in them: a function of (seed, step, part), never of the process.

So one process that computes the parts in turn, and several that share them, draw the same pictures, the same crops and
the same dropout. A step of one part draws what it drew before there were parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The generator from which step ``step`` draws its batch, and with one part its augmentation."""
    return np.random.default_rng([seed, step])


@dataclass(frozen=True, slots=True)
class Part:
    """One part of one step.

    Args:
        seed: of the training.
        step: counted from 0.
        index: which part, from 0.
        count: parts of a step.
    """

    seed: int
    step: int
    index: int = 0
    count: int = 1

    def rng(self) -> np.random.Generator:
        """For everything drawn after the batch itself."""
        # A trailing zero would be the same stream as [seed, step]: NumPy pads its entropy with zeros.
        return np.random.default_rng([self.seed, self.step, 1 + self.index])

    def torch_seed(self, phase: int) -> int:
        """Seed of torch's generator: phase 0 for drawing the part, phase 1 for its losses (dropout).

        A step of one part has one seed, that of the step.
        """
        if self.count == 1:
            return int(step_rng(self.seed, self.step).integers(2**62))
        # From 1, because a trailing zero would be the stream of :meth:`rng`.
        return int(np.random.default_rng([self.seed, self.step, 1 + self.index, 1 + phase]).integers(2**62))

    def slice(self, places: list[int]) -> list[int]:
        """This part of a batch; parts are of one size."""
        size = len(places) // self.count
        return places[self.index * size : (self.index + 1) * size]
