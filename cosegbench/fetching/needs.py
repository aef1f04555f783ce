"""What a view lacks, and which archives hold it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cosegbench.archive_cards import ArchiveCard
from cosegbench.card_schema import DatasetCard
from cosegbench.dataset import Dataset
from cosegbench.errors import CosegbenchError
from cosegbench.fetching.members import rules
from cosegbench.fetching.places import target_patterns
from cosegbench.image_lists import list_images
from cosegbench.verify import verify


@dataclass(frozen=True, slots=True)
class View:
    """What is fetched: splits of one card under conventions.

    Args:
        card: the data set's.
        splits: which.
        chosen: every convention that means something, as :meth:`DatasetCard.choose` returns them.
    """

    card: DatasetCard
    splits: tuple[str, ...]
    chosen: Mapping[str, str]

    def dataset(self, root: Path, split: str) -> Dataset:
        """One of its splits below a data root."""
        return Dataset(self.card, root, split, self.chosen)

    def archives(self) -> tuple[ArchiveCard, ...]:
        """The archives that these splits and conventions need."""
        return tuple(each for each in self.card.archives if each.needed(self.splits, self.chosen))


def missing(view: View, root: Path) -> list[str]:
    """What is not there, at a cheap look; one line each, with the split."""
    return [f"{split}: {line}" for split in view.splits for line in view.dataset(root, split).missing()]


def broken(view: View, root: Path, progress: Callable[[int], None], limit: int | None = None) -> list[str]:
    """What is wrong with files that are there, each of them opened.

    Args:
        view: of which nothing is missing.
        root: the data root.
        progress: called with 1 after each image.
        limit: only the first so many images of each split.
    """
    found = []
    for split in view.splits:
        dataset = view.dataset(root, split)
        report = verify(dataset if limit is None else dataset.subset(limit), progress=progress)
        found += [f"{split}: {line}" for line in report.problems]
    return found


def number_of_images(view: View, root: Path) -> int:
    """Images of all its splits together."""
    return sum(len(view.dataset(root, split)) for split in view.splits)


def lacking(view: View, root: Path) -> list[ArchiveCard]:
    """The archives to use for a view of which something is missing.

    Those of which something is not there; an archive of which the card names no members is among them. Where none is,
    files that are there are not the right ones, and all archives are needed.
    """
    ids = image_ids(view.card, view.splits, [root])
    archives = view.archives()
    return [each for each in archives if not _there(each, view.card, ids, root)] or list(archives)


def image_ids(card: DatasetCard, splits: Sequence[str], roots: Sequence[Path]) -> dict[str, frozenset[str] | None]:
    """Split -> the ids of its list, from the first root that has it; None where there is no list.

    The list counts as a whole, under no convention: what one of them leaves out, another one needs.
    """
    return {split: next((ids for root in roots if (ids := _listed(card, split, root))), None) for split in splits}


def _listed(card: DatasetCard, split: str, root: Path) -> frozenset[str] | None:
    dataset = Dataset(card, root, split, card.choose({}))
    if dataset.split_card.list is not None:
        with suppress(CosegbenchError):
            return frozenset(list_images(card, replace(dataset.split_card, exclude=()), dataset.labels))
    return None


def _there(archive: ArchiveCard, card: DatasetCard, ids: Mapping[str, frozenset[str] | None], root: Path) -> bool:
    """Whether everything is below the root that the archive is needed for."""
    patterns = target_patterns(archive)
    for pattern in patterns:
        for split, chosen in ids.items():
            path = pattern.replace("{split}", split)
            if archive.splits and split not in archive.splits:
                continue
            if not _enough(root, path, chosen, card.split(split, card.choose({})).count):
                return False
    return bool(patterns)


def _enough(root: Path, pattern: str, ids: frozenset[str] | None, count: int | None) -> bool:
    folder, _, name = pattern.rpartition("/")
    if "*" in folder:
        return False
    if "*" not in name and "{id}" not in name:
        return (root / pattern).is_file()
    (rule,) = rules([name], {"": ids})
    try:
        with os.scandir(root / folder) as entries:
            found = sum(rule.wants(entry.name) for entry in entries)
    except OSError:
        return False
    if "{id}" not in name:
        return found > 0
    return found >= (len(ids) if ids is not None else count or 1)
