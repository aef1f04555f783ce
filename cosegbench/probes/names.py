"""Other names for the same classes, and names of classes that a vocabulary does not have."""

from __future__ import annotations

from functools import lru_cache

from cosegbench.cards import list_cards, load_card
from cosegbench.concepts import align, load_concepts, plain
from cosegbench.vocabulary import ClassEntry, Vocabulary


def other_names(vocabulary: Vocabulary, world: str) -> dict[int, tuple[str, ...]]:
    """Class index -> names that mean the same, of the classes that have any.

    The vocabulary's own synonyms; in the real world those of ``concepts.csv`` too. (The miniature's text encoder knows
    only the words of its own captions, and another word would be no name to it.) A name that another class bears, or
    that two classes share, is left out.

    Args:
        vocabulary: K classes.
        world: ``real`` or ``miniature``.
    """
    found = {
        entry.index: [*entry.synonyms, *(_of_concept(entry) if world == "real" else ())] for entry in vocabulary.classes
    }
    owners: dict[str, set[int]] = {}
    for entry in vocabulary.classes:
        for name in (entry.name, *found[entry.index]):
            owners.setdefault(plain(name), set()).add(entry.index)
    kept = {
        entry.index: tuple(
            dict.fromkeys(
                name for name in found[entry.index] if owners[plain(name)] == {entry.index} and name != entry.name
            )
        )
        for entry in vocabulary.classes
        if entry.index != vocabulary.background
    }
    return {index: names for index, names in kept.items() if names}


def strange_names(vocabulary: Vocabulary, world: str) -> tuple[str, ...]:
    """Names of classes of the shipped data sets of one world that have nothing to do with any class of a vocabulary.

    Nothing to do: the alignment knows no relation, neither to a class of the vocabulary nor to a name before. In the
    order of the cards' ids, then of their classes.
    """
    pool: list[ClassEntry] = []
    for card in list_cards():
        found = load_card(card)
        if found.world != world:
            continue
        names = found.vocabulary()
        free = _unrelated(names, vocabulary)
        if pool:
            free &= _unrelated(names, Vocabulary("pool", tuple(pool)))
        for entry in names.classes:
            if entry.index in free and entry.index != names.background:
                pool.append(ClassEntry(len(pool), entry.name, len(pool), entry.synonyms, entry.kind))
    return tuple(entry.name for entry in pool)


def _unrelated(names: Vocabulary, to: Vocabulary) -> set[int]:
    return {row.target.index for row in align(names, to) if row.relation == "none"}


def _of_concept(entry: ClassEntry) -> tuple[str, ...]:
    """Every name of the concept that a class means, its own included."""
    index = _concepts()
    known = [index[plain(name)] for name in (entry.name, *entry.synonyms) if plain(name) in index]
    return known[0] if known else ()


@lru_cache(maxsize=1)
def _concepts() -> dict[str, tuple[str, ...]]:
    """Plain name -> all names of its concept."""
    rows = [(concept.name, *concept.synonyms) for concept in load_concepts().values()]
    return {plain(name): row for row in rows for name in row}
