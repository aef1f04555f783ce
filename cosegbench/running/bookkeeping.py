"""Counting what was predicted and storing it, beside the next call of ``predict``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.evidence import Evidence
    from cosegbench.prediction import Prediction
    from cosegbench.running.journal import Journal
    from cosegbench.running.samples import Sample

Counted = Callable[["Sample", "Prediction | Mosaic"], "Evidence"]


class Bookkeeper:
    """Has images counted and batches stored on other threads than the caller's; batches are stored in their order.

    The predictions of one call and the evidence of two batches are held at most, however long the list is.

    Args:
        observe: an image and its prediction -> its evidence. What it is given must stay as it is until :meth:`wait`.
        journal: keeps what is done.
        tick: called with the number of images after each commit, on the storing thread.
        counting: where images are counted.
        storing: where batches are stored; a pool of one thread.
    """

    def __init__(
        self, observe: Counted, journal: Journal, tick: Callable[[int], None], counting: Executor, storing: Executor
    ) -> None:
        self._observe, self._journal, self._tick = observe, journal, tick
        self._counting, self._storing = counting, storing
        self._call: list[Future[bytes]] = []
        self._batch: dict[str, Future[bytes]] = {}
        self._stored: Future[None] | None = None
        self._since = time.perf_counter()

    def count(self, whole: Sequence[tuple[Sample, Prediction | Mosaic]]) -> None:
        """Begin to count images of the batch that comes to be stored next."""
        self._call = [self._counting.submit(self._bytes, sample, prediction) for sample, prediction in whole]
        self._batch.update(zip((sample.image_id for sample, _ in whole), self._call, strict=True))

    def wait(self) -> None:
        """Until the images of the last :meth:`count` are counted.

        Raises:
            CosegbenchError: the first image's that could not be counted.
        """
        call, self._call = self._call, []
        for future in call:
            future.result()

    def store(self, batch: int, predictor_seconds: float) -> None:
        """Begin to store the images that were given since the last call, when the batch before is stored.

        Raises:
            CosegbenchError: the batch before could not be counted or stored.
        """
        self.settle()
        counted, self._batch = self._batch, {}
        self._stored = self._storing.submit(self._commit, batch, counted, predictor_seconds)

    def settle(self) -> None:
        """Until the last batch that was given to :meth:`store` is stored.

        Raises:
            CosegbenchError: it could not be counted or stored.
        """
        stored, self._stored = self._stored, None
        if stored is not None:
            stored.result()

    def _bytes(self, sample: Sample, prediction: Prediction | Mosaic) -> bytes:
        return self._observe(sample, prediction).image_bytes(sample.image_id)

    def _commit(self, batch: int, counted: dict[str, Future[bytes]], predictor_seconds: float) -> None:
        evidence = {image_id: future.result() for image_id, future in counted.items()}
        now = (
            time.perf_counter()
        )  # from one commit to the next, so that the seconds of all batches are those of the pass
        self._journal.commit(batch, evidence, seconds=now - self._since, predictor_seconds=predictor_seconds)
        self._since = now
        self._tick(len(evidence))
