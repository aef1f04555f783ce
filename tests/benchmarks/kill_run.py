"""Kills runs on the miniature at 50 random moments and compares each, started again, with an undisturbed one.

    python tests/benchmarks/kill_run.py [--kills 50] [--seed 0]

Plain Python, about five minutes of one core. Prints every moment and what it left; exits with 1 where a run differs.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from running.killing import Moment, Place, differences  # noqa: E402

BATCH = 4
IN_FLIGHT = 2 * BATCH
"""Images of two batches: one may be counted while the next is predicted."""
LIMIT = 24
COLUMNS = ("miniature-voc20", "miniature-context59")
SEEN = "KILL_RUN_SEEN"
PREDICTORS = """
import os

from cosegbench_baselines.predictors import CoSegPrefix
from cosegbench_baselines.reference import RandomLabels


def tell(images):
    with open(os.environ["KILL_RUN_SEEN"], "a") as stream:
        stream.write("".join(f"{image.info['image_id']}\\n" for image in images))


class Chance(RandomLabels):
    def predict(self, images):
        tell(images)
        return super().predict(images)


class Prefix(CoSegPrefix):
    def predict(self, images):
        tell(images)
        return super().predict(images)
"""

CALLS = [
    ("start", "link:.lock", 4),
    ("start", "commit:", 1),
    ("journal write", "insert:INTO batches", 20),
    ("journal write", "insert:INTO images", 20),
    ("journal write", "commit:", 20),
    ("predictions", "replace:.png", 60),
    ("evidence write", "replace:.npz", 4),
    ("record write", "replace:open-vocabulary.json", 2),
    ("record write", "replace:coseg-authors.json", 2),
    ("merge", "unlink:.journal.sqlite", 4),
    ("merge", "unlink:.lock", 4),
]
"""What it is part of, the call, and how often an undisturbed run makes it at least."""


class Runs:
    """The runs of one predictor.

    Args:
        folder: in which all lies.
        predictor: class in the predictors' file.
        columns: data sets of a run.
    """

    def __init__(self, folder: Path, predictor: str, columns: tuple[str, ...]) -> None:
        self.folder = folder / predictor
        file = folder / "predictors.py"
        file.write_text(PREDICTORS)
        self.words = [
            *("run", "--predictor", f"{file}:{predictor}", "--limit", str(LIMIT), "--batch-size", str(BATCH)),
            *("--threads", "1", "--results", "results", "--save-predictions", "predictions"),
            *("--protocol", "standard", "--protocol", "coseg-authors"),
            *(word for column in columns for word in ("--dataset", column)),
        ]
        whole, self.seen = self.place("undisturbed")
        before = _spent()
        if whole.finish():
            raise SystemExit((whole.folder / "stderr.txt").read_text())
        self.seconds = 1.5 * (_spent() - before)
        self.expected = whole.content()
        self.views = Counter(self.seen.read_text().split())

    def place(self, name: str) -> tuple[Place, Path]:
        seen = self.folder / f"{name}.txt"
        return Place(self.folder / name, self.words, {SEEN: str(seen)}), seen

    def disturbed(self, name: str, moments: list[Moment]) -> tuple[str, list[str]]:
        """Kill once or more, finish, compare: what the kills left, and what is wrong."""
        place, seen = self.place(name)
        left, wrong = [], []
        for moment in moments:
            killed, there = place.kill(moment), place.whole()
            known = {file: self.expected.get(file) for file in there}
            wrong += [f"{file} was not whole after the kill" for file in differences(there, known)]
            left.append(words_for(place, there) if killed else "ended before")
        if place.finish():
            wrong.append((place.folder / "stderr.txt").read_text())
        wrong += [f"{file} differs" for file in differences(place.content(), self.expected)]
        views = Counter(seen.read_text().split())
        twice = (views - self.views).total()
        if views.keys() != self.views.keys() or twice > IN_FLIGHT * len(moments):
            wrong.append(f"{twice} pictures were predicted again, of at most {IN_FLIGHT} in flight a kill")
        if not wrong:
            shutil.rmtree(place.folder)
        return f"{'; '.join(left)}; {twice} pictures predicted again", wrong


def _spent() -> float:
    """Processor seconds of the children that ended: other work on the machine does not stretch it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def words_for(place: Place, there: dict[str, Any]) -> str:
    """What a kill left."""
    records = sum(name.startswith("results") and name.endswith(".json") for name in there)
    return f"{records} records{', a half-written transaction' if place.left_open() else ''}"


def moments(rng: random.Random, runs: Runs, number: int) -> tuple[str, list[Moment]]:
    """What is hit and when: by turns any time, a named call, and the middle of SQLite's commit."""
    kind = number % 5
    if kind < 2:
        return "any time", [Moment("time", rng.uniform(0, runs.seconds))]
    if kind == 2:
        return "inside a commit", [Moment("call", f"commit::{rng.randint(2, 20)}:{rng.uniform(0, 0.003):.5f}")]
    part, call, times = rng.choice(CALLS)
    first = Moment("call", f"{call}:{rng.randint(1, times)}:{rng.choice(['before', 'after'])}")
    if kind == 3:
        return part, [first]
    return f"{part}, then any time", [first, Moment("time", rng.uniform(0, runs.seconds))]


def say(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = parser.parse_args()
    rng, done, results = random.Random(asked.seed), 0, []
    folder = Path(tempfile.mkdtemp(prefix="kill-run-"))
    chance, prefix = Runs(folder, "Chance", COLUMNS), Runs(folder, "Prefix", COLUMNS[:1])
    for runs in (chance, prefix):
        say(f"{runs.folder.name}: moments within {runs.seconds:.1f} s, {len(runs.expected)} files")
    while done < asked.kills:
        number = len(results)
        runs = prefix if number % 10 == 9 else chance
        part, when = moments(rng, runs, number)
        left, wrong = runs.disturbed(f"run-{number}", when)
        state = "DIFFERS" if wrong else "equal"
        say(f"{number:3} {runs.folder.name:7} {part}: {'; '.join(map(str, when))}: {left}: {state}")
        for line in wrong:
            say(f"      {line}")
        done += len(when)
        results.append((part, bool(wrong)))
    failed = sum(wrong for _, wrong in results)
    parts = ", ".join(f"{part} {count}" for part, count in sorted(Counter(part for part, _ in results).items()))
    say(f"{done} kills in {len(results)} runs ({parts}): {failed} differ")
    if not failed:
        shutil.rmtree(folder)
    return int(bool(failed))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
