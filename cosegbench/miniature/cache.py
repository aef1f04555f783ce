"""The miniature in the user's cache: drawn once, whole or not at all, by one process at a time."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import PIL
from platformdirs import user_cache_path

from cosegbench.errors import WorkError
from cosegbench.files import lock_handle, unlock_handle
from cosegbench.miniature.draw import DEFAULT_SIZES, MiniatureSizes, draw_miniature
from cosegbench.miniature.world import WORLD_VERSION

CACHE_VARIABLE = "COSEGBENCH_CACHE"
"""Environment variable that names another cache folder."""

LOCK_TIMEOUT_SECONDS = 600.0
"""How long a process waits for another that is drawing the same miniature."""


def cache_folder() -> Path:
    """The toolkit's cache folder: `COSEGBENCH_CACHE` where that is set, else the platform's user cache."""
    override = os.environ.get(CACHE_VARIABLE, "")
    return Path(override).expanduser() if override else user_cache_path("cosegbench", appauthor=False)


def miniature_digest(seed: int, sizes: MiniatureSizes) -> str:
    """16 hexadecimal digits that name a drawing: world version, seed, sizes, and the libraries that make its bytes."""
    identity = {
        "world": WORLD_VERSION,
        "seed": seed,
        "sizes": asdict(sizes),
        # Random streams and JPEG encoders may change between releases, and with them the bytes.
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def miniature_path(seed: int = 0, sizes: MiniatureSizes = DEFAULT_SIZES) -> Path:
    """Where :func:`ensure_miniature` puts a drawing; it is there whole, or not at all."""
    return cache_folder() / f"miniature-{miniature_digest(seed, sizes)}"


def ensure_miniature(seed: int = 0, *, sizes: MiniatureSizes = DEFAULT_SIZES) -> Path:
    """The miniature's data root in the cache, drawn on first use.

    A folder under its final name is always complete: the drawing is made beside it and renamed at the end.

    Args:
        seed: of the drawing.
        sizes: how many images of each part.

    Raises:
        WorkError: the cache cannot be written, or another process holds the lock too long.
    """
    final = miniature_path(seed, sizes)
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _locked(final.with_suffix(".lock")):
            if not final.is_dir():
                _draw_beside(final, seed, sizes)
    except OSError as error:
        raise WorkError(
            f"the miniature cannot be drawn into the cache folder {final.parent}: {error}. "
            f"Free some space (100 MB) or set {CACHE_VARIABLE} to a folder that can be written."
        ) from error
    return final


def _draw_beside(final: Path, seed: int, sizes: MiniatureSizes) -> None:
    """Draws into a new folder and renames it; leaves nothing behind when that fails."""
    # Whoever holds the lock is alone, so what an interrupted drawing left is nobody's.
    for leftover in final.parent.glob(f".{final.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        draw_miniature(part, seed, sizes=sizes)
        # mkdtemp makes private folders; the cache is as readable as the folder around it.
        part.chmod(final.parent.stat().st_mode & 0o777)
        part.rename(final)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds an advisory lock on `path`. The system drops it when the process ends, however it ends."""
    with path.open("a+b") as stream:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while not (taken := lock_handle(stream.fileno())):
            if taken is None:
                raise OSError(errno.ENOLCK, "its file system has no locks")
            if time.monotonic() > deadline:
                raise WorkError(
                    f"{path}: another process has been drawing the miniature for {LOCK_TIMEOUT_SECONDS:.0f} seconds. "
                    "End it, or set COSEGBENCH_CACHE to another folder."
                )
            time.sleep(0.2)
        try:
            yield
        finally:
            with suppress(OSError):
                unlock_handle(stream.fileno())
