"""Moving what was unpacked into the data root: whole folders by one rename, single files by one rename each."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cosegbench.errors import DataError


@dataclass(slots=True)
class Moved:
    """What became of the unpacked files.

    Args:
        new: files that were not there.
        same: files that lay there already, with the same bytes.
        replaced: files that lay there with other bytes, as paths below the data root.
    """

    new: int = 0
    same: int = 0
    replaced: list[str] = field(default_factory=list)


def check_way(folder: Path, root: Path) -> None:
    """Refuse a data root in which one of the folders to be filled leads elsewhere.

    Args:
        folder: what was unpacked; stands for the root.
        root: the data root.

    Raises:
        DataError: a link out of the root, a file where a folder must be, or the reverse.
    """
    inside = root.resolve()
    for path in _all(folder):
        target = root / path.relative_to(folder)
        if target.is_symlink() and not target.resolve().is_relative_to(inside):
            raise DataError(
                f"{target} is a link that leads out of {root}, to {target.resolve()}. Fetch writes nothing outside "
                "the data root: give the folder that it leads to as --data-root, or remove the link."
            )
        if target.exists() and target.is_dir() != path.is_dir():
            kind = "folder" if target.is_dir() else "file"
            raise DataError(f"{target} is a {kind}, and the archive has something else of this name. Remove it.")


def move_in(folder: Path, root: Path) -> Moved:
    """Move everything below ``folder`` to the same place below ``root``, on the same file system.

    A folder that is not there yet appears with all its files at once. A file that differs is replaced.

    Raises:
        OSError: the data root cannot be written.
    """
    moved = Moved()
    _merge(folder, root, root, moved)
    return moved


def _merge(folder: Path, target: Path, root: Path, moved: Moved) -> None:
    for path in sorted(folder.iterdir()):
        place = target / path.name
        if path.is_dir():
            if place.is_dir():
                _merge(path, place, root, moved)
            else:
                moved.new += sum(1 for each in _all(path) if not each.is_dir())
                path.rename(place)
        elif not place.exists():
            path.replace(place)
            moved.new += 1
        elif filecmp.cmp(path, place, shallow=False):
            moved.same += 1
        else:
            path.replace(place)
            moved.replaced.append(str(place.relative_to(root)))


def _all(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir():
            yield from _all(path)
