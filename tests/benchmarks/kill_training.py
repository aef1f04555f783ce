"""A training on the miniature by two processes, killed twice at random, against the same training left alone.

``python tests/benchmarks/kill_training.py OUT --seed 1`` trains into OUT under torchrun, then again by the same
command, which is killed with SIGKILL at two moments drawn from the seed and started again each time. It prints the
moments and fails unless the weights are equal bit for bit and the curves line by line, but for the time that they took.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

KILLS, PROCESSES = 2, 2
SAVE_EVERY = 10
MOST_STATES = 4
"""A start is killed within the time of one state after its first to fourth, so two of them take 100 steps or less."""


def command(out: Path, predictor: str, steps: int, extra: list[str]) -> list[str]:
    """What a user types; every step has a row in the curve."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    train = ["-m", "cosegbench", "train", "--predictor", predictor, "--dataset", "miniature-coco-stuff"]
    settings = {"steps": steps, "parts": PROCESSES, "save_every": SAVE_EVERY, "log_every": 1}
    pairs = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    return [*torchrun, *train, "--recipe", "paper", "--threads", "1", "--out", str(out), *pairs, *extra]


def start(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """In a process group of its own."""
    with log.open("ab") as stream:
        return subprocess.Popen(words, stdout=stream, stderr=stream, start_new_session=True)


def family(pid: int) -> list[int]:
    """A process and all that descend from it: torchrun gives its workers groups of their own."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


def kill(running: subprocess.Popen[bytes], state: Path, states: int, wait: float) -> None:
    """``kill -9`` to all processes, so many seconds after this start wrote so many states."""
    for _ in range(states):
        before = state.stat().st_mtime_ns if state.exists() else 0
        while running.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            time.sleep(0.01)
    end = time.monotonic() + wait
    while running.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    if running.poll() is not None:
        sys.exit("the training ended before it was killed: give more --steps.")
    for pid in family(running.pid):
        os.kill(pid, signal.SIGKILL)
    running.wait()


def curve(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def finish(words: list[str], log: Path) -> None:
    if start(words, log).wait():
        sys.exit(f"the training failed, see {log}")


def timeless(row: dict[str, str]) -> dict[str, str]:
    """A row of a curve without the time that it took."""
    return {name: value for name, value in row.items() if not name.endswith("_s")}


def differences(whole: Path, killed: Path) -> list[str]:
    """What of two trainings is not the same, in words."""
    found = []
    if whole.read_bytes() != killed.read_bytes():
        found.append(f"{whole} and {killed} differ")
    one, other = curve(whole.with_suffix(".csv")), curve(killed.with_suffix(".csv"))
    if len(one) != len(other):
        found.append(f"the curves have {len(one)} and {len(other)} rows")
    pairs = zip(one, other, strict=False)
    return found + [f"step {a['step']}: {a} and {b}" for a, b in pairs if timeless(a) != timeless(b)]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("out", type=Path, help="folder of both trainings")
    words.add_argument("--predictor", default="coseg-prefix", help="or coseg-xatten [coseg-prefix]")
    words.add_argument("--steps", type=int, default=120, help="of each training [120]")
    words.add_argument("--seed", type=int, default=0, help="of the moments [0]")
    given, extra = words.parse_known_args()
    given.out.mkdir(parents=True, exist_ok=True)
    # finished, it is not trained again: other moments compare with the same
    whole = given.out / f"{given.predictor}-whole.safetensors"
    finish(command(whole, given.predictor, given.steps, extra), whole.with_suffix(".log"))
    between = float(curve(whole.with_suffix(".csv"))[-1]["wall_s"]) * SAVE_EVERY / given.steps
    killed = given.out / f"{given.predictor}-killed-{given.seed}.safetensors"
    again, log = command(killed, given.predictor, given.steps, extra), killed.with_suffix(".log")
    moments = random.Random(given.seed)
    drawn = [(moments.randint(1, MOST_STATES), moments.random() * between) for _ in range(KILLS)]
    for states, wait in drawn:
        kill(start(again, log), killed.with_suffix(".state"), states, wait)
    finish(again, log)
    resumed = [line.split()[4] for line in log.read_text().splitlines() if line.startswith("goes on at step")]
    found = differences(whole, killed)
    told = " and ".join(f"{wait:.1f} s after state {states}" for states, wait in drawn)
    sys.stdout.write(
        f"{given.predictor}, {given.steps} steps, {PROCESSES} processes, seed {given.seed}: killed {told}, went on at "
        f"steps {' and '.join(resumed)}: {'; '.join(found) or 'weights equal to the bit, curves line by line'}\n"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
