"""The pass: batch by batch through the predictor, each image's evidence into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.errors import CosegbenchError
from cosegbench.running.batches import Batch
from cosegbench.running.bookkeeping import Bookkeeper
from cosegbench.running.cores import reader_threads
from cosegbench.running.outputs import call_predict, own, size_of
from cosegbench.running.process import seed_batch
from cosegbench.running.samples import Sample, read_ahead

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.evidence import Evidence
    from cosegbench.prediction import Prediction
    from cosegbench.running.journal import Journal

MOST_COPIED = 1 << 27
"""Bytes of predictions that are copied so that they can be counted beside the next call; a batch of 8 images with 20
masks of 352 pixels has 79 MB. Score maps of hundreds of classes at full size have more, and are counted before it."""


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

    While a batch is predicted, the next two or more are read on threads of their own (images, labels and geometry), and
    the one before is counted and stored. The predictor may use its buffers again in its next call, so what is counted
    beside it is a copy; predictions too large to be copied are counted before the call. None of it changes a bit:
    images are counted apart, and batches are predicted by the calling thread and stored in their order.

    Args:
        work: predictor, images and evidence.
        batches: all batches of the image list.
        journal: keeps what is done; a batch that it holds is left alone.
        tick: called with the number of images after each commit, on a thread of its own.
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
    with _pool(readers) as reading, _pool(max(1, threads)) as counting, _pool(1) as storing:
        books = Bookkeeper(work.observe, journal, tick, counting, storing)
        with _settled(books):
            for batch, samples in read_ahead(work.read, left, reading, ahead):
                seed_batch(work.seed, batch.index)
                inside = _predict(work, samples, books)
                books.store(batch.index, inside)


@contextmanager
def _settled(books: Bookkeeper) -> Iterator[None]:
    """Leave only when the last batch is stored, whatever goes wrong with the one after it.

    Of two failures that of the earlier batch is raised, as if nothing had gone on beside it.
    """
    try:
        yield
    except Exception:
        books.settle()
        raise
    except BaseException:  # the user stops: what can be kept is kept, and nothing else is said
        with suppress(CosegbenchError):
            books.settle()
        raise
    books.settle()


def _predict(work: Pass, samples: Sequence[Sample], books: Bookkeeper) -> float:
    """Predict one batch, have its images counted, and return the seconds inside ``predict``.

    The views of the batch are shown in order, at most ``batch_size`` a call. An image is counted after the call that
    showed its last view; what was predicted of it in earlier calls is kept as a copy.
    """
    views = [(sample, view) for sample in samples for view in range(len(sample.views))]
    begun: list[Prediction] = []
    inside = 0.0
    for start in range(0, len(views), work.batch_size):
        call = views[start : start + work.batch_size]
        before = time.perf_counter()
        predictions = call_predict(
            work.predictor, [sample.views[view] for sample, view in call], [each.name(view) for each, view in call]
        )
        inside += time.perf_counter() - before
        books.wait()  # before copies are made: those of two calls must not lie side by side
        beside = sum(map(size_of, [*begun, *predictions])) <= MOST_COPIED
        if beside:
            predictions = [own(prediction) for prediction in predictions]
        whole, begun = _complete(call, predictions, begun, owned=beside)
        books.count(whole)
        if not beside:
            books.wait()
        del predictions, whole  # full-size maps of the last call must not lie beside those of the next
    return inside


def _complete(
    call: Sequence[tuple[Sample, int]], predictions: Sequence[Prediction], begun: Sequence[Prediction], *, owned: bool
) -> tuple[list[tuple[Sample, Prediction | Mosaic]], list[Prediction]]:
    """The images whose last view was in this call, and copies of what was predicted of the one that goes on.

    Args:
        call: image and number of each view.
        predictions: one a view.
        begun: of the first image, from the calls before.
        owned: whether the predictions are copies already.
    """
    whole: list[tuple[Sample, Prediction | Mosaic]] = []
    kept, new = list(begun), 0
    for (sample, view), prediction in zip(call, predictions, strict=True):
        kept, new = [*kept, prediction], new + 1
        if view == len(sample.views) - 1:
            whole.append((sample, sample.joined(kept)))
            kept, new = [], 0
    place = len(kept) - new
    return whole, kept if owned else [*kept[:place], *(own(prediction) for prediction in kept[place:])]


@contextmanager
def _pool(threads: int) -> Iterator[Executor]:
    """A pool that drops what it has not begun when something goes wrong."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
