"""The same run by 1, 2, 3 and 4 processes under torchrun: are the records equal, and how long did each take?

    python tests/benchmarks/many_processes.py --processes 1 2 3 4 -- --suite miniature --predictor coseg-prefix

Words behind ``--`` go to ``cosegbench run``. Compared are all records, but for their times and command lines, and the
evidence files byte for byte. "1" is a process without torchrun. Threads a process are set, as the bits depend on them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def say(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def content(results: Path) -> dict[str, Any]:
    """Every file of a results folder; of a record all but its times and command line."""
    found: dict[str, Any] = {}
    for path in sorted(each for each in results.rglob("*") if each.is_file()):
        data: Any = path.read_bytes()
        if path.suffix == ".json" and not path.name.startswith("."):
            data = json.loads(data)
            data.pop("timing")
            data["environment"].pop("command")
        found[str(path.relative_to(results))] = data
    return found


def run(processes: int, words: list[str], results: Path, threads: int, launcher: bool) -> tuple[int, float]:
    """One run: exit code and seconds, from the start of the command to its end."""
    module = ["-m", "cosegbench", "run", *words, "--results", str(results), "--threads", str(threads)]
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)] if launcher else []
    before = time.perf_counter()
    with (results.parent / f"{results.name}.log").open("wb") as log:
        code = subprocess.run([sys.executable, *torchrun, *module], stdout=log, stderr=log, check=False).returncode
    return code, time.perf_counter() - before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    words = [word for word in given.words if word != "--"]
    os.environ.setdefault("OMP_NUM_THREADS", str(given.threads))  # torchrun would set 1
    expected: dict[str, Any] | None = None
    unequal = 0
    with tempfile.TemporaryDirectory() as folder:
        for processes in given.processes:
            results = Path(folder) / f"results-{processes}"
            code, seconds = run(processes, words, results, given.threads, launcher=processes > 1)
            found = content(results)
            expected = found if expected is None else expected
            other = [name for name in sorted(found.keys() | expected) if found.get(name) != expected.get(name)]
            failed = code != 0 or not found or bool(other)
            unequal += failed
            says = f"exit {code}, {', '.join(other) or 'no files'} differ" if failed else "equal"
            records = sum(name.endswith(".json") for name in found)
            say(f"{processes} processes: {records} records, {len(found)} files, {seconds:.1f} s: {says}")
            if code:
                say((results.parent / f"{results.name}.log").read_text(errors="replace")[-3000:])
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
