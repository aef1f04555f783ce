"""What a run has done so far: one SQLite file, one transaction a batch.

A batch's evidence is in the file whole or not at all, whatever kills the process. The rollback journal is used rather
than the write-ahead log, which needs shared memory and so does not hold on network file systems. The file is held
exclusively while it is open, so that a second run into one folder is refused instead of mixed in.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cosegbench.errors import RecordError

_VERSION = 1
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (batch INTEGER PRIMARY KEY, seconds REAL NOT NULL, predictor_seconds REAL NOT NULL);
CREATE TABLE images (image_id TEXT PRIMARY KEY, batch INTEGER NOT NULL, evidence BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that the stored batches took.

    Args:
        seconds: wall time.
        predictor_seconds: of these, inside ``predict``.
        sessions: number of starts.
    """

    seconds: float
    predictor_seconds: float
    sessions: int


class Journal:
    """The journal of one run; use it as a context manager.

    Args:
        path: the file; made where it does not exist, its folder too.
        identity: what the run is (:func:`cosegbench.running.job.identity`); stored when the file is made.

    Raises:
        RecordError: the file is another run's, held by another process, damaged, of a newer version, or not writable.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        with self._explained("be opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            # A pass commits on one thread and asks on another, never on both at once.
            self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(identity)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._db.close()

    @property
    def identity(self) -> dict[str, Any]:
        """What the stored run is."""
        stored: dict[str, Any] = json.loads(self._meta("identity"))
        return stored

    def done(self) -> frozenset[int]:
        """Indices of the batches that are stored."""
        with self._explained("be read"):
            return frozenset(row[0] for row in self._db.execute("SELECT batch FROM batches"))

    def commit(
        self, batch: int, evidence: Mapping[str, bytes], *, seconds: float = 0.0, predictor_seconds: float = 0.0
    ) -> None:
        """Store one batch: the evidence of each of its images, in one transaction.

        Raises:
            RecordError: it cannot be written (disk full, read-only), or the batch or one of its images is there.
        """
        with self._explained("be written"), self._transaction():
            self._db.execute("INSERT INTO batches VALUES (?, ?, ?)", (batch, seconds, predictor_seconds))
            rows = [(image_id, batch, blob) for image_id, blob in evidence.items()]
            self._db.executemany("INSERT INTO images VALUES (?, ?, ?)", rows)

    def evidence(self) -> Iterator[tuple[str, bytes]]:
        """Image id and evidence of every stored image, sorted by image id."""
        with self._explained("be read"):
            yield from self._db.execute("SELECT image_id, evidence FROM images ORDER BY image_id")

    def spent(self) -> Spent:
        """The time that the stored batches took."""
        with self._explained("be read"):
            query = "SELECT coalesce(sum(seconds), 0), coalesce(sum(predictor_seconds), 0) FROM batches"
            seconds, predictor_seconds = self._db.execute(query).fetchone()
        return Spent(seconds, predictor_seconds, int(self._meta("sessions")))

    def _prepare(self, identity: Mapping[str, Any]) -> None:
        with self._explained("be opened"):
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = FULL")
            with self._transaction():  # takes the lock, which is then kept until the file is closed
                version = self._db.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    self._create(identity)
                elif version != _VERSION:
                    raise RecordError(f"journal {self.path} is of version {version}; this cosegbench reads {_VERSION}.")
                self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'sessions'")
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('pid', ?)", (str(os.getpid()),))

    def _create(self, identity: Mapping[str, Any]) -> None:
        for statement in filter(str.strip, _TABLES.split(";")):
            self._db.execute(statement)
        text = json.dumps(identity, sort_keys=True)
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", [("identity", text), ("sessions", "0")])
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def _meta(self, key: str) -> str:
        with self._explained("be read"):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise RecordError(f"journal {self.path} lacks {key!r}: it is damaged. Start again with --fresh.")
        return str(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RecordError(f"journal {self.path} cannot {doing}: {error}. {_advice(error)}") from error


def _advice(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "Another run is writing to this results folder: wait for it, or give another --results."
    if "not a database" in text or "malformed" in text:
        return "The file is damaged: start again with --fresh."
    return "What was stored before is kept; start the same command again when the disk or folder is writable."
