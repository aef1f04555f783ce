"""A training on a CPU keeps the memory that it frees."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from cosegbench_baselines.training.memory import keep_freed_memory

def faults(megabytes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(megabytes << 18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def later():
    faults(64)
    return faults(48)  # glibc asks for some bytes more than an aligned block, so one of 64 would not always fit

print(later(), keep_freed_memory(), later())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arranged with glibc only")
def test_a_tensor_lies_in_the_pages_of_one_that_was_freed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, arranged, after = done.stdout.split()
    assert arranged == "True"
    # 12288 pages of 4 KB, or 24 huge ones where the kernel makes such by itself
    assert int(before) >= 24
    assert int(after) < int(before) / 8


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from cosegbench_baselines.training.memory import keep_freed_memory

    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert keep_freed_memory() is False
    monkeypatch.setattr("sys.platform", "darwin")
    assert keep_freed_memory() is False
