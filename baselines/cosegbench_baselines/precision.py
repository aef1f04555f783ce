"""The number type of the large matrix products: float32 as it says, or bf16 on GPUs that compute it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import nn

from cosegbench.errors import RequestError

Precision = Literal["float32", "bf16"]

_PRODUCTS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def check_precision(precision: str, device: str) -> None:
    """Raise where ``device`` does not compute in ``precision``; ``device`` exists.

    Raises:
        RequestError: an unknown precision, or bf16 elsewhere than on a CUDA GPU that has it (compute capability 8.0).
    """
    if precision not in get_args(Precision):
        raise RequestError(f"precision is {precision!r}; expected one of {', '.join(get_args(Precision))}.")
    if precision == "bf16" and not _computes_bf16(torch.device(device)):
        raise RequestError(
            f"precision bf16 needs a CUDA GPU of compute capability 8.0 or more; {device!r} is none. "
            "Leave precision at float32, or name such a GPU with --device cuda."
        )


def _computes_bf16(device: torch.device) -> bool:
    if device.type != "cuda":
        return False  # CPUs accept bf16; most emulate it, slower than float32
    return torch.version.hip is not None or torch.cuda.get_device_capability(device)[0] >= 8


def store(module: Any, precision: Precision) -> None:
    """Keep the weights of a module's matrix products in ``precision``, in place.

    Norms, embeddings and positions stay in float32. Leave text towers out: they run once a vocabulary, and in float32
    their embeddings are the same for either precision.
    """
    if precision == "bf16":
        for part in module.modules():
            if isinstance(part, _PRODUCTS):
                part.to(torch.bfloat16)


@contextmanager
def computing(precision: Precision, device: str) -> Iterator[None]:
    """Compute what the block does in ``precision``.

    bf16 is torch's autocast: matrix products and convolutions in bf16 with float32 sums; norms and the residual stream
    in float32. float32 also keeps convolutions on a GPU from TF32, which torch allows by default and which has 10 bits
    of mantissa: the patch embedding alone would then differ from the CPU's in the third digit.
    """
    kind = torch.device(device).type
    if precision == "bf16":
        with torch.autocast(kind, torch.bfloat16):
            yield
        return
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
