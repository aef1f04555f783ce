"""What every label reader does: decode the stored values, then map them to class indices by one table.

The table knows every value that the format may hold; any other value is an error that names the file, the value and
what was expected. Nothing is clipped and nothing is cast to 8 bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.card_schema import FormatCard
from cosegbench.errors import CardError, DataError, LabelError
from cosegbench.labels import IGNORE, LabelArray
from cosegbench.vocabulary import Vocabulary

NativeArray = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""Labels as stored: (H, W)."""

_INVALID = 65534
_VALUES = 65536
_SHOWN = 5
_AT_ONCE = 1 << 22
"""Pixels that are looked up or counted at once; a photograph's label is one part."""


@dataclass(frozen=True, slots=True)
class LabelSource:
    """What a reader is built from.

    Args:
        root: the data root.
        split: the split's name, for ``{split}`` in paths.
        format: the card's format under the chosen options.
        vocabulary: the classes.
        options: the chosen options of the card.
    """

    root: Path
    split: str
    format: FormatCard
    vocabulary: Vocabulary
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """What one label holds.

    Args:
        shape: (H, W).
        classes: (K,) int64 pixels of each class.
        ignored: pixels that are not scored.
        unused: stored value -> pixels, for values that should not occur and are ignored.
    """

    shape: tuple[int, int]
    classes: npt.NDArray[np.int64]
    ignored: int
    unused: Mapping[int, int]


class LabelReader(ABC):
    """Reads the labels of one split in one format.

    Args:
        source: where and how they are stored.

    Raises:
        CardError: the format's values contradict each other or the vocabulary.
    """

    reserved: frozenset[int] = frozenset()
    """Stored values that the reader itself makes, and that mean "ignore"."""

    def __init__(self, source: LabelSource) -> None:
        self.source = source
        self.table = _value_table(source, self.reserved)
        self.pattern = str(source.root / source.format.labels.replace("{split}", source.split))
        self.widest = max(native + source.format.offset for native in source.vocabulary.native_ids)

    def path(self, image_id: str) -> Path:
        """The file that holds the label of ``image_id``."""
        return Path(self.pattern.replace("{id}", image_id))

    def has(self, image_id: str) -> bool:
        """Whether there is a label for ``image_id``."""
        return self.path(image_id).is_file()

    @abstractmethod
    def native(self, image_id: str) -> NativeArray:
        """The stored values, (H, W) uint8 or uint16.

        Raises:
            DataError: the file is absent or cannot be decoded.
            LabelError: it does not have the format's type.
        """

    def target(self, image_id: str) -> LabelArray:
        """The label map, (H, W) uint16: class indices 0..K-1 and 65535 for ignore.

        Raises:
            DataError: the file is absent or cannot be decoded.
            LabelError: it does not have the format's type, or holds a value that the card does not know.
        """
        native = self.native(image_id)
        target = looked_up(self.table, native)
        if (target == _INVALID).any():
            self._refuse(image_id, _histogram(native))
        return target

    def count(self, image_id: str) -> LabelCounts:
        """Count one label's pixels by class; raises as :meth:`target`."""
        native = self.native(image_id)
        histogram = _histogram(native)
        values = np.flatnonzero(histogram)
        mapped = self.table[values]
        if (mapped == _INVALID).any():
            self._refuse(image_id, histogram)
        classes = np.zeros(len(self.source.vocabulary), np.int64)
        scored = mapped != IGNORE
        np.add.at(classes, mapped[scored], histogram[values[scored]])
        unused = {v: int(histogram[v]) for v in self.source.format.unused if v < histogram.size and histogram[v]}
        height, width = native.shape
        return LabelCounts((height, width), classes, int(histogram[values[~scored]].sum()), unused)

    def _refuse(self, image_id: str, histogram: npt.NDArray[np.int64]) -> None:
        values = np.flatnonzero(histogram)
        bad = values[self.table[values] == _INVALID]
        shown = ", ".join(f"{v} ({histogram[v]} pixels)" for v in bad[:_SHOWN])
        more = f" and {bad.size - _SHOWN} more values" if bad.size > _SHOWN else ""
        raise LabelError(
            f"{self.path(image_id)}: label of image {image_id!r} holds {shown}{more}, which the card does not know; "
            f"it knows {_ranges(np.flatnonzero(self.table != _INVALID))}."
        )

    def read_bytes(self, image_id: str) -> bytes:
        """The label file's bytes.

        Raises:
            DataError: the file is absent or unreadable.
        """
        path = self.path(image_id)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise DataError(f"{path}: label of image {image_id!r} is missing.") from error
        except OSError as error:
            raise DataError(f"{path}: label of image {image_id!r} cannot be read: {error}.") from error


def looked_up(table: LabelArray, values: NativeArray) -> LabelArray:
    """``table[values]``; of a large map a part at a time, because NumPy makes 64-bit numbers of what it looks up."""
    if values.size <= _AT_ONCE:
        return np.take(table, values)
    flat: NativeArray = values.reshape(-1)
    found = np.empty(flat.size, np.uint16)
    for start in range(0, flat.size, _AT_ONCE):
        np.take(table, flat[start : start + _AT_ONCE], out=found[start : start + _AT_ONCE])
    return found.reshape(values.shape)


def _histogram(native: NativeArray) -> npt.NDArray[np.int64]:
    flat = native.reshape(-1)
    parts = [np.bincount(flat[start : start + _AT_ONCE]) for start in range(0, flat.size, _AT_ONCE)]
    counts = np.zeros(max((part.size for part in parts), default=0), np.int64)
    for part in parts:
        counts[: part.size] += part
    return counts


def _value_table(source: LabelSource, reserved: frozenset[int]) -> LabelArray:
    """Stored value -> class index, 65535 for ignore, 65534 for a value that must not occur."""
    form, vocabulary = source.format, source.vocabulary
    table = np.full(_VALUES, _INVALID, np.uint16)
    table[list(form.background)] = IGNORE if vocabulary.background is None else vocabulary.background
    taken: dict[int, str] = {}
    for values, word in ((form.ignore, "ignore"), (form.unused, "unused"), (reserved, "reserved by the format")):
        for value in values:
            if word != "unused" or value not in form.background:
                table[value] = IGNORE
            taken[value] = word
    for name in form.drop_classes:
        vocabulary.index_of(name)
    for entry in vocabulary.classes:
        if entry.index == vocabulary.background:
            continue
        value = entry.native_id + form.offset
        if not 0 <= value < _VALUES:
            raise CardError(
                f"data set {vocabulary.id}: class {entry.name!r} would be stored as {value}, outside 0..65535."
            )
        if value in taken:
            raise CardError(f"data set {vocabulary.id}: value {value} is class {entry.name!r} and also {taken[value]}.")
        table[value] = IGNORE if entry.name in form.drop_classes else entry.index
    return table


def _ranges(values: npt.NDArray[Any]) -> str:
    """Sorted numbers as ``0..20, 255``; of many runs the first few and the last."""
    runs = [run for run in np.split(values, np.flatnonzero(np.diff(values) > 1) + 1) if run.size]
    words = [str(run[0]) if run.size == 1 else f"{run[0]}..{run[-1]}" for run in runs]
    if len(words) > 2 * _SHOWN:
        words = [*words[:_SHOWN], "...", words[-1], f"{values.size} values in all"]
    return ", ".join(words)
