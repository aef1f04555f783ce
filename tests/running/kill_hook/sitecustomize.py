"""Ends the process by a signal at a named call; Python imports this by itself where its folder is on the path.

``COSEGBENCH_TEST_KILL=call:needle:n:when``: at the ``n``-th ``call`` (``commit``, ``insert``, ``replace``, ``fsync``,
``link`` or ``unlink``) whose SQL or path holds ``needle``, ``before`` or ``after`` it is done, or, as ``0.0005``, so
many seconds after it began, from another thread. ``COSEGBENCH_TEST_SIGNALS`` lists other signals than SIGKILL, which
are sent one after the other. Nothing of this is in the product.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time

SPECIFICATION = os.environ.get("COSEGBENCH_TEST_KILL", "")
SIGNALS = [signal.Signals[name] for name in os.environ.get("COSEGBENCH_TEST_SIGNALS", "SIGKILL").split()]
PAUSE = 0.2
"""Seconds between two signals: the system merges those that come at once."""


class Watch:
    def __init__(self, text: str) -> None:
        self.call, self.needle, number, self.when = text.split(":")
        self.left = int(number)

    def around(self, call: str, what: str, do, *words, **named):
        if call != self.call or self.needle not in what:
            return do(*words, **named)
        self.left -= 1
        if self.left:
            return do(*words, **named)
        if self.when == "before":
            end()
            return do(*words, **named)
        if self.when == "after":
            answer = do(*words, **named)
            end()
            return answer
        threading.Thread(target=end, args=(float(self.when),), daemon=True).start()
        answer = do(*words, **named)
        time.sleep(1)  # long enough for the thread
        return answer


def end(after: float = 0.0) -> None:
    time.sleep(after)
    for number in SIGNALS:
        os.kill(os.getpid(), number)
        time.sleep(PAUSE if len(SIGNALS) > 1 else 0)


def install(watch: Watch) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, sql, *values):
            name = "commit" if sql == "COMMIT" else "insert"
            return watch.around(name, sql, super().execute, sql, *values)

        def executemany(self, sql, values):
            return watch.around("insert", sql, super().executemany, sql, values)

    connect = sqlite3.connect
    sqlite3.connect = lambda *words, **named: connect(*words, **{"factory": Connection, **named})

    def patch(name: str, place: int) -> None:
        do = getattr(os, name)

        def call(*words, **named):
            return watch.around(name, str(words[place]), do, *words, **named)

        setattr(os, name, call)

    for name, place in (("replace", 1), ("link", 1), ("unlink", 0), ("fsync", 0)):
        patch(name, place)


if SPECIFICATION:
    install(Watch(SPECIFICATION))
