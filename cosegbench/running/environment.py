"""What a record says about the machine and the code: versions, checkout, command line. No host name, no user name."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cosegbench
from cosegbench.records import Environment

_WATCHED = ("numpy", "pillow", "torch", "transformers", "tokenizers", "safetensors", "scipy")
_MODULES = {"pillow": "PIL"}


def describe_environment(command: Sequence[str] | None = None) -> Environment:
    """Versions of what is imported now, the state of the checkout, and the command line.

    Args:
        command: the words of the command line; those of this process by default.
    """
    commit, dirty = checkout_state(Path(cosegbench.__file__).resolve().parent.parent)
    return Environment(
        versions=versions(),
        platform=f"{platform.system()} {platform.machine()}",
        git_commit=commit,
        git_dirty=dirty,
        command=tuple(tidy_command(sys.argv if command is None else command)),
    )


def versions() -> dict[str, str]:
    """Python, cosegbench, and of the libraries that may change a bit those that are imported."""
    found = {"python": platform.python_version(), "cosegbench": cosegbench.__version__}
    for name in _WATCHED:
        if _MODULES.get(name, name) in sys.modules:
            found[name] = _installed(name)
    return found


def library_versions() -> dict[str, str]:
    """Versions of the libraries that may change a bit, as installed, whether imported yet or not.

    Part of a run's identity: a run that is gone on with after an upgrade would be half one thing and half another.
    """
    return {name: _installed(name) for name in _WATCHED}


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


_READ_BY_RUNS = ("cosegbench", "baselines", "datasets")
"""Folders of the checkout."""


def checkout_state(folder: Path) -> tuple[str | None, bool | None]:
    """Commit and dirty flag of the checkout whose top is ``folder``; (None, None) where it is none or git is absent.

    Results written by a run do not make the checkout dirty: files that git does not track count only in the folders
    whose code and cards a run reads.
    """
    if not (folder / ".git").exists():
        return None, None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    added = _git(folder, "ls-files", "--others", "--exclude-standard", "--", *_READ_BY_RUNS)
    return (commit or None), (None if changes is None or added is None else bool(changes or added))


def tidy_command(words: Sequence[str]) -> list[str]:
    """A command line without the path of the program and with the home folder written ``~``."""
    home = str(Path.home())
    named = [Path(words[0]).name, *words[1:]] if words else []
    if named and named[0] == "__main__.py":
        named[0] = "cosegbench"
    return [word.replace(home, "~") if len(home) > 1 else word for word in named]


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
