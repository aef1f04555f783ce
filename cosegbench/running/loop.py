"""The pass: batch by batch through the predictor, each image's evidence into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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


def run_pass(work: Pass, batches: Sequence[Batch], journal: Journal, tick: Callable[[int], None]) -> None:
    """Predict every batch that is not in the journal and commit it.

    Args:
        work: predictor, images and evidence.
        batches: all batches of the image list.
        journal: keeps what is done; a batch that it holds is left alone.
        tick: called with the number of images after each commit.

    Raises:
        PredictorError: the predictor broke its contract; the batches before are kept.
        WorkError: an image or label cannot be read, or the journal cannot be written.
    """
    done = journal.done()
    for batch in batches:
        if batch.index in done:
            continue
        started = time.perf_counter()
        images = [work.image(image_id) for image_id in batch.image_ids]
        seed_batch(work.seed, batch.index)
        before = time.perf_counter()
        predictions = call_predict(work.predictor, images, batch.image_ids)
        inside = time.perf_counter() - before
        evidence = {
            image_id: work.observe(image_id, prediction).image_bytes(image_id)
            for image_id, prediction in zip(batch.image_ids, predictions, strict=True)
        }
        journal.commit(batch.index, evidence, seconds=time.perf_counter() - started, predictor_seconds=inside)
        tick(len(images))
