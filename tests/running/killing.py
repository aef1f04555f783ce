"""Killing a run by SIGKILL at a chosen moment, starting it again, and comparing it with an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOOK = Path(__file__).with_name("kill_hook")
ROLLBACK = "-journal"
"""Ending of the file that SQLite keeps while a transaction is being written."""


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Args:
        kind: ``time`` (seconds after the start) or ``call`` (see ``kill_hook/sitecustomize.py``).
        value: the seconds, or the call.
    """

    kind: str
    value: float | str

    def __str__(self) -> str:
        return f"{self.kind} {self.value:.3f}" if isinstance(self.value, float) else f"{self.kind} {self.value}"


@dataclass
class Place:
    """One run's folder, in which its relative paths lie.

    Args:
        folder: made where it does not exist.
        words: of the command line, behind ``python -m cosegbench``.
        environment: variables beside those of this process.
    """

    folder: Path
    words: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, call: str = "") -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, **self.environment, "PYTHONPATH": path, "COSEGBENCH_TEST_KILL": call}
        return subprocess.Popen(
            [sys.executable, "-m", "cosegbench", *self.words],
            cwd=self.folder,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr.txt").open("ab"),
        )

    def finish(self) -> int:
        """Run to the end; the exit code."""
        return self.start().wait()

    def kill(self, moment: Moment) -> bool:
        """Start, and kill at the moment; False where the run ended before it came."""
        process = self.start(str(moment.value) if moment.kind == "call" else "")
        if moment.kind == "time":
            time.sleep(float(moment.value))
            process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    def left_open(self) -> bool:
        """Whether a kill left a transaction half-written on disk, for the next start to roll back."""
        # A finished transaction leaves the file too, its header overwritten with zeros.
        return any(path.read_bytes()[:1] > b"\0" for path in (self.folder / "results").rglob(f"*{ROLLBACK}"))

    def content(self) -> dict[str, Any]:
        """Every file of results and predictions, hidden ones too; of a record all but its times."""
        return {
            str(path.relative_to(self.folder)): _content(path)
            for part in ("results", "predictions")
            for path in sorted((self.folder / part).rglob("*"))
            if path.is_file()
        }

    def whole(self) -> dict[str, Any]:
        """Of :meth:`content`, what a reader may meet at any time: records, evidence and predictions."""
        return {name: content for name, content in self.content().items() if _is_final(Path(name))}


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Names of files that are missing, too many, or other."""
    return [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]


def _is_final(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix in (".json", ".npz", ".png")


def _content(path: Path) -> Any:
    data = path.read_bytes()
    if path.suffix == ".json" and not path.name.startswith("."):
        values = json.loads(data)
        values.pop("timing", None)
        return values
    return data
