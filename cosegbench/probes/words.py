"""What the texts of all probes share: figures with intervals, tables, and results that may stand side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from cosegbench.probes.result import ProbeResult


def figure(found: Mapping[str, Any], digits: int = 1, *, signed: bool = False) -> str:
    """``12.3 [10.1, 14.5]``; a dash where there is no figure.

    A figure whose interval does not hold 0 is marked ``*`` where it is a difference (``signed``).
    """
    if found["estimate"] is None:
        return "-"
    sign = "+" if signed else ""
    ends = [found["low"], found["high"]]
    if None in ends:
        return f"{found['estimate']:{sign}.{digits}f}"
    low, high = ends
    mark = " *" if signed and not low <= 0 <= high else ""
    return f"{found['estimate']:{sign}.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]{mark}"


def table(head: Sequence[str], body: Sequence[Sequence[str]], left: int = 1) -> str:
    """A GitHub table, its first ``left`` columns to the left."""
    from tabulate import tabulate

    alignment = ["left"] * left + ["right"] * (len(head) - left)
    return str(tabulate(body, head, tablefmt="github", disable_numparse=True, colalign=alignment))


def code(name: str) -> str:
    """A name as code, its own marks of a table cell escaped."""
    return f"`{name}`".replace("|", "\\|")


def comparable(results: Sequence[ProbeResult]) -> Iterator[list[ProbeResult]]:
    """Groups of results whose figures may stand side by side: same probe, data set, labels, definition."""

    def key(result: ProbeResult) -> tuple[str, ...]:
        about = result.dataset
        return result.dataset.id, result.definition_digest, about.content_digest, about.image_list_digest

    for _, group in groupby(sorted(results, key=lambda each: (key(each), each.predictor.id)), key):
        yield list(group)


def setting(result: ProbeResult) -> str:
    """Data set, split, number of images and digests, in a line."""
    about = result.dataset
    part = "" if about.limit is None else " (the first of the split)"
    return (
        f"{about.id}, split {about.split}: {about.images} images{part}, labels {about.content_digest[:12]}, definition "
        f"{result.definition_digest[:12]}"
    )


def identity(result: ProbeResult) -> str:
    """A predictor and the weights that were measured."""
    digest = result.predictor.weights_digest
    return f"{code(result.predictor.id)}: {f'weights {digest[:12]}' if digest else 'no weights digest'}"
