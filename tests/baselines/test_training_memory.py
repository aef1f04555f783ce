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

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 << 20)  # 64 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def later():
    faults()
    return faults()

print(later(), keep_freed_memory(), later())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arranged with glibc only")
def test_the_second_tensor_of_a_size_needs_no_new_pages() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, arranged, after = done.stdout.split()
    assert arranged == "True"
    # 16384 pages of 4 KB, or 32 huge ones where the kernel makes such by itself
    assert int(before) >= 32
    assert int(after) < int(before) / 8


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from cosegbench_baselines.training.memory import keep_freed_memory

    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert keep_freed_memory() is False
    monkeypatch.setattr("sys.platform", "darwin")
    assert keep_freed_memory() is False
