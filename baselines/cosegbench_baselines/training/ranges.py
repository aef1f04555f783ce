"""Which values an option of a training may have: asked once, of the settled settings, before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cosegbench.errors import RequestError
from cosegbench_baselines.training.recipes import Recipe


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``; an open end is not one of them."""

    low: float = 0
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def has(self, value: float) -> bool:
        """Whether ``value`` is a finite number of the range."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        words = [f"above {self.low:g}" if self.open_low else f"{self.low:g} or more"]
        if self.high < math.inf:
            words.append(f"below {self.high:g}" if self.open_high else f"at most {self.high:g}")
        return ", and ".join(words)


NOT_NEGATIVE = Range()
POSITIVE = Range(open_low=True)
COUNT = Range(1)
SHARE = Range(0, 1, open_low=True)
BELOW_ONE = Range(0, 1, open_high=True)

RANGES = {
    **dict.fromkeys(("lr", "decay_factor", "tau"), POSITIVE),
    **dict.fromkeys(("epochs", "decay_epochs", "queries", "blocks", "heads", "feedforward"), COUNT),
    **dict.fromkeys(("decoder_heads", "decoder_feedforward", "decoder_labels", "labels"), COUNT),
    "reduce": Range(2),  # the mask head halves it
    **dict.fromkeys(("smallest", "keep"), SHARE),
    **dict.fromkeys(("holdout", "dropout", "decoder_dropout", "beta2"), BELOW_ONE),
    "full_from": Range(0, 1),
    "synonym": Range(-1, 1),
}
"""By the name of the field; every other number is 0 or more."""


def check_ranges(settings: Any) -> None:
    """Refuse numbers that mean nothing.

    Args:
        settings: a dataclass of numbers, other values, and dataclasses of these.

    Raises:
        RequestError: names the option, its value, and the range.
    """
    for name, value in _numbers(settings):
        allowed = RANGES.get(name, NOT_NEGATIVE)
        if not allowed.has(value):
            raise RequestError(f"training option {name} is {value}; give {allowed}.")


def check_fit(how: Recipe, width: int, side: int) -> None:
    """Refuse sizes that do not go together with the CLIP.

    Args:
        how: the settings, each in its range.
        width: of the CLIP's joint space, which is the label model's.
        side: of the CLIP's input in pixels.

    Raises:
        RequestError: names the option, its value, and what it must be.
    """
    sizes, pictures = how.sizes, how.pictures
    for name, number, what in (("heads", width, "the CLIP's width"), ("decoder_heads", sizes.reduce, "option reduce,")):
        heads = getattr(sizes, name)
        if number % heads:
            raise RequestError(f"training option {name} is {heads}; give a number that divides {what} {number}.")
    if round(pictures.smallest * side) < 1:
        raise RequestError(
            f"training option smallest is {pictures.smallest}, less than a pixel of {side}; give {1 / side:.3g} or "
            "more."
        )


def _numbers(settings: Any) -> Iterator[tuple[str, float]]:
    """Every number with its field's name."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            yield from _numbers(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield field.name, value
