"""Several real processes that share one run, started as a launcher starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from running.killing import HOOK
from running.support import World

LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


def start(words: list[str], process: int, processes: int, **variables: str) -> subprocess.Popen[str]:
    """One process of several."""
    own = ["--process", str(process), "--processes", str(processes), "--patience", "60"]
    environment = {name: value for name, value in os.environ.items() if name not in LAUNCHER}
    return subprocess.Popen(
        [sys.executable, "-m", "cosegbench", *words, *own],
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(call: str) -> dict[str, str]:
    """Variables of a process that kills itself at a call (see ``kill_hook/sitecustomize.py``)."""
    path = os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path, "COSEGBENCH_TEST_KILL": call}


def together(words: list[str], processes: int) -> list[tuple[int, str, str]]:
    """All processes of a run to their ends: exit code, standard output and error of each."""
    begun = [start(words, process, processes) for process in range(processes)]
    ended = [process.communicate() for process in begun]
    return [(process.returncode, *texts) for process, texts in zip(begun, ended, strict=True)]


def record(world: World, predictor: str = "mine.Brightness") -> dict[str, Any]:
    """A record but for its times and the command line."""
    values: dict[str, Any] = json.loads((world.results / predictor / "mine.open-vocabulary.json").read_text())
    del values["timing"], values["environment"]["command"]
    return values


def left_behind(world: World) -> list[str]:
    """Files of the results folder that are no result, hidden ones too."""
    files = [path.name for path in world.results.rglob("*") if path.is_file()]
    return sorted(name for name in files if name.startswith(".") or not name.endswith((".json", ".npz")))


def journals(folder: Path) -> list[str]:
    """Names of the journals in a results folder."""
    return sorted(path.name for path in folder.rglob("*.sqlite"))
