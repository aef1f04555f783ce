"""Evidence: integer counts by image, from which any figure can be derived again without the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.errors import EvidenceError
from cosegbench.evidence import blob as _blob
from cosegbench.evidence import storage as _storage
from cosegbench.evidence.boundary import count_boundary
from cosegbench.evidence.channels import (
    BINARY,
    BINARY_EXCLUSIVE,
    BOUNDARY,
    LAYOUTS,
    PAIRS,
    RANKED,
    IntArray,
    Table,
    check_rows,
    column_problem,
)
from cosegbench.evidence.counting import count_pairs
from cosegbench.labels import IGNORE, LabelArray

__all__ = ["BINARY", "BINARY_EXCLUSIVE", "BOUNDARY", "PAIRS", "RANKED", "Evidence", "Table"]

Integers = Sequence[int] | IntArray


class Evidence:
    """Integer counts by image, in named channels.

    Images are kept apart, so evidence can be merged in any order, resumed and resampled. Adding or merging an image
    that is already there is a no-op where the counts are equal and an error where they differ.

    Args:
        num_classes: K; class indices run over 0..K-1.

    Raises:
        EvidenceError: K is not in 1..65535.
    """

    def __init__(self, num_classes: int) -> None:
        if not isinstance(num_classes, int | np.integer) or not 1 <= num_classes <= IGNORE:
            raise EvidenceError(f"the number of classes must be in 1..{IGNORE}; got {num_classes}.")
        self.num_classes = int(num_classes)
        self._images: dict[str, dict[str, bytes]] = {}

    def add(self, image_id: str, prediction: LabelArray, target: LabelArray) -> None:
        """Count one image's pixels into channel ``pairs``.

        Args:
            image_id: the image's id in its data set.
            prediction: (H, W) uint16, class or :data:`~cosegbench.labels.VOID`.
            target: (H, W) uint16 of the same shape, class or :data:`~cosegbench.labels.IGNORE`.

        Raises:
            LabelError: wrong type, shape or value; names the image, the value and the range.
            EvidenceError: the image is there already with other counts.
        """
        self._put(image_id, PAIRS, count_pairs(prediction, target, self.num_classes, image_id).tobytes())

    def add_boundary(self, image_id: str, prediction: LabelArray, target: LabelArray) -> None:
        """Count one image's boundary bands into channel ``boundary``; the arguments are those of :meth:`add`.

        Raises:
            LabelError, EvidenceError: as :meth:`add`.
        """
        self._put(image_id, BOUNDARY, count_boundary(prediction, target, self.num_classes, image_id).tobytes())

    def add_binary(
        self,
        image_id: str,
        classes: Integers,
        intersection: Integers,
        predicted: Integers,
        true: Integers,
        *,
        channel: str = BINARY,
    ) -> None:
        """Keep one binary mask a true class; masks may overlap. An image without a class has empty sequences.

        Args:
            image_id: the image's id in its data set.
            classes: (n,) class indices without repeats, in the order in which they were treated.
            intersection: (n,) pixels both predicted and true.
            predicted: (n,) pixels predicted.
            true: (n,) pixels true.
            channel: ``"binary"`` or ``"binary-exclusive"``.

        Raises:
            EvidenceError: unknown channel, a class out of range, counts that contradict each other or those before.
        """
        if channel not in (BINARY, BINARY_EXCLUSIVE):
            raise EvidenceError(f"binary counts go into {BINARY!r} or {BINARY_EXCLUSIVE!r}; got {channel!r}.")
        columns = {"label": classes, "intersection": intersection, "predicted": predicted, "true": true}
        self._put_columns(image_id, channel, columns)

    def add_ranked(self, image_id: str, labels: Sequence[int], scores: Sequence[float]) -> None:
        """Keep the labels that were proposed for one image.

        Args:
            image_id: the image's id in its data set.
            labels: (n,) class indices without repeats, best first.
            scores: (n,) scores, descending.

        Raises:
            EvidenceError: a class out of range or repeated, scores that rise, or other labels before.
        """
        self._put_columns(image_id, RANKED, {"label": labels, "score": scores})

    def merge(self, other: Evidence) -> None:
        """Take over every image of ``other``; any split, in any order, gives the same evidence.

        Raises:
            EvidenceError: another number of classes, or an image whose counts differ; then nothing was taken over.
        """
        if other.num_classes != self.num_classes:
            raise EvidenceError(f"cannot merge evidence of {other.num_classes} classes into {self.num_classes}.")
        for image_id, channels in other._images.items():
            for channel, data in channels.items():
                self._check_equal(image_id, channel, data)
        for image_id, channels in other._images.items():
            self._images.setdefault(image_id, {}).update(channels)

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The images, sorted, so that no result depends on the order in which they came."""
        return tuple(sorted(self._images))

    @property
    def channels(self) -> frozenset[str]:
        """The channels that every image holds."""
        held = [frozenset(channels) for channels in self._images.values()]
        return frozenset.intersection(*held) if held else frozenset()

    def __len__(self) -> int:
        return len(self._images)

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._images

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return self.num_classes == other.num_classes and self._images == other._images

    __hash__ = None  # type: ignore[assignment]  # evidence grows, so it must not be a key

    def __repr__(self) -> str:
        return f"Evidence(num_classes={self.num_classes}, images={len(self)}, channels={sorted(self.channels)})"

    def table(self, channel: str) -> Table:
        """One channel, row under row, images in sorted order; images without the channel have no rows.

        Raises:
            EvidenceError: unknown channel.
        """
        if channel not in LAYOUTS:
            raise EvidenceError(f"unknown channel {channel!r}; known: {', '.join(LAYOUTS)}.")
        ids = self.image_ids
        blobs = [self._images[image_id].get(channel, b"") for image_id in ids]
        layout = LAYOUTS[channel]
        counts = np.array([len(data) // layout.itemsize for data in blobs], np.int64)
        image: IntArray = np.repeat(np.arange(len(ids), dtype=np.int64), counts)
        return Table(ids, image, np.frombuffer(b"".join(blobs), layout))

    def confusion(self) -> IntArray:
        """Pixels of all images, (K+1, K) int64: rows are predicted classes, row K is void; columns are true classes."""
        table = self.table(PAIRS)
        scored = table.rows["target"] != IGNORE
        total = np.zeros((self.num_classes + 1, self.num_classes), np.int64)
        rows = np.minimum(table.column("prediction")[scored], self.num_classes)
        np.add.at(total, (rows, table.column("target")[scored]), table.column("pixels")[scored])
        return total

    def image_bytes(self, image_id: str) -> bytes:
        """One image's channels, compact and deterministic.

        Raises:
            EvidenceError: no such image.
        """
        if image_id not in self._images:
            raise EvidenceError(f"no evidence of image {image_id!r}; {len(self)} images are held.")
        return _blob.pack(self.num_classes, self._images[image_id])

    def add_image_bytes(self, image_id: str, blob: bytes) -> None:
        """Add what :meth:`image_bytes` returned.

        Raises:
            EvidenceError: damaged bytes, another number of classes, or other counts before.
        """
        channels = _blob.unpack(blob, self.num_classes, image_id)
        for channel, data in channels.items():
            self._check_equal(image_id, channel, data)
        self._images.setdefault(image_id, {}).update(channels)

    @classmethod
    def from_image_bytes(cls, num_classes: int, images: Mapping[str, bytes]) -> Evidence:
        """Evidence from one blob an image.

        Raises:
            EvidenceError: as :meth:`add_image_bytes`.
        """
        evidence = cls(num_classes)
        for image_id, data in images.items():
            evidence.add_image_bytes(image_id, data)
        return evidence

    def save(self, path: Path | str) -> None:
        """Write a compressed ``.npz``; equal evidence gives equal bytes. The caller makes the write atomic."""
        _storage.save(Path(path), self.num_classes, self._images)

    @classmethod
    def load(cls, path: Path | str) -> Evidence:
        """Read what :meth:`save` wrote.

        Raises:
            EvidenceError: missing, damaged or newer file.
        """
        num_classes, images = _storage.load(Path(path))
        evidence = cls(num_classes)
        evidence._images = images
        return evidence

    def _put_columns(self, image_id: str, channel: str, columns: Mapping[str, Sequence[Any] | IntArray]) -> None:
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        sizes = {name: array.size for name, array in arrays.items()}
        if len(set(sizes.values())) > 1:
            raise EvidenceError(f"evidence of image {image_id!r}, channel {channel!r}: unequal lengths {sizes}.")
        rows = np.empty(next(iter(sizes.values())), LAYOUTS[channel])
        for name, array in arrays.items():
            if problem := column_problem(array, rows[name].dtype):
                raise EvidenceError(f"evidence of image {image_id!r}, channel {channel!r}: {name} {problem}.")
            rows[name] = array
        check_rows(channel, rows, self.num_classes, image_id)
        self._put(image_id, channel, rows.tobytes())

    def _put(self, image_id: str, channel: str, data: bytes) -> None:
        self._check_equal(image_id, channel, data)
        self._images.setdefault(image_id, {})[channel] = data

    def _check_equal(self, image_id: str, channel: str, data: bytes) -> None:
        held = self._images.get(image_id, {}).get(channel)
        if held is not None and held != data:
            raise EvidenceError(
                f"image {image_id!r} was counted before with other counts (channel {channel!r}): two runs were mixed, "
                "or one image id stands for two images."
            )
