"""Class names and their order: index 0..K-1, the id in the data set's own files, synonyms, and the background class."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from cosegbench.errors import CardError, UnknownNameError
from cosegbench.files import text_digest

MAX_CLASSES = 65534
"""65535 is void or ignore, and the adapters keep 65534 for values that a file must not hold."""

COLUMNS = ("index", "native_id", "name", "synonyms", "kind")
"""Columns of a vocabulary CSV; ``synonyms`` are separated by ``;`` and ``kind`` is thing, stuff or empty."""

KINDS = ("thing", "stuff", "")


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One class.

    Args:
        index: place in the vocabulary, 0..K-1.
        name: as the data set's authors write it.
        native_id: the class's id in the data set's own numbering; a label file may store it with an offset.
        synonyms: other names for the same thing.
        kind: ``"thing"``, ``"stuff"`` or ``""`` where nobody has said.
    """

    index: int
    name: str
    native_id: int
    synonyms: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The classes of a data set in their order. Immutable; equality and hash follow :attr:`digest`.

    Args:
        id: what it is called in messages and records; not part of its identity.
        classes: the classes, in the order of their index.
        background: index of the class that stands for "none of the others", or None.

    Raises:
        CardError: no class, too many, a wrong index, a repeated name or native id, or a background outside 0..K-1.
    """

    id: str
    classes: tuple[ClassEntry, ...]
    background: int | None = None

    def __post_init__(self) -> None:
        for problem in _problems(self.classes, self.background):
            raise CardError(f"vocabulary {self.id!r}: {problem}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The K names in order."""
        return tuple(entry.name for entry in self.classes)

    @cached_property
    def native_ids(self) -> tuple[int, ...]:
        """The K ids of the data set's own numbering, in order."""
        return tuple(entry.native_id for entry in self.classes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names, native ids and background: what a prediction's meaning depends on."""
        return text_digest(json.dumps([self.names, self.native_ids, self.background], ensure_ascii=True))

    def __len__(self) -> int:
        return len(self.classes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Vocabulary(id={self.id!r}, classes={len(self)}, background={self.background})"

    def index_of(self, name: str) -> int:
        """The index of the class called ``name``.

        Raises:
            UnknownNameError: there is none; the message lists near names.
        """
        try:
            return self._index[name]
        except KeyError:
            raise UnknownNameError("class", name, self.names, f"(vocabulary {self.id!r})") from None

    @cached_property
    def _index(self) -> dict[str, int]:
        return {entry.name: entry.index for entry in self.classes}

    @classmethod
    def from_names(cls, names: Iterable[str], *, id: str = "custom", background: int | None = None) -> Vocabulary:
        """A vocabulary whose native ids are the indices.

        Raises:
            CardError: as the class.
        """
        return cls(id, tuple(ClassEntry(i, name, i) for i, name in enumerate(names)), background)

    @classmethod
    def from_csv(cls, path: Path, *, id: str, background: int | None = None) -> Vocabulary:
        """Read a CSV with the columns of :data:`COLUMNS` (the last two may be absent).

        Raises:
            CardError: the file cannot be read, a column is missing or unknown, or a row is wrong; names file and line.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream, strict=True)
                _check_columns(path, reader.fieldnames or ())
                classes = tuple(_entry(path, reader.line_num, row) for row in reader)
        except FileNotFoundError as error:
            raise CardError(f"{path}: there is no such file; a card's `vocabulary` is relative to the card.") from error
        except (OSError, ValueError, csv.Error) as error:
            raise CardError(f"{path}: cannot be read as a vocabulary: {error}.") from error
        return cls(id, classes, background)

    def with_background(self, name: str = "background") -> Vocabulary:
        """The same classes after a new class 0 called ``name``; its native id is the lowest that is free, mostly 0.

        Raises:
            CardError: there is a background already, or the name is taken.
        """
        if self.background is not None:
            raise CardError(f"vocabulary {self.id!r}: has a background class already ({self.background}).")
        moved = (ClassEntry(e.index + 1, e.name, e.native_id, e.synonyms, e.kind) for e in self.classes)
        free = next(number for number in count() if number not in self.native_ids)
        return Vocabulary(self.id, (ClassEntry(0, name, free, (), "stuff"), *moved), background=0)


def _problems(classes: Sequence[ClassEntry], background: int | None) -> Iterator[str]:
    """Everything that is wrong with these classes."""
    if not 0 < len(classes) <= MAX_CLASSES:
        yield f"holds {len(classes)} classes; 1 to {MAX_CLASSES} are possible."
    for place, entry in enumerate(classes):
        if entry.index != place:
            yield f"class {entry.name!r} has index {entry.index} and stands at place {place}; write 0..K-1 in order."
        if not entry.name.strip():
            yield f"class {place} has no name."
        elif not entry.name.isprintable():
            yield f"class {place} has the name {entry.name!r}, which cannot be printed."
        if entry.kind not in KINDS:
            yield f"class {entry.name!r} has kind {entry.kind!r}; use thing, stuff or nothing."
    for what, values in (("name", [e.name for e in classes]), ("native id", [e.native_id for e in classes])):
        yield from (f"the {what} {value!r} occurs {n} times." for value, n in Counter(values).items() if n > 1)
    if background is not None and not 0 <= background < len(classes):
        yield f"background {background} is outside 0..{len(classes) - 1}."


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in COLUMNS[:3] if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        raise CardError(
            f"{path}: columns are {', '.join(columns) or 'none'}; expected {', '.join(COLUMNS)} "
            "(the last two may be left out)."
        )


def _entry(path: Path, line: int, row: dict[str, str | None]) -> ClassEntry:
    values = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
    if len(values) != len(row):
        raise CardError(f"{path}, line {line}: more fields than columns; quote a name that holds a comma.")
    try:
        index, native = int(values["index"]), int(values["native_id"])
    except ValueError as error:
        raise CardError(f"{path}, line {line}: index and native_id must be whole numbers: {error}.") from error
    synonyms = tuple(part.strip() for part in values.get("synonyms", "").split(";") if part.strip())
    return ClassEntry(index, values["name"], native, synonyms, values.get("kind", ""))
