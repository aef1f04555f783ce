"""What a run has done so far: one SQLite file a process, one transaction a batch.

A batch's evidence is in the file whole or not at all, whatever kills the process. The rollback journal is used rather
than the write-ahead log, which needs shared memory and so does not hold on network file systems. The file is held
exclusively while it is open, so that a second process is refused instead of mixed in. Each batch carries a digest of
its evidence: what a failing disk changed is found when the file is opened, and the batches that are whole are kept.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cosegbench.errors import RecordError, RequestError
from cosegbench.running import journal_file
from cosegbench.running.journal_file import explained, transaction
from cosegbench.running.salvage import salvage


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
    """The journal of one process of a run; use it as a context manager.

    Attributes:
        mended: what was lost and kept where the file was damaged; empty where it was not.

    Args:
        path: the file; made where it does not exist, its folder too.
        identity: what the run is (:func:`cosegbench.running.job.identity`); stored when the file is made.
        photographs: digest of the photographs' bytes; stored likewise, and the same ever after.

    Raises:
        RecordError: the file is held by another process, damaged so that nothing of it can be kept, of another version,
            or not writable.
        RequestError: it was begun on other photographs.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], photographs: str = "") -> None:
        self.path = path
        self.mended = ""
        with self._explained("be opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = journal_file.connect(path)
        try:
            self._prepare(identity, photographs)
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
        with self._explained("be written"), transaction(self._db):
            journal_file.add(self._db, batch, evidence, seconds, predictor_seconds)

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

    def _prepare(self, identity: Mapping[str, Any], photographs: str) -> None:
        with self._explained("be opened"):
            try:
                begun = journal_file.begun(self._db, self.path)
                damage = journal_file.damage(self._db) if begun else ""
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not journal_file.is_damage(error):
                    raise
                begun, damage = True, str(error)
        if damage:
            self.mended = salvage(self.path, self._db, damage)
            with self._explained("be opened"):
                self._db = journal_file.connect(self.path)
        with self._explained("be opened"), transaction(self._db):  # takes the lock, kept until the file is closed
            if not begun:
                journal_file.create(self._db, {"identity": journal_file.as_text(identity), "photographs": photographs})
            elif self._meta("photographs") != photographs:
                raise RequestError(
                    f"journal {self.path} was begun on other photographs: files changed since, and a run is never half "
                    "one thing and half another. Put them back, or give --fresh to begin again."
                )
            self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'sessions'")

    def _meta(self, key: str) -> str:
        with self._explained("be read"):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise RecordError(f"journal {self.path} lacks {key!r}: it is damaged. Start again with --fresh.")
        return str(row[0])

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        with explained(self.path, doing):
            yield


def read_identity(path: Path) -> dict[str, Any] | None:
    """The identity in a journal; None where there is no journal, or one that was killed before its first write.

    Raises:
        RecordError: the file is no journal, damaged so that nothing of it can be kept, or another process holds it.
    """
    if not path.is_file():
        return None
    with explained(path, "be read"):
        database = journal_file.connect(path)
        try:
            if not journal_file.begun(database, path):
                return None
            row = database.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()
        finally:
            with suppress(sqlite3.Error):
                database.close()
    try:
        return None if row is None else dict(json.loads(row[0]))
    except ValueError as error:
        raise RecordError(
            f"journal {path} is damaged: it does not say which run it is. Start again with --fresh, which replaces it."
        ) from error
