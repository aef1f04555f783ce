"""What a user asks of ``run``, and whom to tell how it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args

from cosegbench.protocols import Input
from cosegbench.running.cores import default_threads
from cosegbench.running.team import ALONE, Team

DEFAULT_PROTOCOL = "standard"
DEFAULT_BATCH_SIZE = 8
DEFAULT_RESULTS = Path("results")

Save = Literal["labels", "soft"]
SAVES: tuple[Save, ...] = get_args(Save)
"""What may be saved of predictions; the first is the default. ``soft`` saves the labels too."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One call of ``run``.

    Args:
        predictor: a name, ``module:Class`` or ``file.py:Class``.
        datasets: card ids or paths.
        protocols: names; those of one family share a pass.
        input: what the predictor sees of an image, where a protocol leaves that open.
        settings: ``key=value`` texts for the predictor.
        data_root: where the data lies; None for the defaults.
        split: a split that every card has.
        conventions: options of cards.
        weights: for the predictor; None for its default.
        device: for the predictor; None for ``cpu``.
        seed: for the predictor and the random generators; None for 0.
        limit: only the first so many images of each data set.
        batch_size: images a call of ``predict``.
        threads: threads of this process.
        results: folder of the records.
        name: the predictor's id in results; None for its own.
        save_predictions: folder for label PNGs; None for none.
        save: ``"labels"``, or ``"soft"`` for the masks in 8 bit too.
        fresh: replace what is there instead of going on with it.
        team: the processes that share the run, and which one this is.
    """

    predictor: str
    datasets: tuple[str | Path, ...]
    protocols: tuple[str, ...] = (DEFAULT_PROTOCOL,)
    input: Input = field(default_factory=Input)
    settings: tuple[str, ...] = ()
    data_root: Path | None = None
    split: str = "val"
    conventions: Mapping[str, str] = field(default_factory=dict)
    weights: str | None = None
    device: str | None = None
    seed: int | None = None
    limit: int | None = None
    batch_size: int = DEFAULT_BATCH_SIZE
    threads: int = field(default_factory=default_threads)
    results: Path = DEFAULT_RESULTS
    name: str | None = None
    save_predictions: Path | None = None
    save: Save = "labels"
    fresh: bool = False
    team: Team = ALONE


Tick = Callable[[int], None]
"""Takes the number of images that were just done."""


class Reporter(Protocol):
    """Whom a run tells how it goes."""

    def remark(self, text: str) -> None:
        """A line for people."""

    def progress(self, title: str, total: int, done: int) -> AbstractContextManager[Tick]:
        """A bar over ``total`` images, ``done`` of them before."""


class Silent:
    """A reporter that says nothing."""

    def remark(self, text: str) -> None:
        """Say nothing."""

    def progress(self, title: str, total: int, done: int) -> AbstractContextManager[Tick]:
        """Show nothing."""
        return nullcontext(lambda _: None)
