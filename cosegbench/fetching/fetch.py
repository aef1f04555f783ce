"""Fetching one data set: each archive is obtained, looked at, unpacked beside the data, and moved into place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosegbench.archive_cards import ArchiveCard
from cosegbench.fetching.download import Patience
from cosegbench.fetching.members import rules
from cosegbench.fetching.needs import View, broken, image_ids, lacking, missing, number_of_images
from cosegbench.fetching.obtain import Obtained, obtain
from cosegbench.fetching.place import Moved, check_way, move_in
from cosegbench.fetching.places import archive_path, fetch_folder
from cosegbench.fetching.plan import licence_text
from cosegbench.fetching.progress import Progress
from cosegbench.fetching.space import full_disk_explained, require
from cosegbench.fetching.stores import Pins
from cosegbench.fetching.unpack import Wants, survey, unpack

QUICK_IMAGES = 16
"""How many images of each split are opened after a fetch; `datasets verify` opens all."""


@dataclass(slots=True)
class Fetched:
    """What was done for one data set.

    Args:
        state: ``"there"`` (nothing to do), ``"fetched"``, or ``"incomplete"`` (fetched, and something is wrong).
        problems: what is still wrong.
        archives: what was used and what became of its files, in order.
    """

    state: str
    problems: list[str] = field(default_factory=list)
    archives: list[tuple[ArchiveCard, Obtained, Moved]] = field(default_factory=list)


def fetch(
    view: View,
    root: Path,
    *,
    progress: Progress,
    accept: Callable[[list[str]], None],
    keep: Collection[str] = (),
    patience: Patience | None = None,
) -> Fetched:
    """Bring a view's files below a data root, whose lock is held.

    Args:
        view: what to fetch.
        root: the data root.
        progress: is told how it goes.
        accept: called with the licences of what is going to be downloaded; raises where they are not accepted.
        keep: addresses of archives that are left in the data root's folder of downloads.
        patience: how long to try each address.

    Raises:
        MissingDataError: an archive must be asked for by hand.
        DataError: an archive cannot be had as it should be, or something stands in its files' way.
        WorkError: there is no room.
    """
    _tidy(root)
    wanted = _needed(view, root, progress)
    if not wanted:
        return Fetched("there")
    accept(list(dict.fromkeys(licence_text(view.card, archive) for archive in wanted)))
    done = Fetched("fetched")
    for archive in wanted:
        done.archives.append((archive, *_one(view, archive, root, progress, patience)))
        if archive.url not in keep:
            remove_archives([archive], root)
    done.problems = missing(view, root) or broken(view, root, lambda _: None, QUICK_IMAGES)
    if done.problems:
        done.state = "incomplete"
    return done


def remove_archives(archives: Iterable[ArchiveCard], root: Path) -> None:
    """Remove downloaded archives; those that a person had to ask for stay."""
    for archive in archives:
        if not archive.by_hand:
            archive_path(root, archive).unlink(missing_ok=True)


def _needed(view: View, root: Path, progress: Progress) -> list[ArchiveCard]:
    """The archives to use: none where every file is there and can be read, all where one cannot."""
    if missing(view, root):
        return lacking(view, root)
    progress.start(f"looking at {view.card.id}", number_of_images(view, root), " images")
    try:
        problems = broken(view, root, progress.advance)
    finally:
        progress.stop()
    if problems:
        progress.remark(f"{view.card.id} is there, and {len(problems)} file(s) are wrong: {problems[0]}")
    return list(view.archives()) if problems else []


def _one(
    view: View, archive: ArchiveCard, root: Path, progress: Progress, patience: Patience | None
) -> tuple[Obtained, Moved]:
    splits = tuple(split for split in view.splits if not archive.splits or split in archive.splits)

    def examine(path: Path) -> None:
        survey(archive, path, _wants(archive, dict.fromkeys(splits)))

    # Photographs and labels are packed already, so they take about as much room again.
    unpacked = archive.size or 0
    got = obtain(archive, root, progress=progress, examine=examine, unpacked=unpacked, patience=patience)
    size = got.path.stat().st_size
    folder = Path(tempfile.mkdtemp(prefix="unpack-", dir=fetch_folder(root)))
    try:
        with full_disk_explained(root, f"unpacking {archive.name}"):
            _unpack(view, archive, splits, got.path, folder, root, progress)
            check_way(folder, root)
            if got.checked == "nothing":
                Pins(root).put(archive.url, got.sha256, size, got.source)
                progress.remark(f"{archive.name}: no hash is published; pinned {got.sha256} in {Pins(root).path}")
            moved = move_in(folder, root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if moved.replaced:
        progress.remark(f"{len(moved.replaced)} file(s) had other bytes and were replaced, {moved.replaced[0]} first")
    return got, moved


def _unpack(
    view: View, archive: ArchiveCard, splits: tuple[str, ...], path: Path, folder: Path, root: Path, progress: Progress
) -> None:
    """First the lists, which say which photographs and labels are wanted."""
    lists = tuple(pattern for pattern in archive.members if "{id}" not in pattern)
    rest = tuple(pattern for pattern in archive.members if "{id}" in pattern)
    if lists:
        unpack(archive, path, folder, _matching(lists, dict.fromkeys(splits)))
    if lists and not rest:
        return
    ids = image_ids(view.card, splits, [folder, root])
    wants = _matching(rest, ids) if rest else _wants(archive, ids)
    size = survey(archive, path, wants)
    require(root, size, f"unpacking {archive.name}")
    progress.start(f"unpacking {archive.name}", size, "B")
    try:
        unpack(archive, path, folder, wants, progress.advance)
    finally:
        progress.stop()


def _wants(archive: ArchiveCard, ids: Mapping[str, frozenset[str] | None]) -> Wants:
    """Whether a member is needed; of a card that names no members, all are."""
    return _matching(archive.members, ids) if archive.members else lambda _: True


def _matching(patterns: tuple[str, ...], ids: Mapping[str, frozenset[str] | None]) -> Wants:
    found = rules(patterns, ids)
    return lambda name: any(rule.wants(name) for rule in found)


def _tidy(root: Path) -> None:
    """Remove what a fetch that was killed left behind; whoever holds the lock is alone."""
    for leftover in fetch_folder(root).glob("unpack-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # Pooch's own temporary files. What had been downloaded lies in `*.part`.
    for leftover in fetch_folder(root).glob("archives/**/tmp*"):
        if len(leftover.name) == 11 and "." not in leftover.name and leftover.is_file():
            leftover.unlink(missing_ok=True)
