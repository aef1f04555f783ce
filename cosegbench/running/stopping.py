"""Being told to stop: Ctrl-C or SIGTERM ends the work tidily, once; a process in a hurry is ended at the third time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cosegbench.errors import WorkError

AGAIN = "Start the same command again (without --fresh) to go on."

_ENDS_AT = 3
_FIRST_EXIT = 128
"""A shell's exit code for a process that a signal ended is this plus the signal's number: 130 and 143."""


class Stop(KeyboardInterrupt):
    """A signal that asks the process to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


class StoppedError(WorkError):
    """The user stopped the work; what was committed is kept.

    Args:
        text: how much is kept, and how to go on.
        cause: the interruption.
    """

    def __init__(self, text: str, cause: KeyboardInterrupt) -> None:
        self.exit_code = stop_code(cause)
        super().__init__(text)


def stop_code(cause: KeyboardInterrupt) -> int:
    """The exit code after an interruption: 130 for Ctrl-C, 143 for SIGTERM."""
    return _FIRST_EXIT + (cause.number if isinstance(cause, Stop) else signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into :class:`Stop`, raised once in the main thread.

    While the work ends tidily, a second one is only answered. The third ends the process where it stands, which costs
    the batch in flight and nothing else. A signal that is ignored (``nohup``, a shell's background) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # only it may set handlers
        yield
        return
    came = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came += 1
        if came == 1:
            raise Stop(number)
        _say("Already stopping; once more ends it at once (what was stored is safe).")
        if came >= _ENDS_AT:
            os._exit(_FIRST_EXIT + number)

    before = {
        number: signal.signal(number, handle)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        if not came:  # else the process is ending, and a second signal must not undo that
            for number, handler in before.items():
                signal.signal(number, handler)


def _say(text: str) -> None:
    """Write a line past Python's buffers, in whose middle the signal may have come."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{text}\n".encode())
