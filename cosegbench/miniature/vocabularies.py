"""The vocabulary files of the five miniature views, made from the world's table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cosegbench.files import write_text
from cosegbench.locate import data_file
from cosegbench.miniature.world import CONCEPTS, CONTEXT_59_IDS, Concept
from cosegbench.vocabulary import COLUMNS, ClassEntry, Vocabulary


def _coco(concepts: Iterable[Concept]) -> list[ClassEntry]:
    """Classes in the order of their COCO-Stuff ids, called as captions call them; official names are synonyms."""
    official = _official("coco-stuff")
    entries = []
    for index, concept in enumerate(sorted(concepts, key=lambda each: each.coco)):
        others = dict.fromkeys((official[concept.coco], *concept.aliases))
        synonyms = tuple(name for name in others if name != concept.name)
        entries.append(ClassEntry(index, concept.name, concept.coco, synonyms, concept.kind))
    return entries


def _pascal(concepts: Iterable[Concept], id_of: Callable[[Concept], int], source: str) -> list[ClassEntry]:
    """Classes in the order of their Pascal ids under their official names. Concepts that share an id are one class."""
    official = _official(source)
    groups: dict[int, list[Concept]] = {}
    for concept in concepts:
        groups.setdefault(id_of(concept), []).append(concept)
    entries = []
    for index, native in enumerate(sorted(groups)):
        spoken = dict.fromkeys(name for each in groups[native] for name in (each.name, *each.aliases))
        synonyms = tuple(name for name in spoken if name != official[native])
        entries.append(ClassEntry(index, official[native], native, synonyms, groups[native][0].kind))
    return entries


def _official(vocabulary: str) -> dict[int, str]:
    """The authors' names by native id, from the vocabulary of the real data set."""
    real = Vocabulary.from_csv(data_file("datasets", "vocab", f"{vocabulary}.csv"), id=vocabulary)
    return {entry.native_id: entry.name for entry in real.classes}


def world_vocabularies() -> Mapping[str, tuple[ClassEntry, ...]]:
    """The classes of each miniature view by its id.

    Raises:
        CardError: a vocabulary of the real data sets cannot be read.
        MissingDataError: it is not there, which means a broken installation.
    """
    seen = [concept for concept in CONCEPTS if concept.seen]
    frequent = [concept for concept in seen if concept.context in CONTEXT_59_IDS]
    return {
        "miniature-coco-things": tuple(_coco(concept for concept in seen if concept.kind == "thing")),
        "miniature-coco-stuff": tuple(_coco(seen)),
        "miniature-voc20": tuple(_pascal((c for c in CONCEPTS if c.voc), lambda concept: concept.voc, "voc20")),
        "miniature-context59": tuple(_pascal(frequent, lambda concept: concept.context, "context459")),
        "miniature-context459": tuple(_pascal(CONCEPTS, lambda concept: concept.context, "context459")),
    }


def vocabulary_text(entries: Iterable[ClassEntry]) -> str:
    """The classes as the text of a vocabulary CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((e.index, e.native_id, e.name, ";".join(e.synonyms), e.kind) for e in entries)
    return stream.getvalue()


def write_vocabularies(folder: Path) -> list[Path]:
    """Writes ``<view>.csv`` for each miniature view into `folder` and returns the files.

    Raises:
        OSError: the folder cannot be written.
    """
    written = []
    for name, entries in world_vocabularies().items():
        written.append(folder / f"{name}.csv")
        write_text(written[-1], vocabulary_text(entries))
    return written
