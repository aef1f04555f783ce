"""The pass: batch by batch through the predictor, each image's evidence into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.running.batches import Batch
from cosegbench.running.outputs import call_predict
from cosegbench.running.process import seed_batch

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench.evidence import Evidence
    from cosegbench.prediction import Prediction
    from cosegbench.running.journal import Journal


@dataclass(frozen=True, slots=True)
class Pass:
    """What one inference pass needs.

    Args:
        predictor: built and prepared.
        image: image id -> the image that the predictor is given; its id stands in ``info["image_id"]``.
        observe: image id and prediction -> the evidence of that one image.
        seed: of the random generators; each batch starts from a state of its own.
    """

    predictor: Any
    image: Callable[[str], Image.Image]
    observe: Callable[[str, Prediction], Evidence]
    seed: int


def run_pass(
    work: Pass, batches: Sequence[Batch], journal: Journal, tick: Callable[[int], None], *, threads: int = 1
) -> None:
    """Predict every batch that is not in the journal and commit it.

    While a batch is predicted, the images of the next one are read; its evidence is counted on as many threads as the
    process has, before the next call of ``predict``, which may use its buffers again. Neither changes a bit: images are
    counted apart, and only the calling thread predicts and commits.

    Args:
        work: predictor, images and evidence.
        batches: all batches of the image list.
        journal: keeps what is done; a batch that it holds is left alone.
        tick: called with the number of images after each commit.
        threads: threads for reading and counting.

    Raises:
        PredictorError: the predictor broke its contract; the batches before are kept.
        WorkError: an image or label cannot be read, or the journal cannot be written.
    """
    done = journal.done()
    left = [batch for batch in batches if batch.index not in done]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            _run(work, left, journal, tick, pool)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _run(
    work: Pass, left: Sequence[Batch], journal: Journal, tick: Callable[[int], None], pool: ThreadPoolExecutor
) -> None:
    def read(batch: Batch | None) -> list[Future[Image.Image]]:
        return [] if batch is None else [pool.submit(work.image, image_id) for image_id in batch.image_ids]

    started = time.perf_counter()
    coming = read(left[0] if left else None)
    for batch, following in zip(left, [*left[1:], None], strict=True):
        images = [image.result() for image in coming]
        coming = read(following)
        seed_batch(work.seed, batch.index)
        before = time.perf_counter()
        predictions = call_predict(work.predictor, images, batch.image_ids)
        inside = time.perf_counter() - before
        found = pool.map(
            lambda pair: work.observe(*pair).image_bytes(pair[0]), zip(batch.image_ids, predictions, strict=True)
        )
        evidence = dict(zip(batch.image_ids, found, strict=True))
        now = time.perf_counter()
        journal.commit(batch.index, evidence, seconds=now - started, predictor_seconds=inside)
        started = now
        tick(len(images))
