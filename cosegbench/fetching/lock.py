"""One fetch at a time in a data root."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cosegbench.fetching.places import fetch_folder


@contextmanager
def fetch_lock(root: Path, remark: Callable[[str], None]) -> Iterator[None]:
    """Hold the data root's lock; waits for another fetch, and says for which.

    The system drops the lock when its process ends, however it ends, so none is ever stale.

    Raises:
        OSError: the data root cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = fetch_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(folder / "lock"), folder / "owner"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        remark(f"another fetch into {root} is at work{_named(owner)}; waiting for it")
        lock.acquire()
    try:
        owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            owner.unlink(missing_ok=True)
        lock.release()


def _named(owner: Path) -> str:
    with suppress(OSError, ValueError):
        return f" ({owner.read_text(encoding='utf-8')[:200]})"
    return ""
