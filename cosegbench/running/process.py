"""What a process sets so that its bits can be repeated: number of threads, state of the random generators."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.running.team import Team


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Give torch that many threads for a while, if a predictor has imported it; it is never imported for this.

    Raises:
        RequestError: fewer than one thread.
    """
    if threads < 1:
        raise RequestError(f"--threads is {threads}; it must be 1 or more.")
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def take_gpu(device: str | None, team: Team) -> None:
    """Where several processes of one machine were given ``cuda``, take the GPU of this one's number.

    The predictor still sees ``cuda``, so that nothing that is recorded tells one process from another.

    Raises:
        RequestError: torch is not installed, or finds fewer GPUs than processes.
    """
    if device != "cuda" or team.beside == 1:
        return
    try:
        import torch
    except ImportError as error:
        raise RequestError("--device cuda needs torch, which is not installed.") from error
    there = torch.cuda.device_count()
    if team.beside > there:
        raise RequestError(
            f"--device cuda takes a GPU for each process: {team.beside} processes were started on this machine, where "
            f"torch finds {there}. Start as many as there are GPUs, or give --device cpu."
        )
    torch.cuda.set_device(team.local)


def seed_batch(seed: int, batch: int) -> None:
    """Seed the random generators of Python, NumPy and (where imported) torch for one batch.

    So a predictor that draws from them gives the same bits whether or not the run was interrupted before this batch.
    """
    state = int.from_bytes(hashlib.sha256(f"{seed}:{batch}".encode()).digest()[:4], "big")
    random.seed(state)
    np.random.seed(state)  # the global generator is what careless predictors use
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(state)
