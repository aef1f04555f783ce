"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def available_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: those that it may be scheduled on, or fewer where a container limits its time.

    A container that was given 2 of 64 cores as a share of time still sees all 64; 64 threads on them would mostly wait
    for each other.

    Args:
        root: where ``proc`` and ``sys`` are mounted.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_limits(root)]))


def _limits(root: Path) -> Iterator[int]:
    """The limits of Linux's control groups (version 2 and 1) on this process and on every group that holds it."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            folders, quota = [root / "sys/fs/cgroup"], _quota_2
        elif "cpu" in controllers.split(","):
            # The controller is mounted by its own name, by that of its list, or both.
            folders, quota = [root / "sys/fs/cgroup" / name for name in {"cpu", controllers}], _quota_1
        else:
            continue
        # Inside a container the path is often that of the host, and only the top of the tree can be seen.
        for group in (PurePosixPath(path), *PurePosixPath(path).parents):
            for folder in folders:
                limit = quota(folder / str(group).lstrip("/"))
                if limit is not None:
                    yield limit


def _quota_2(group: Path) -> int | None:
    words = _read(group / "cpu.max").split()
    return _cores(words[0], words[1]) if len(words) == 2 else None


def _quota_1(group: Path) -> int | None:
    return _cores(_read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us"))


def _cores(quota: str, period: str) -> int | None:
    """Time a period as a number of cores, rounded up; None where there is no limit."""
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return math.ceil(share) if share > 0 else None


def _read(path: Path) -> str:
    """The text of a small file; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
