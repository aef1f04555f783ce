"""Fuzz one reader with atheris: ``python tests/fuzz/fuzz.py READER --runs 200000``.

Ends with exit code 0 after that many executions without a finding. A finding is an exception that is no typed error of
cosegbench, a crash, an execution of more than 5 seconds, or more than 1 GB of memory; it is written to ``--out``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "baselines"), str(ROOT / "tests")]


def main() -> None:
    from fuzz.readers import READERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=sorted(READERS))
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()), help="folder for findings")
    given = parser.parse_args()
    import atheris

    with atheris.instrument_imports(include=["cosegbench", "cosegbench_baselines"]):
        _import_readers(given.reader)
    from fuzz.readers import attempt

    reader = READERS[given.reader]
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="cosegbench-fuzz-", dir=memory if memory.is_dir() else None))
    tally = {"executions": 0, "read": 0, "refused": 0}
    started = time.monotonic()

    def one(data: bytes) -> None:
        tally["executions"] += 1
        tally["refused" if attempt(reader, data, folder) else "read"] += 1
        if tally["executions"] == given.runs:
            seconds = time.monotonic() - started
            print(f"{given.reader}: {tally} in {seconds:.0f} s", file=sys.stderr, flush=True)  # noqa: T201

    options = [
        *(f"-runs={given.runs}", f"-seed={given.seed}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=4096"),
        *("-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={given.out}{os.sep}{given.reader}-"),
    ]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def _import_readers(name: str) -> None:
    """Import what will be fuzzed under instrumentation, by one harmless execution."""
    from fuzz.readers import READERS, attempt

    with tempfile.TemporaryDirectory() as folder:
        for data in (b"", b"\1", b"\2", b"\3"):
            attempt(READERS[name], data, Path(folder))


if __name__ == "__main__":
    main()
