"""Whole files or no files: the one way in which the toolkit writes anything that must survive a crash."""

from __future__ import annotations

import glob
import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20
_LONGEST = 200
"""Bytes of a name that its temporary file repeats whole: file systems take 255 bytes a name."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` for binary writing; it replaces ``path`` when the block ends well.

    The bytes are synced to disk before the rename, so that a reader sees the old file or the whole new one and never
    a part. Where the block raises, the temporary file is removed and ``path`` is as it was. Parents are created.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{_short(path.name)}.{secrets.token_hex(6)}.part")
    # Not tempfile's: its files are private, and a result should be as readable as any other file of this user.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    _sync_folder(path.parent)


def remove_parts(folder: Path, name: str = "*") -> None:
    """Remove the temporary files that killed processes left beside ``name``.

    Only for a caller who knows that nobody writes there now. A file that cannot be removed is left: it does no harm.

    Args:
        folder: where to look; need not exist.
        name: of the file that was being written; ``*`` for every file.
    """
    pattern = "*" if name == "*" else glob.escape(_short(name))
    for part in folder.glob(f".{pattern}.*.part"):
        with suppress(OSError):
            part.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically (see :func:`atomic_file`)."""
    with atomic_file(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` as UTF-8 to ``path`` atomically, without translating line ends."""
    write_bytes(path, content.encode("utf-8"))


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _short(name: str) -> str:
    """A name, or its beginning where a longer one made of it would not fit."""
    return name if len(os.fsencode(name)) <= _LONGEST else name[: _LONGEST // 4]


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the platform lets a folder be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # behind the content, which others must be able to read

    def lock_handle(handle: int) -> bool | None:
        """As below."""
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

    def has_locks(_folder: Path) -> bool:
        """As below."""
        return True

    def unlock_handle(handle: int) -> None:
        """As below."""
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock_handle(handle: int) -> bool | None:
        """Take the system's lock on an open file without waiting; the system drops it when the process ends.

        Returns:
            Whether it was taken; None where the file system has no locks.
        """
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def has_locks(folder: Path) -> bool:
        """Whether files of a folder can be locked byte by byte, as SQLite does; True where that cannot be found out."""
        try:
            with tempfile.TemporaryFile(dir=folder) as stream:
                try:
                    fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    return False
        except OSError:
            pass
        return True

    def unlock_handle(handle: int) -> None:
        """Drop the lock of :func:`lock_handle`."""
        fcntl.flock(handle, fcntl.LOCK_UN)
