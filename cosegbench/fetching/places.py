"""Where fetching keeps its own files: one hidden folder of the data root, so that moves never cross a file system."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from cosegbench.archive_cards import ArchiveCard

FOLDER = ".fetch"
"""Below the data root: pins, accepted licences, the lock, archives on their way, and what is being unpacked."""


def fetch_folder(root: Path) -> Path:
    """The folder of a data root that fetching writes to, apart from the data itself."""
    return root / FOLDER


def archive_path(root: Path, archive: ArchiveCard) -> Path:
    """Where an archive lies once it has been downloaded; a person may put it there as well.

    The whole address is in it, because one host may serve two files of one name.
    """
    parts = urlsplit(archive.url)
    host = (parts.hostname or "").lower() + (f"_{parts.port}" if parts.port else "")
    return fetch_folder(root).joinpath("archives", host, *PurePosixPath(unquote(parts.path)).parts[1:])


def target_patterns(archive: ArchiveCard) -> tuple[str, ...]:
    """Its members as patterns below the data root; empty where all of an archive is unpacked."""
    names = (archive.name,) if archive.kind == "file" else archive.members
    return tuple(str(PurePosixPath(archive.unpack_to) / name) for name in names)
