"""Batches are fixed groups of the image list: neither a resume nor the number of processes ever changes one.

A network's bits may depend on what else is in the batch. So batch ``i`` is always images ``i*B .. i*B+B-1``, and what
is left to do is a set of whole batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosegbench.errors import RequestError


@dataclass(frozen=True, slots=True)
class Batch:
    """One group of images.

    Args:
        index: its place among the batches.
        image_ids: its images in the order of the list.
    """

    index: int
    image_ids: tuple[str, ...]


def plan(image_ids: Sequence[str], batch_size: int) -> tuple[Batch, ...]:
    """Split an image list; the last batch may be smaller.

    Raises:
        RequestError: the batch size is below 1.
    """
    if batch_size < 1:
        raise RequestError(f"the batch size is {batch_size}; it must be 1 or more.")
    starts = range(0, len(image_ids), batch_size)
    return tuple(Batch(place, tuple(image_ids[start : start + batch_size])) for place, start in enumerate(starts))
