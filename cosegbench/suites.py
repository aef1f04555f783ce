"""Named groups of data sets that a paper's table shows side by side."""

from __future__ import annotations

from cosegbench.errors import UnknownNameError

SUITES: dict[str, tuple[str, ...]] = {
    "cross-dataset": ("coco-things", "voc20", "context59", "context459"),
    "with-background": ("coco-object", "voc21", "context60"),
    "miniature": ("miniature-coco-things", "miniature-voc20", "miniature-context59", "miniature-context459"),
}
"""Suite -> data set ids, in the order of the columns. ``cross-dataset`` has the columns of CoSeg's Table 1."""


SUMMARIES = {
    "cross-dataset": "the columns of the CoSeg paper's Table 1, background left out",
    "with-background": "the three views whose class 0 is the background",
    "miniature": "the columns of Table 1 in the drawn world; nothing to download",
}
"""Suite -> what it is, for people."""


def suites_of(dataset: str) -> tuple[str, ...]:
    """Names of the suites that a data set belongs to."""
    return tuple(name for name, members in SUITES.items() if dataset in members)


def suite_datasets(name: str) -> tuple[str, ...]:
    """The data set ids of a suite, in order.

    Raises:
        UnknownNameError: no such suite; lists near ones.
    """
    if name not in SUITES:
        raise UnknownNameError("suite", name, SUITES)
    return SUITES[name]
