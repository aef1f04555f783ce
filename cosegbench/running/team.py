"""The processes that share a run: how many, which one this is, and which batches are its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cosegbench.errors import RequestError
from cosegbench.running.cores import default_threads

PATIENCE = 1800.0
"""Seconds without a sign of another process after which it counts as lost, where nobody says."""

_LAUNCH = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "SLURM_JOB_ID", "SLURM_STEP_ID")
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Team:
    """The processes of one launch.

    Args:
        process: number of this one, from 0; 0 leads: it alone speaks and writes the record.
        processes: how many there are.
        local: number of this one among those on its machine.
        beside: how many there are on this machine.
        launch: what the launcher calls this launch; empty where it does not say.
        patience: seconds without a sign of another process after which it counts as lost.
    """

    process: int = 0
    processes: int = 1
    local: int = 0
    beside: int = 1
    launch: str = ""
    patience: float = PATIENCE

    @property
    def leads(self) -> bool:
        """Whether this is the process that the others report to."""
        return self.process == 0

    @property
    def threads(self) -> int:
        """Threads of this process where nobody says: its part of the machine's cores."""
        return max(1, default_threads() // self.beside)

    def share(self, parts: Sequence[_Part]) -> Sequence[_Part]:
        """The parts that this process does: every N-th. Together the shares are all parts, none of them twice."""
        return parts[self.process :: self.processes]


ALONE = Team()


def launched(
    process: int | None, processes: int | None, patience: float, environment: Mapping[str, str] = os.environ
) -> Team:
    """The team of this process: as the options say, else as ``torchrun`` says, else this one alone.

    Args:
        process: the option ``--process``.
        processes: the option ``--processes``.
        patience: the option ``--patience``, in seconds.
        environment: where ``torchrun`` says it.

    Raises:
        RequestError: one option without the other, or a number that is none of the processes.
    """
    if (process is None) != (processes is None):
        raise RequestError("--process I and --processes N belong together: give both, or neither under torchrun.")
    if process is None or processes is None:
        if not {"RANK", "WORLD_SIZE"} <= environment.keys():
            return ALONE
        process, processes = _number(environment, "RANK", 0), _number(environment, "WORLD_SIZE", 1)
    if not 0 <= process < processes:
        raise RequestError(f"process {process} of {processes}: they are numbered from 0 to {processes - 1}.")
    launch = "/".join(environment.get(name, "") for name in _LAUNCH)
    local, beside = _number(environment, "LOCAL_RANK", 0), _number(environment, "LOCAL_WORLD_SIZE", 1)
    return Team(process, processes, local, beside, launch, patience)


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    try:
        return int(text)
    except ValueError as error:
        raise RequestError(f"the environment variable {name} is {text!r}; the launcher sets it to a number.") from error
