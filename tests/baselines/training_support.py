"""Tiny CoSeg trainings by the command line: in this process, in one of their own, or in several under ``torchrun``."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from safetensors.torch import load_file

SMALL = {
    "queries": 5,
    "blocks": 2,
    "heads": 2,
    "feedforward": 32,
    "reduce": 8,
    "taps": "1,2,3",
    "decoder_heads": 2,
    "decoder_feedforward": 16,
    "batch": 4,
    "holdout": 0,
    "dice_weight": 0.18,
}
"""A CoSeg on the tiny CLIP of ``conftest``, with dropout and a dice loss, whose mean over masks is hard to part."""

PATIENCE = 1200
"""Seconds after which something hangs: a machine that does other work needs minutes for what takes seconds."""


def arguments(root: Path, clip: Path, out: Path, predictor: str = "coseg-prefix", **settings: object) -> list[str]:
    """Of ``cosegbench``."""
    found = ["train", "--predictor", predictor, "--dataset", "miniature-coco-stuff", "--data-root", str(root)]
    found += ["--out", str(out), "--threads", "1", "--set", f"clip={clip}"]
    return [*found, *(part for name, value in {**SMALL, **settings}.items() for part in ("--set", f"{name}={value}"))]


def start(given: list[str], processes: int = 1) -> list[subprocess.Popen[str]]:
    """``cosegbench`` in processes of their own."""
    return start_python(["-m", "cosegbench", *given], processes)


def start_python(given: list[str], processes: int) -> list[subprocess.Popen[str]]:
    """As ``torchrun`` does it, without its agent: every process knows its number and where to meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1"}
    return [
        subprocess.Popen(
            [sys.executable, *given],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]


def finish(running: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Exit code, standard output and standard error of each."""
    try:
        told = [process.communicate(timeout=PATIENCE) for process in running]
    finally:
        for process in running:
            process.kill()  # does nothing to those that have ended
    return [(process.returncode, out, err) for process, (out, err) in zip(running, told, strict=True)]


def kill(running: list[subprocess.Popen[str]], state: Path) -> None:
    """``kill -9`` to all of them as soon as they have written a state; fails where they end before."""
    end, before = time.monotonic() + PATIENCE, state.stat().st_mtime_ns if state.exists() else None
    while not state.exists() or state.stat().st_mtime_ns == before:
        assert time.monotonic() < end, "nothing to go on from was written"
        assert all(process.poll() is None for process in running), finish(running)
        time.sleep(0.005)
    for process in running:
        process.kill()
    assert {code for code, *_ in finish(running)} == {-signal.SIGKILL}


def curve(path: Path) -> list[dict[str, str]]:
    """Rows of a curve without the time that they took."""
    with path.open(encoding="utf-8") as stream:
        return [{k: v for k, v in row.items() if not k.endswith("_s")} for row in csv.DictReader(stream)]


def same_weights(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same bits."""
    first, second = load_file(one), load_file(other)
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)
