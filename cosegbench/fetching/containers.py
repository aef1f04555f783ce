"""Zip and tar files as one thing: members with a safe name, a size and a kind, and their bytes."""

from __future__ import annotations

import errno
import gzip
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from cosegbench.errors import DataError
from cosegbench.fetching.members import safe_name
from cosegbench.fetching.space import size_text

_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, struct.error,
    NotImplementedError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""What the readers raise on bytes that are no archive. `RuntimeError` is an encrypted zip."""

_LARGEST_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive.

    Args:
        name: path below the folder that it is unpacked to.
        size: bytes that it unpacks to, as the archive states and its reader enforces.
        kind: ``"file"``, ``"folder"`` or ``"other"`` (a link, a device).
        handle: the reader's own object.
    """

    name: str
    size: int
    kind: str
    handle: Any


class Container(Protocol):
    """An opened archive."""

    def __iter__(self) -> Iterator[Member]:
        """Its members in their order."""
        ...

    def open(self, member: Member) -> IO[bytes]:
        """The bytes of a file."""
        ...


@contextmanager
def open_container(path: Path, kind: str, limit: int) -> Iterator[Container]:
    """Open an archive.

    Args:
        path: its file.
        kind: as :attr:`ArchiveCard.kind <cosegbench.archive_cards.ArchiveCard.kind>`, not ``"file"``.
        limit: how many bytes a compressed tar may unpack to before its reader stops.

    Raises:
        DataError: it is no archive of that kind, is cut short, damaged, encrypted or hostile, or goes over the limit.
    """
    try:
        if kind == "zip":
            with zipfile.ZipFile(path) as opened:
                yield _Zip(opened)
        else:
            # Opened by us and not by tarfile, which would read a header of any length into memory.
            with gzip.open(path) if kind == "tar.gz" else path.open("rb") as stream:
                bounded = _Bounded(cast(IO[bytes], stream), limit if kind == "tar.gz" else path.stat().st_size)
                with tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:") as opened_tar:
                    yield _Tar(opened_tar, bounded)
    except _BROKEN as error:
        raise DataError(f"it cannot be read as {kind}: {error or type(error).__name__}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a damaged zip sends its reader to a place before the first byte
            raise
        raise DataError(f"it cannot be read as {kind}: {error}.") from error


class _Zip:
    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[Member]:
        for info in self._opened.infolist():
            # `filename` ends at a zero byte, which hides what comes after it.
            name, kind = safe_name(info.orig_filename), stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1:
                raise DataError(f"its member {name!r} is encrypted.")
            folder = info.is_dir() or kind == stat.S_IFDIR
            file = kind in (0, stat.S_IFREG)
            yield Member(name, info.file_size, "folder" if folder else "file" if file else "other", info)

    def open(self, member: Member) -> IO[bytes]:
        return self._opened.open(member.handle)


class _Tar:
    def __init__(self, opened: tarfile.TarFile, stream: _Bounded) -> None:
        self._opened, self._stream = opened, stream

    def __iter__(self) -> Iterator[Member]:
        for info in self._opened:
            name = safe_name(info.name)
            kind = "folder" if info.isdir() else "file" if info.isreg() and not info.issparse() else "other"
            if kind != "other":
                tarfile.data_filter(info, ".")  # the library's own opinion, after ours
            yield Member(name, info.size, kind, info)
        # The library takes a damaged or missing header for the end of the archive; the true end is a block of zeros.
        self._stream.seek(self._opened.offset)
        if self._stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise DataError("it is cut short or damaged: the tar file has no end.")
        self._stream.drain()

    def open(self, member: Member) -> IO[bytes]:
        stream = self._opened.extractfile(member.handle)
        if stream is None:
            raise DataError(f"its member {member.name!r} has no bytes.")
        return stream


class _Bounded:
    """A stream that refuses to be read further than a limit, or by much at once."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit = stream, limit

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise DataError(f"one of its headers has {size_text(size) if size >= 0 else 'no end'}.")
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def drain(self) -> None:
        """Read to the end, where a compressed stream keeps its checksum."""
        while self.read(1 << 16):
            pass

    def _check(self, offset: int) -> None:
        # Headers and padding come on top of the members' bytes, and a read may ask for more than there is.
        if offset > 2 * self._limit + (64 << 20):
            raise DataError(f"it unpacks to more than {size_text(self._limit)}, the most that its card allows.")
