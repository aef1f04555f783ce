"""Which images belong to a split: from a list, from a region file, or from the files that are there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from cosegbench.adapters.base import LabelReader
from cosegbench.adapters.region_reader import RegionReader
from cosegbench.adapters.regions import read_regions
from cosegbench.card_schema import DatasetCard, SplitCard
from cosegbench.errors import DataError, MissingDataError
from cosegbench.files import text_digest

_IMAGE_ID = re.compile(r"[^/\\\s.\x00-\x1f\x7f][^/\\\s\x00-\x1f\x7f]*")
_LONGEST = 200
"""Bytes of an image id: file systems end at 255, and suffixes and temporary names come on top."""


def image_list_digest(image_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted image ids, each followed by a line feed."""
    return text_digest("".join(f"{image_id}\n" for image_id in sorted(image_ids)))


def list_images(card: DatasetCard, split: SplitCard, labels: LabelReader) -> tuple[str, ...]:
    """The split's image ids, sorted, without repeats and without those that the card excludes.

    Args:
        card: the data set's card.
        split: the split under the chosen conventions.
        labels: the split's labels; a region file that they have read is not read again.

    Raises:
        MissingDataError: the list, or both folders where there is no list, are absent.
        DataError: the list holds something that is not an image id.
    """
    root = labels.source.root
    found: Iterable[str]
    if split.list is not None:
        found = _read_list(root / split.list.replace("{split}", split.name))
    elif split.images_json is not None:
        found = _read_json(root / split.images_json.replace("{split}", split.name), labels)
    else:
        found = _read_folders(card, labels)
    return tuple(sorted(set(found).difference(split.exclude)))


def _read_list(path: Path) -> list[str]:
    """One id a line; further words, blank lines and repeats are allowed, and the last line may lack its end."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise MissingDataError(f"{path} is missing: the list of images.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of images: {error}.") from error
    found = [line.split()[0] for line in lines if line.strip()]
    for number, image_id in enumerate(found, 1):
        if not _is_id(image_id):
            raise DataError(f"{path}, entry {number}: {image_id!r:.80} is no image id.")
    return found


def _is_id(text: str) -> bool:
    """Whether this can stand in a file's name, and cannot lead anywhere else."""
    return _IMAGE_ID.fullmatch(text) is not None and len(text.encode(errors="replace")) <= _LONGEST


def _read_json(path: Path, labels: LabelReader) -> list[str]:
    """All images that the file lists, those without annotations too; where it names a phase, that phase only."""
    if not path.is_file():
        raise MissingDataError(f"{path} is missing: the list of images.")
    if isinstance(labels, RegionReader) and labels.path("") == path:
        index = labels.index()
    else:
        index = read_regions(path, "annotations")
    for name in index:
        if not _is_id(name.replace(" ", "_")):
            raise DataError(f"{path}: lists a file whose name {name!r:.80} is no image id.")
    return [name for name, image in index.items() if image.split in (None, labels.source.split)]


def _read_folders(card: DatasetCard, labels: LabelReader) -> set[str]:
    """Every id that has a photograph or a label: a file that lacks its partner is then found by ``verify``."""
    photographs = labels.source.root / card.images.replace("{split}", labels.source.split)
    patterns = [photographs, *([Path(labels.pattern)] if "{id}" in labels.pattern else [])]
    folders = [pattern for pattern in patterns if pattern.parent.is_dir()]
    if not folders:
        raise MissingDataError(" and ".join(f"{pattern.parent} is missing" for pattern in patterns) + ".")
    found: set[str] = set()
    for pattern in folders:
        before, after = pattern.name.split("{id}")
        with os.scandir(pattern.parent) as entries:
            names = [e.name for e in entries if e.name.startswith(before) and e.name.endswith(after)]
        stems = (name[len(before) : len(name) - len(after)] for name in names if len(name) > len(before) + len(after))
        found.update(stem for stem in stems if _is_id(stem))
    return found
