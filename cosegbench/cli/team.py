"""``run`` with several processes: its options, and who speaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from cosegbench.cli.progress import Terminal
from cosegbench.errors import CosegbenchError, WorkError
from cosegbench.running.meeting import LostError
from cosegbench.running.request import Reporter, Silent
from cosegbench.running.stopping import StoppedError, stop_code
from cosegbench.running.team import PATIENCE, Team, launched

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_GRACE = 2.0
"""Seconds that a process waits before it says what went wrong: where it is the same for all, process 0 says it first,
and the launcher ends the others."""


class ProcessError(WorkError):
    """What went wrong in a process that is not the first.

    Args:
        process: its number.
        cause: what went wrong.
    """

    def __init__(self, process: int, cause: CosegbenchError) -> None:
        self.exit_code = cause.exit_code
        super().__init__(f"process {process}: {cause}")


def team_options(command: CommandT) -> CommandT:
    """``--process``, ``--processes`` and ``--patience``."""
    for option in (
        click.option(
            "--patience",
            type=click.FloatRange(min=1),
            default=PATIENCE,
            show_default=True,
            metavar="SECONDS",
            help="Without a sign of another process for so long, it counts as lost.",
        ),
        click.option(
            "--processes",
            type=click.IntRange(min=1),
            default=None,
            help="How many processes share the run. [default: as torchrun says, else 1]",
        ),
        click.option(
            "--process",
            type=click.IntRange(min=0),
            default=None,
            help="Which of them this is, from 0, where another launcher than torchrun starts them.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def speaking_for(given: dict[str, Any]) -> Iterator[tuple[Team, Reporter]]:
    """The team of this process, and whom it tells; only process 0 speaks, but for what goes wrong in another.

    Args:
        given: options of the command; those of the team are taken out.

    Raises:
        ProcessError: what went wrong in another process than the first, with its number.
    """
    team = launched(given.pop("process"), given.pop("processes"), given.pop("patience"))
    if team.leads:
        yield team, Terminal()
        return
    try:
        yield team, Silent()
    except (StoppedError, LostError) as error:  # process 0 tells these, as far as it can
        if isinstance(error, LostError) and not error.told:
            raise ProcessError(team.process, error) from error
        raise SystemExit(error.exit_code) from None
    except CosegbenchError as error:
        time.sleep(_GRACE)
        raise ProcessError(team.process, error) from error
    except KeyboardInterrupt as stop:
        raise SystemExit(stop_code(stop)) from None
