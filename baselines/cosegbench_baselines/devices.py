"""Whether torch can compute on a device: asked before anything is loaded, so that a wrong name costs nothing."""

from __future__ import annotations

import torch

from cosegbench.errors import RequestError


def check_device(device: str) -> None:
    """Raise where torch cannot put a tensor on ``device``.

    Raises:
        RequestError: no such device, or this build or machine lacks it; names those that there are.
    """
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise RequestError(f"device {device!r} cannot be used here; there is {', '.join(_there())}.") from error


def set_up(device: str, threads: int) -> None:
    """Check the device and set torch's CPU threads.

    Raises:
        RequestError: as :func:`check_device`.
    """
    check_device(device)
    torch.set_num_threads(threads)


def _there() -> list[str]:
    found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    return [*found, "mps"] if torch.backends.mps.is_available() else found
