"""One table of concepts over all data sets: which class of one vocabulary means what in another.

``datasets/vocab/concepts.csv`` names each concept once, with its synonyms and, where it is broader or narrower than
other concepts, how. Its column ``also`` names concepts that annotators do not keep apart from it everywhere
(``mountain``: ``hill``): they decide no relation, they are further matches of a class that is seen. Seen and unseen
under a training vocabulary are computed from the table, for any two vocabularies; a class that it does not know is a
concept of its own, known by its name.

Relations of a target class to a training vocabulary, best first:

* ``exact``: a training class has the same name, spelling aside.
* ``synonym``: a training class has another name for the same thing.
* ``catchall``: the training vocabulary splits the concept and has a class for the rest (``wall``: ``wall-other``, ...).
* ``part``: only some kinds of the target are training classes.
* ``parent``: the target is a kind of a training class.
* ``none``: nothing of the kind.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cosegbench.errors import CardError
from cosegbench.locate import data_file
from cosegbench.vocabulary import ClassEntry, Vocabulary

RELATIONS = ("exact", "synonym", "catchall", "part", "parent", "none")
STRICT = frozenset({"exact", "synonym", "catchall"})
"""Relations that count as seen at the strict level."""

LOOSE = STRICT | {"part", "parent"}
"""Relations that count as seen at the loose level."""

COLUMNS = ("concept", "synonyms", "relation", "related", "also", "coco", "voc", "context", "note")
_INVERSE = {"catchall": "parent", "part": "parent", "parent": "part"}


@dataclass(frozen=True, slots=True)
class Concept:
    """One row of the table.

    Args:
        name: its canonical name: COCO-Stuff's where that has it.
        synonyms: its other names.
        relation: ``catchall``, ``part``, ``parent`` or ``""``.
        related: the concepts that the relation points at, the principal one first.
        also: concepts that overlap it; further matches where it is seen directly.
        ids: family (``coco``, ``voc``, ``context``) -> native ids of the classes that mean it.
    """

    name: str
    synonyms: tuple[str, ...]
    relation: str
    related: tuple[str, ...]
    also: tuple[str, ...]
    ids: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What one target class is under a training vocabulary.

    Args:
        target: the class.
        relation: one of :data:`RELATIONS`.
        matches: the training classes that it rests on, the principal one first.
    """

    target: ClassEntry
    relation: str
    matches: tuple[ClassEntry, ...]

    @property
    def seen_strict(self) -> bool:
        """Whether the class counts as seen where only the same concept will do."""
        return self.relation in STRICT

    @property
    def seen_loose(self) -> bool:
        """Whether the class counts as seen where kinds of it, or what it is a kind of, will do too."""
        return self.relation in LOOSE


def plain(name: str) -> str:
    """A name without case, spaces and punctuation; two names that agree in this are exact."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


@lru_cache(maxsize=1)
def load_concepts() -> dict[str, Concept]:
    """Concept name -> concept.

    Raises:
        CardError: the table contradicts itself; names the row.
    """
    path = data_file("datasets", "vocab", "concepts.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise CardError(f"{path}: expected the columns {', '.join(COLUMNS)}.")
        found = {row["concept"]: _concept(row) for row in reader}
    for concept in found.values():
        if strange := [name for name in (*concept.related, *concept.also) if name not in found]:
            raise CardError(f"{path}: concept {concept.name!r} points at {strange}, which have no row.")
        if bool(concept.related) != bool(concept.relation) or concept.relation not in ("", *_INVERSE):
            raise CardError(f"{path}: concept {concept.name!r}: relation {concept.relation!r} does not fit.")
    return found


def align(target: Vocabulary, training: Vocabulary) -> tuple[Alignment, ...]:
    """The relation of every class of ``target`` to the vocabulary that a model was trained on.

    Returns:
        One alignment a class, in the target's order.
    """
    known = _Training(training)
    return tuple(known.align(entry) for entry in target.classes)


def seen(target: Vocabulary, training: Vocabulary, level: Literal["strict", "loose"] = "strict") -> tuple[bool, ...]:
    """Whether each target class counts as seen, in the target's order."""
    counted = STRICT if level == "strict" else LOOSE
    return tuple(row.relation in counted for row in align(target, training))


def overlaps(vocabulary: Vocabulary) -> tuple[tuple[int, ...], ...]:
    """For each class the others of the same vocabulary that annotators may mean by the same pixels.

    These are classes of the same concept, of one that it is a kind of or that is a kind of it (``relation``), or that
    the table names in ``also``; the relation is read both ways and goes one step only.

    Returns:
        One ascending tuple of indices a class, in the vocabulary's order.
    """
    holders: defaultdict[str, list[int]] = defaultdict(list)
    linked: defaultdict[str, set[str]] = defaultdict(set)
    for entry in vocabulary.classes:
        holders[_resolve(entry)].append(entry.index)
    for concept in load_concepts().values():
        for other in (*concept.related, *concept.also):
            linked[concept.name].add(other)
            linked[other].add(concept.name)
    found = []
    for entry in vocabulary.classes:
        name = _resolve(entry)
        others = {index for each in (name, *linked[name]) for index in holders.get(each, ())}
        found.append(tuple(sorted(others - {entry.index})))
    return tuple(found)


class _Training:
    """A training vocabulary, indexed by concept and by name."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.holders: defaultdict[str, list[ClassEntry]] = defaultdict(list)
        self.by_name: defaultdict[str, list[ClassEntry]] = defaultdict(list)
        for entry in vocabulary.classes:
            self.holders[_resolve(entry)].append(entry)
            for name in _plain_names(entry):
                self.by_name[name].append(entry)
        self.broader: defaultdict[str, list[Concept]] = defaultdict(list)
        for concept in load_concepts().values():
            for related in concept.related if concept.name in self.holders else ():
                self.broader[related].append(concept)

    def align(self, entry: ClassEntry) -> Alignment:
        """The best relation of one class; a direct one before one that is read backwards."""
        name = _resolve(entry)
        concept = load_concepts().get(name)
        same = [*self.holders.get(name, ()), *(e for n in _plain_names(entry) for e in self.by_name.get(n, ()))]
        if same:
            exact = [match for match in same if plain(match.name) == plain(entry.name)]
            also = self._holding(concept.also) if concept else []
            return _alignment(entry, "exact" if exact else "synonym", [*exact, *same, *also])
        if concept and (matches := self._holding(concept.related)):
            whole = concept.relation != "catchall" or concept.related[0] in self.holders
            # Without the class for the rest, only some kinds of the concept were trained.
            return _alignment(entry, concept.relation if whole else "part", matches)
        backwards = {_INVERSE[concept.relation]: concept for concept in reversed(self.broader.get(name, []))}
        for relation in ("part", "parent"):
            if relation in backwards:
                return _alignment(entry, relation, self._holding([backwards[relation].name]))
        return Alignment(entry, "none", ())

    def _holding(self, names: Iterable[str]) -> list[ClassEntry]:
        return [entry for name in names for entry in self.holders.get(name, ())]


def _alignment(entry: ClassEntry, relation: str, matches: Iterable[ClassEntry]) -> Alignment:
    return Alignment(entry, relation, tuple(dict.fromkeys(matches)))


def _plain_names(entry: ClassEntry) -> list[str]:
    return list(dict.fromkeys(plain(name) for name in (entry.name, *entry.synonyms)))


def _resolve(entry: ClassEntry) -> str:
    """The name of the concept that a class means; a concept of its own where no name is known."""
    names = _name_index()
    known = [names[name] for name in _plain_names(entry) if name in names]
    return known[0] if known else plain(entry.name)


@lru_cache(maxsize=1)
def _name_index() -> dict[str, str]:
    """Plain name or synonym -> concept."""
    index: dict[str, str] = {}
    for concept in load_concepts().values():
        for name in (concept.name, *concept.synonyms):
            if index.setdefault(plain(name), concept.name) != concept.name:
                raise CardError(f"concepts.csv: {name!r} means both {index[plain(name)]!r} and {concept.name!r}.")
    return index


def _concept(row: dict[str, str]) -> Concept:
    ids = {family: tuple(int(part) for part in _parts(row[family])) for family in ("coco", "voc", "context")}
    return Concept(
        row["concept"], _parts(row["synonyms"]), row["relation"], _parts(row["related"]), _parts(row["also"]), ids
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
