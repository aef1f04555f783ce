"""What a fetch is going to do, with its figures, before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosegbench.archive_cards import ArchiveCard
from cosegbench.card_schema import DatasetCard
from cosegbench.fetching.needs import View, lacking, missing
from cosegbench.fetching.places import archive_path
from cosegbench.fetching.space import free_bytes, require


@dataclass(frozen=True, slots=True)
class Plan:
    """Data sets that lack something, and what they lack.

    Args:
        lacks: data set id -> what is missing; empty where all is there at a cheap look.
        archives: what has to be downloaded, each once, with the card that names it first.
        to_download: bytes, as far as the cards know them.
        unknown: names of the archives whose size no card knows.
        needed: bytes that are taken at the fullest moment, as far as is known: an archive and what it unpacks to.
        free: bytes that are free.
    """

    lacks: dict[str, list[str]]
    archives: tuple[tuple[DatasetCard, ArchiveCard], ...]
    to_download: int
    unknown: tuple[str, ...]
    needed: int
    free: int

    def check_room(self, root: Path) -> None:
        """Refuse a plan for which the disk is too small, as far as is known beforehand.

        Raises:
            WorkError: says what is needed and what is free.
        """
        require(root, self.needed, "downloading and unpacking")

    def licences(self) -> list[str]:
        """The licences of what is downloaded, as one text for each, with whom to cite."""
        return list(dict.fromkeys(licence_text(card, archive) for card, archive in self.archives))


def licence_text(card: DatasetCard, archive: ArchiveCard) -> str:
    """What a person is asked to accept for an archive."""
    licence = archive.licence or card.licence or "no licence is stated by the card; see the homepage"
    lines = [f"Licence: {licence}"]
    lines += [f"{word}: {text}" for word, text in (("Homepage", card.homepage), ("Citation", card.citation)) if text]
    return "\n".join(lines)


def make_plan(views: Sequence[View], root: Path) -> Plan:
    """Look at what is there; nothing is asked of any server."""
    lacks = {view.card.id: missing(view, root) for view in views}
    found: dict[str, tuple[DatasetCard, ArchiveCard]] = {}
    for view in views:
        if lacks[view.card.id]:
            for archive in lacking(view, root):
                found.setdefault(archive.url, (view.card, archive))
    archives = tuple(found.values())
    sizes = [(_left(archive, root), archive.size or 0) for _, archive in archives]
    # Packed files do not grow much when they are unpacked; each archive is removed before the next one comes.
    kept = peak = 0
    for left, size in sizes:
        peak = max(peak, kept + left + size)
        kept += size
    return Plan(
        lacks=lacks,
        archives=archives,
        to_download=sum(left for left, _ in sizes),
        unknown=tuple(archive.name for _, archive in archives if archive.size is None),
        needed=peak,
        free=free_bytes(root),
    )


def _left(archive: ArchiveCard, root: Path) -> int:
    """Bytes of an archive that are still to come, as far as is known."""
    path = archive_path(root, archive)
    if path.is_file():
        return 0
    part = path.with_name(f"{path.name}.part")
    return max((archive.size or 0) - (part.stat().st_size if part.is_file() else 0), 0)
