"""Free disk space, looked at before it is needed."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosegbench.errors import WorkError

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size_text(number: int) -> str:
    """Bytes for people, in powers of 1000: ``1.9 GB``."""
    value, unit = float(number), 0
    while value >= 999.95 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{number} bytes" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def free_bytes(folder: Path) -> int:
    """Free bytes for this user where ``folder`` lies, or will lie."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def require(folder: Path, need: int, what: str) -> None:
    """Refuse work for which the disk is too small.

    Raises:
        WorkError: says what is needed, what is free, and where.
    """
    free = free_bytes(folder)
    if need > free:
        raise WorkError(
            f"{what} needs {size_text(need)} in {folder} and {size_text(free)} are free. "
            "Free some space or give another --data-root; nothing that was downloaded is lost."
        )


@contextmanager
def full_disk_explained(folder: Path, what: str) -> Iterator[None]:
    """Turn the system's "no space left" into an error that says what to do.

    Raises:
        WorkError: the disk or the user's quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WorkError(
            f"{what}: {folder} is full ({error.strerror}). Free some space and start the same command again: it goes "
            "on with what was downloaded."
        ) from error
