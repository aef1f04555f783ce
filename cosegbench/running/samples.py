"""One image as a pass reads it, and reading the images of the next batches while one is predicted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cosegbench.assignment import Mosaic, Part
from cosegbench.running.batches import Batch

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench.geometry import Place
    from cosegbench.labels import LabelArray
    from cosegbench.prediction import Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One image: what the predictor is shown of it, and what is scored.

    Args:
        image_id: its id, which also stands in ``info["image_id"]`` of each view.
        views: the pictures that the predictor is given; one, unless windows slide over the image.
        places: where each view lies in the image; None where the one view is all that is scored.
        size: (H, W) of the label file.
        target: (h, w) uint16, what is scored.
    """

    image_id: str
    views: tuple[Image.Image, ...]
    places: tuple[Place, ...] | None
    size: tuple[int, int]
    target: LabelArray

    def name(self, view: int) -> str:
        """What messages call a view."""
        if self.places is None or len(self.places) == 1:
            return self.image_id
        place = self.places[view]
        return f"{self.image_id}, window at row {place.top}, column {place.left}"

    def joined(self, predictions: Sequence[Prediction]) -> Prediction | Mosaic:
        """The predictions of all views as the prediction of the image."""
        if self.places is None:
            return predictions[0]
        return Mosaic(tuple(Part(*each) for each in zip(self.places, predictions, strict=True)))


def read_ahead(
    read: Callable[[str], Sample], batches: Sequence[Batch], pool: Executor, images: int
) -> Iterator[tuple[Batch, list[Sample]]]:
    """Each batch with its samples, while whole batches of at least ``images`` images after it are being read.

    Args:
        read: reads one image.
        batches: in order.
        pool: where images are read.
        images: how far to read ahead; it bounds the memory, however long the list is.

    Raises:
        DataError, LabelError: an image or label cannot be read; raised when its batch is due.
    """
    waiting = iter(batches)
    coming: deque[tuple[Batch, list[Future[Sample]]]] = deque()

    def fill() -> None:
        while sum(len(futures) for _, futures in coming) < images:
            batch = next(waiting, None)
            if batch is None:
                return
            coming.append((batch, [pool.submit(read, image_id) for image_id in batch.image_ids]))

    fill()
    while coming:
        batch, futures = coming.popleft()
        samples = [future.result() for future in futures]
        del futures  # they would hold the images for as long as the batch after it is waited for
        fill()
        yield batch, samples
