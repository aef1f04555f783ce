from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosegbench import dataset
from cosegbench.cores import available_cores
from cosegbench.running import cores
from cosegbench.running.cores import default_threads, reader_threads


@pytest.fixture
def sixty_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


@pytest.mark.usefixtures("sixty_four")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 64),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, 64),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "150000 100000"}, 2),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "5000 100000"}, 1),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "9900000 100000"}, 64),
        (
            {
                "proc/self/cgroup": "0::/user/job",
                "sys/fs/cgroup/user/cpu.max": "400000 100000",
                "sys/fs/cgroup/user/job/cpu.max": "max 100000",
            },
            4,
        ),
        (
            {
                "proc/self/cgroup": "7:memory:/m\n3:cpu,cpuacct:/host/path",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "1:cpu:/",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            64,
        ),
        ({"proc/self/cgroup": "nonsense", "sys/fs/cgroup/cpu.max": "what is this"}, 64),
    ],
    ids=["none", "unlimited", "two", "one and a half", "a twentieth", "more", "nested", "v1", "v1 unlimited", "broken"],
)
def test_a_share_of_time_that_a_container_was_given_limits_the_cores(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    assert available_cores(write(tmp_path, files)) == expected


@pytest.mark.parametrize(("available", "threads", "readers"), [(1, 1, 1), (2, 2, 2), (16, 16, 8), (64, 32, 8)])
def test_defaults_on_few_and_on_many_cores(
    monkeypatch: pytest.MonkeyPatch, available: int, threads: int, readers: int
) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: available)
    assert default_threads() == threads
    assert reader_threads(threads) == readers


def test_this_process_has_at_least_one_core() -> None:
    assert available_cores() >= 1


@pytest.mark.parametrize(("available", "expected"), [(1, 1), (2, 2), (64, 8)])
def test_label_files_are_read_on_the_cores_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch, available: int, expected: int
) -> None:
    monkeypatch.setattr(dataset, "available_cores", lambda: available)
    asked, real = [], dataset.ThreadPoolExecutor

    def pool(threads: int) -> ThreadPoolExecutor:
        asked.append(threads)
        return real(threads)

    monkeypatch.setattr(dataset, "ThreadPoolExecutor", pool)
    assert list(dataset.in_threads(str.upper, ["a", "b"])) == ["A", "B"]
    assert asked == [expected]
