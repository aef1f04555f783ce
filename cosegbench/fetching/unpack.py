"""Unpacking into a folder of its own: only what is asked for, nothing outside it, and no more than allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from cosegbench.archive_cards import ArchiveCard
from cosegbench.errors import DataError
from cosegbench.fetching.containers import Container, Member, open_container
from cosegbench.fetching.members import same_place
from cosegbench.fetching.space import size_text

Wants = Callable[[str], bool]

BLOCK = 4096
"""What a small file takes on disk at least."""

_CHUNK = 1 << 18
_RATIO, _SPARE = 10, 64 << 20
"""Photographs and label maps are packed already: an archive without a limit of its own may unpack to 10 times its size
and 64 MiB."""

_MOST_FILES = 2_000_000


def unpacked_limit(archive: ArchiveCard, path: Path) -> int:
    """How many bytes an archive may unpack to."""
    return archive.unpacked_limit or _RATIO * path.stat().st_size + _SPARE


def survey(archive: ArchiveCard, path: Path, wants: Wants) -> int:
    """Look at every member before any is written.

    Args:
        archive: the card's facts.
        path: the file.
        wants: whether a member of this name is needed.

    Returns:
        Bytes that the wanted files take on disk, roughly.

    Raises:
        DataError: it is damaged, has a name that leads elsewhere, a wanted link or device, two files in one place, more
            bytes than allowed, or nothing that is wanted.
    """
    if archive.kind == "file":
        return 0
    limit = unpacked_limit(archive, path)
    files: dict[str, str] = {}
    crossing: list[Member] = []
    size = count = 0
    with open_container(path, archive.kind, limit) as container:
        for member in container:
            count += 1
            if count > _MOST_FILES:
                raise DataError(f"it has more than {_MOST_FILES} members.")
            if member.kind == "other":
                crossing.append(member)
            if member.kind != "file" or not wants(member.name):
                continue
            if (other := files.setdefault(same_place(member.name), member.name)) is not member.name:
                raise DataError(f"its members {other!r} and {member.name!r} have one place on some systems.")
            size += member.size
            if size > limit:
                raise DataError(f"it unpacks to more than {size_text(limit)}, the most that its card allows.")
    _no_links(crossing, files, wants)
    _no_file_is_a_folder(files)
    if not files:
        raise DataError("it holds nothing of what its card says.")
    return size + BLOCK * len(files)


def _no_links(members: list[Member], files: dict[str, str], wants: Wants) -> None:
    """Refuse links and devices that are wanted, or through which a wanted file's path leads."""
    folders = {str(parent) for place in files for parent in PurePosixPath(place).parents}
    for member in members:
        if wants(member.name) or same_place(member.name) in folders:
            raise DataError(f"its member {member.name!r} is a link or a device.")


def _no_file_is_a_folder(files: dict[str, str]) -> None:
    for place, name in files.items():
        if parent := next((str(up) for up in PurePosixPath(place).parents if str(up) in files), None):
            raise DataError(f"its member {files[parent]!r} is a file and the folder of {name!r}.")


def unpack(
    archive: ArchiveCard, path: Path, staging: Path, wants: Wants, advance: Callable[[int], None] = lambda _: None
) -> int:
    """Write the wanted files of a surveyed archive below ``staging``, a new folder that holds no links.

    Args:
        archive: the card's facts.
        path: the file; a plain file is linked or moved, not copied.
        staging: stands for the data root.
        wants: whether a member of this name is needed.
        advance: told the bytes of each file.

    Returns:
        How many files were written.

    Raises:
        DataError: as :func:`survey`, or a member's bytes are damaged.
        OSError: the disk is full, or the folder cannot be written.
    """
    base = staging / archive.unpack_to
    if archive.kind == "file":
        base.mkdir(parents=True, exist_ok=True)
        try:
            (base / archive.name).hardlink_to(path)
        except OSError:  # not every file system has links
            path.rename(base / archive.name)
        return 1
    count = 0
    with open_container(path, archive.kind, unpacked_limit(archive, path)) as container:
        for member in container:
            if member.kind == "file" and wants(member.name):
                _write(container, member, base / member.name)
                count += 1
                advance(member.size)
    return count


def _write(container: Container, member: Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # "x": should a name have slipped through twice, nothing is followed and nothing is overwritten.
    with container.open(member) as source, target.open("xb") as sink:
        if (written := _copy(source, sink, member.size)) != member.size:
            raise DataError(f"its member {member.name!r} has {written} of {member.size} bytes.")


def _copy(source: IO[bytes], sink: IO[bytes], most: int) -> int:
    done = 0
    while done < most and (chunk := source.read(min(_CHUNK, most - done))):
        sink.write(chunk)
        done += len(chunk)
    source.read(1)  # a zip's checksum is compared at its end
    return done
