"""The pass: batch by batch through the predictor, each image's evidence into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.running.batches import Batch
from cosegbench.running.cores import reader_threads
from cosegbench.running.outputs import call_predict, own
from cosegbench.running.process import seed_batch
from cosegbench.running.samples import Sample, read_ahead

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.evidence import Evidence
    from cosegbench.prediction import Prediction
    from cosegbench.running.journal import Journal


@dataclass(frozen=True, slots=True)
class Pass:
    """What one inference pass needs.

    Args:
        predictor: built and prepared.
        read: image id -> what the predictor is shown of the image, and what is scored.
        observe: an image and its prediction -> the evidence of that one image.
        seed: of the random generators; each batch starts from a state of its own.
        batch_size: pictures a call of ``predict``, at most.
    """

    predictor: Any
    read: Callable[[str], Sample]
    observe: Callable[[Sample, Prediction | Mosaic], Evidence]
    seed: int
    batch_size: int


def run_pass(
    work: Pass, batches: Sequence[Batch], journal: Journal, tick: Callable[[int], None], *, threads: int = 1
) -> None:
    """Predict every batch that is not in the journal and commit it.

    While a batch is predicted, the next two or more are read on threads of their own: images, labels and geometry. Its
    evidence is counted on as many threads as the process has, before the next call of ``predict``, which may use its
    buffers again. Neither changes a bit: images are counted apart, and only the calling thread predicts and commits.

    Args:
        work: predictor, images and evidence.
        batches: all batches of the image list.
        journal: keeps what is done; a batch that it holds is left alone.
        tick: called with the number of images after each commit.
        threads: threads for counting, and for reading as :func:`cosegbench.running.cores.reader_threads` says.

    Raises:
        PredictorError: the predictor broke its contract; the batches before are kept.
        WorkError: an image or label cannot be read, or the journal cannot be written.
    """
    done = journal.done()
    left = [batch for batch in batches if batch.index not in done]
    readers = reader_threads(threads)
    # Two batches, so that one slow image does not stop the predictor; more where the batches are too small for that.
    ahead = max(2 * work.batch_size, 2 * readers)
    with _pool(readers) as reading, _pool(max(1, threads)) as counting:
        started = time.perf_counter()
        for batch, samples in read_ahead(work.read, left, reading, ahead):
            seed_batch(work.seed, batch.index)
            evidence, inside = _predict(work, samples, counting)
            now = time.perf_counter()
            journal.commit(batch.index, evidence, seconds=now - started, predictor_seconds=inside)
            started = now
            tick(len(samples))


def _predict(work: Pass, samples: Sequence[Sample], pool: Executor) -> tuple[dict[str, bytes], float]:
    """The evidence of one batch by image id, and the seconds inside ``predict``.

    The views of the batch are shown in order, at most ``batch_size`` a call. An image is counted after the call that
    showed its last view; what was predicted of it in earlier calls is kept as a copy.
    """
    views = [(sample, view) for sample in samples for view in range(len(sample.views))]
    evidence: dict[str, bytes] = {}
    begun: list[Prediction] = []
    inside = 0.0
    for start in range(0, len(views), work.batch_size):
        call = views[start : start + work.batch_size]
        before = time.perf_counter()
        predictions = call_predict(
            work.predictor, [sample.views[view] for sample, view in call], [each.name(view) for each, view in call]
        )
        inside += time.perf_counter() - before
        whole, begun = _complete(call, predictions, begun)
        found = pool.map(lambda pair: work.observe(*pair).image_bytes(pair[0].image_id), whole)
        evidence.update(zip((sample.image_id for sample, _ in whole), found, strict=True))
        del predictions, whole  # full-size maps of the last call must not lie beside those of the next
    return evidence, inside


def _complete(
    call: Sequence[tuple[Sample, int]], predictions: Sequence[Prediction], begun: Sequence[Prediction]
) -> tuple[list[tuple[Sample, Prediction | Mosaic]], list[Prediction]]:
    """The images whose last view was in this call, and copies of what was predicted of the one that goes on.

    Args:
        call: image and number of each view.
        predictions: one a view.
        begun: of the first image, from the calls before.
    """
    whole: list[tuple[Sample, Prediction | Mosaic]] = []
    kept, new = list(begun), 0
    for (sample, view), prediction in zip(call, predictions, strict=True):
        kept, new = [*kept, prediction], new + 1
        if view == len(sample.views) - 1:
            whole.append((sample, sample.joined(kept)))
            kept, new = [], 0
    place = len(kept) - new
    return whole, [*kept[:place], *(own(prediction) for prediction in kept[place:])]


@contextmanager
def _pool(threads: int) -> Iterator[Executor]:
    """A pool that drops what it has not begun when something goes wrong."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
