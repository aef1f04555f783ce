"""What keeping text embeddings saves. Run with ``pytest tests/benchmarks/test_text_embeddings.py -s``."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cosegbench import TextRule
from cosegbench_baselines import class_text, text_files
from cosegbench_baselines.sources import load_clip

NAMES, ROUNDS = 847, 5


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of the best of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def test_a_vocabulary_that_is_kept_costs_less_than_one_that_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "embeddings_folder", lambda: tmp_path)
    loaded, rule = load_clip("miniature"), TextRule()
    words = sorted(word for word in loaded.clip.tokenizer.get_vocab() if word.isalpha())
    names = [" ".join(pair) for pair in itertools.islice(itertools.permutations(words, 2), NAMES)]

    def embed() -> torch.Tensor:
        return class_text.class_embeddings(loaded.clip, loaded.digest, names, rule)

    def from_disk() -> torch.Tensor:
        class_text.forget()
        return embed()

    encode = fastest(lambda: loaded.clip.encode_text(rule.sentences(names)))
    plain = loaded.clip.encode_text(rule.sentences(names))
    assert torch.equal(embed(), plain)
    disk, memory = fastest(from_disk), fastest(embed)
    assert torch.equal(from_disk(), plain)
    (path,) = tmp_path.iterdir()
    sys.stdout.write(
        f"\n{NAMES} names, miniature CLIP: encoded {encode:.0f} ms, from the file {disk:.0f} ms "
        f"({encode / disk:.1f}x), in the process {memory:.0f} ms ({encode / memory:.1f}x); {path.stat().st_size} bytes\n"
    )
    assert disk < encode
