"""Which hidden states of a vision tower a decoder reads: a default by the tower's depth, and whether they exist."""

from __future__ import annotations

from collections.abc import Sequence

from cosegbench.errors import RequestError


def default_taps(layers: int) -> tuple[int, ...]:
    """A quarter, a half and three quarters of the depth: the paper's (3, 6, 9) of 12 layers, (6, 12, 18) of 24."""
    return tuple(layers * part // 4 for part in (1, 2, 3))


def check_taps(taps: Sequence[int], layers: int) -> None:
    """Raise where a tap is no hidden state of a tower of ``layers`` layers (0 is the embedding before the first).

    Raises:
        RequestError: no taps, or one out of 0..layers.
    """
    if not taps:
        raise RequestError("the mask decoder has no taps; it needs one hidden state or more.")
    wrong = [tap for tap in taps if not 0 <= tap <= layers]
    if wrong:
        raise RequestError(
            f"taps {tuple(taps)}: hidden state {wrong[0]} does not exist. The tower has {layers} layers, so taps are "
            f"0..{layers}; the default for it is {default_taps(layers)}."
        )
