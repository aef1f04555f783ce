"""Every reader on bytes that hypothesis makes up; `fuzz.py` does the same with atheris for as long as one likes."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzz.readers import READERS, attempt


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(b"")
@example(b"\0")
@given(data=st.binary(max_size=200))
def test_whatever_the_bytes_a_reader_reads_them_or_raises_a_typed_error(folder, name, data):
    attempt(READERS[name], data, folder)


@pytest.mark.parametrize("name", sorted(READERS))
def test_the_fuzzers_reach_the_readers_and_not_only_their_first_check(folder, name):
    # A fuzzer whose files are all refused for one and the same reason would find nothing behind it.
    words = set()
    for seed in range(100):
        data = bytes([2 + seed % 2]) + random.Random(seed).randbytes(60)
        error = attempt(READERS[name], data, folder)
        words.add(None if error is None else str(error))
    assert len(words) >= 4
