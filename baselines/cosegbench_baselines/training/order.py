"""Which pictures a step shows: a function of (seed, step) alone, so that neither resuming nor processes change it."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Order = Literal["epochs", "draw"]


def batch_places(order: Order, seed: int, step: int, batch: int, total: int, rng: np.random.Generator) -> list[int]:
    """The places, in 0..total-1, of one step's pictures; min(batch, total) of them.

    Args:
        order: ``epochs`` goes through all pictures in a random order, then through all of them in another one (a batch
            may hold the end of one pass and the beginning of the next); ``draw`` draws each batch anew, without
            repetition inside it.
        seed: of the training.
        step: counted from 0.
        batch: pictures a step.
        total: how many there are.
        rng: that of the step; ``draw`` takes from it and ``epochs`` does not.
    """
    batch = min(batch, total)
    if order == "draw":
        return rng.choice(total, batch, replace=False).tolist()  # type: ignore[no-any-return]
    positions = range(step * batch, (step + 1) * batch)
    return [int(_permutation(seed, position // total, total)[position % total]) for position in positions]


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, total: int) -> npt.NDArray[np.int64]:
    """The order of one pass. Its stream is nobody else's.

    NumPy pads with zeros, so a step is (seed, step, 0, 0), and parts have a third number of 1 or more.
    """
    return np.random.default_rng([seed, epoch, 0, 1]).permutation(total)
