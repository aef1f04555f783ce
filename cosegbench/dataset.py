"""One view of one data set, one split, with every convention resolved: what the run loop and the scorers read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from cosegbench.adapters import LabelReader, LabelSource, open_labels
from cosegbench.card_schema import JSON_KINDS, DatasetCard
from cosegbench.cards import load_card
from cosegbench.cores import available_cores
from cosegbench.errors import LabelError, MissingDataError, RequestError
from cosegbench.files import file_digest
from cosegbench.image_lists import image_list_digest, list_images
from cosegbench.labels import LabelArray
from cosegbench.locate import NO_DATA_ROOT, default_data_root
from cosegbench.photographs import open_photograph
from cosegbench.presence import advice, blocking, miscounted, partly_there

if TYPE_CHECKING:
    from PIL import Image

Result = TypeVar("Result")

_WINDOW = 256

_MOST_THREADS = 8
"""Threads that read label files: decoding holds the interpreter for a part of its time, so that more gain nothing."""


class Dataset:
    """One view, one split. Build it with :func:`load_dataset`; nothing is read before it is asked for.

    Args:
        card: the data set's card.
        root: the data root.
        split: a split of the card.
        options: the chosen conventions, as :meth:`DatasetCard.choose` returns them.

    Raises:
        UnknownNameError: the card has no such split.
        CardError: the card's vocabulary or values are wrong.
    """

    def __init__(self, card: DatasetCard, root: Path, split: str, options: Mapping[str, str]) -> None:
        self.card, self.root, self.split, self.options = card, root, split, dict(options)
        self.id, self.world = card.id, card.world
        self.vocabulary = card.vocabulary()
        self.format = card.format(self.options)
        self.split_card = card.split(split, self.options)
        self.labels: LabelReader = open_labels(LabelSource(root, split, self.format, self.vocabulary, self.options))
        self.image_pattern = str(root / card.images.replace("{split}", split))
        self._limit: int | None = None

    def __repr__(self) -> str:
        return f"Dataset(id={self.id!r}, split={self.split!r}, root={str(self.root)!r}, options={self.options})"

    def __len__(self) -> int:
        return len(self.image_ids)

    @cached_property
    def image_ids(self) -> tuple[str, ...]:
        """The image ids, sorted.

        Raises:
            MissingDataError: the list of images is absent.
        """
        return list_images(self.card, self.split_card, self.labels)[: self._limit]

    @property
    def whole(self) -> bool:
        """Whether this is the whole split, and not a :meth:`subset`."""
        return self._limit is None

    @cached_property
    def image_list_digest(self) -> str:
        """SHA-256 of the sorted image ids, each followed by a line feed."""
        return image_list_digest(self.image_ids)

    def image_path(self, image_id: str) -> Path:
        """The photograph's file."""
        return Path(self.image_pattern.replace("{id}", image_id))

    def image(self, image_id: str) -> Image.Image:
        """The photograph as RGB, as stored (EXIF orientation is not applied); ``info["image_id"]`` is set.

        Raises:
            DataError: the file is absent, is no image, or breaks off.
        """
        return open_photograph(self.image_path(image_id), image_id)

    def target(self, image_id: str) -> LabelArray:
        """The label map, (H, W) uint16: class indices 0..K-1, 65535 where a pixel is not scored.

        Raises:
            DataError: the label is absent or cannot be decoded.
            LabelError: it has the wrong type, or a value that the card does not know.
        """
        return self.labels.target(image_id)

    def sample(self, image_id: str) -> tuple[Image.Image, LabelArray]:
        """Photograph and label map together.

        Raises:
            DataError: as :meth:`image` and :meth:`target`.
            LabelError: as :meth:`target`, or the two have different sizes.
        """
        image, target = self.image(image_id), self.target(image_id)
        if image.size[::-1] != target.shape:
            raise LabelError(
                f"{self.labels.path(image_id)}: label has (height, width) {target.shape}, "
                f"photograph {self.image_path(image_id)} has {image.size[::-1]}."
            )
        return image, target

    def subset(self, limit: int) -> Dataset:
        """The first ``limit`` images of this data set; a larger limit gives all of them.

        Raises:
            RequestError: the limit is below 1.
        """
        if limit < 1:
            raise RequestError(f"a limit of {limit} images leaves nothing; give 1 or more.")
        part = Dataset(self.card, self.root, self.split, self.options)
        part.labels = self.labels
        if limit < len(self.image_ids):
            part.image_ids, part._limit = self.image_ids[:limit], limit
        return part

    def missing(self, *, photographs: bool = True) -> list[str]:
        """What is not there, one line each; empty where the split is complete at a cheap look.

        Looks at folders, lists and counts, and opens no label and no photograph; :func:`cosegbench.verify.verify` does.

        Args:
            photographs: whether photographs are needed; scoring saved predictions does without.

        Returns:
            Lines that begin with :data:`cosegbench.presence.COUNT` say that some images are not there and others can
            be used; each other line names something without which nothing can be read.
        """
        return self.blocking(photographs=photographs) or [*miscounted(self), *partly_there(self, photographs)]

    def blocking(self, *, photographs: bool = True) -> list[str]:
        """As :meth:`missing`, only what nothing can be done without."""
        return list(blocking(self, photographs))

    def content_digest(self) -> str:
        """SHA-256 over how labels are read and over every label file: which targets were scored.

        Its first line is the SHA-256 of the table from stored values to classes and the chosen conventions as JSON, so
        that an edited card is other ground truth; then come the image ids, each with the SHA-256 of its label file.

        Raises:
            MissingDataError: a label file is absent.
        """
        rules = hashlib.sha256(self.labels.table.astype("<u2").tobytes()).hexdigest()
        digest = hashlib.sha256(f"{rules} {json.dumps(self.options, sort_keys=True)}\n".encode())
        try:
            if self.format.kind in JSON_KINDS:
                one = file_digest(self.labels.path(""))
                digests: Iterable[str] = (one for _ in self.image_ids)
            else:
                digests = in_threads(lambda image_id: file_digest(self.labels.path(image_id)), self.image_ids)
            for image_id, label in zip(self.image_ids, digests, strict=True):
                digest.update(f"{image_id} {label}\n".encode())
        except OSError as error:
            raise MissingDataError(f"data set {self.id}: {error}.") from error
        return digest.hexdigest()


def locate_dataset(
    name: str | Path, data_root: str | Path | None = None, split: str = "val", **options: str
) -> Dataset:
    """As :func:`load_dataset`, without looking whether the data is there.

    Raises:
        UnknownNameError: no such data set, split or option.
        RequestError: an option's value is not among its choices.
        MissingDataError: there is no data root at all.
        CardError: the card is wrong.
    """
    card = load_card(name)
    root = Path(data_root).expanduser() if data_root is not None else default_data_root()
    if root is None:
        raise MissingDataError(f"data set {card.id}: {NO_DATA_ROOT} {advice(card)}")
    return Dataset(card, root, split, card.choose(options))


def load_dataset(name: str | Path, data_root: str | Path | None = None, split: str = "val", **options: str) -> Dataset:
    """One view of a data set.

    Args:
        name: id of a built-in card (``"voc20"``), or the path of a card (``"./mine.toml"``).
        data_root: where the data lies; the default is the folder that ``COSEGBENCH_DATA`` names.
        split: a split of the card.
        options: conventions of the card that differ from their defaults, for instance ``images="5105"``.

    Raises:
        UnknownNameError: no such data set, split or option.
        RequestError: an option's value is not among its choices.
        MissingDataError: no data root, or lists or labels are absent; says what was expected where.
        DataError: the list of images is there and wrong.
        CardError: the card is wrong.
    """
    dataset = locate_dataset(name, data_root, split, **options)
    with suppress(MissingDataError):
        _ = dataset.image_ids  # a list that is there and wrong is another error than a missing one
    if absent := dataset.blocking(photographs=False):
        text = "\n".join(f"  - {line}" for line in absent)
        raise MissingDataError(
            f"data set {dataset.id}, split {split}, is not complete:\n{text}\n"
            f"{advice(dataset.card, dataset.root, split, dataset.options)}"
        )
    return dataset


def dataset_class_counts(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Number of distinct classes in each image's ground truth, (n_images,) in the order of ``image_ids``.

    Raises:
        DataError: a label is absent or cannot be decoded.
        LabelError: a label is wrong.
    """
    counts = in_threads(lambda image_id: np.count_nonzero(dataset.labels.count(image_id).classes), dataset.image_ids)
    return np.fromiter(counts, np.int64, len(dataset.image_ids))


def in_threads(work: Callable[[str], Result], image_ids: Iterable[str]) -> Iterator[Result]:
    """``work`` of every image id, in order, on a few threads: decoders release the interpreter while they work."""
    ids = list(image_ids)
    with ThreadPoolExecutor(min(_MOST_THREADS, available_cores())) as pool:
        # In windows, because a pool is handed all of its work at once and would keep every result in memory.
        for start in range(0, len(ids), _WINDOW):
            yield from pool.map(work, ids[start : start + _WINDOW])
