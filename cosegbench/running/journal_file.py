"""The journal's SQLite file: its tables, how it is opened, what is wrong with it, and what to tell people about it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cosegbench.errors import RecordError
from cosegbench.files import has_locks

VERSION = 2
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (batch INTEGER PRIMARY KEY, digest TEXT NOT NULL, seconds REAL NOT NULL,
                      predictor_seconds REAL NOT NULL);
CREATE TABLE images (image_id TEXT PRIMARY KEY, batch INTEGER NOT NULL, evidence BLOB NOT NULL) WITHOUT ROWID;
"""


def connect(path: Path, wait: float = 0.2) -> sqlite3.Connection:
    """Open or make the file; settings that hold on network file systems, and that a power failure cannot cheat.

    On a file system without locks SQLite is told to do without: :class:`cosegbench.running.owner.Held` keeps others
    out.

    Args:
        path: the file.
        wait: seconds to wait for another process.
    """
    database = _connect(path, wait)
    try:
        database.execute("PRAGMA user_version").fetchone()  # the first thing that takes a lock
    except sqlite3.OperationalError:
        # SQLite says "locked" of a file system without locks too.
        if not has_locks(path.parent):
            database.close()
            return _connect(path, wait, "?vfs=unix-none")
    except sqlite3.Error:
        pass  # what is wrong shows again where it can be told
    return database


def _connect(path: Path, wait: float, query: str = "") -> sqlite3.Connection:
    # The transactions are ours: Python would begin and end some by itself. A pass commits on one thread and asks on
    # another, never on both at once.
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}{query}", timeout=wait, isolation_level=None, uri=True, check_same_thread=False
    )
    database.text_factory = lambda text: text.decode("utf-8", "replace")  # a changed byte is for the digests to find
    for setting in ("locking_mode = EXCLUSIVE", "journal_mode = DELETE", "synchronous = FULL", "temp_store = MEMORY"):
        with suppress(sqlite3.DatabaseError):  # a damaged or held file says so when it is read
            database.execute(f"PRAGMA {setting}")
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; takes the file's lock."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            with suppress(sqlite3.Error):  # the first error is what the user must see; the next opening rolls back
                database.execute("ROLLBACK")
        raise


def begun(database: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a run; not where it is new, or its process was killed before its first write.

    Raises:
        RecordError: it is of another version.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise RecordError(
            f"journal {path} is of version {version}; this cosegbench reads {VERSION}. Finish the run with the "
            "cosegbench that began it, or start again with --fresh."
        )
    return version == VERSION


def create(database: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Make the tables, within a transaction of the caller's."""
    for statement in filter(str.strip, _TABLES.split(";")):
        database.execute(statement)
    database.executemany("INSERT INTO meta VALUES (?, ?)", [*{"sessions": "0", **meta}.items()])
    database.execute(f"PRAGMA user_version = {VERSION}")


def add(
    database: sqlite3.Connection, batch: int, evidence: Mapping[str, bytes], seconds: float, predictor_seconds: float
) -> None:
    """Add one batch, within a transaction of the caller's."""
    row = (batch, batch_digest(evidence), seconds, predictor_seconds)
    database.execute("INSERT INTO batches VALUES (?, ?, ?, ?)", row)
    rows = [(image_id, batch, blob) for image_id, blob in evidence.items()]
    database.executemany("INSERT INTO images VALUES (?, ?, ?)", rows)


def damage(database: sqlite3.Connection) -> str:
    """What is wrong with the file; empty where nothing is.

    SQLite checks its own structure, and the digests what it was given to keep, whose changed bytes it cannot see.

    Raises:
        sqlite3.DatabaseError: it cannot even be looked at.
    """
    said = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        return str(said).replace("\n", " ")
    digests: dict[int, Any] = {}
    for image_id, batch, blob in database.execute("SELECT image_id, batch, evidence FROM images ORDER BY image_id"):
        _update(digests.setdefault(batch, hashlib.sha256()), image_id, blob)
    stored = dict(database.execute("SELECT batch, digest FROM batches"))
    wrong = {batch for batch in stored if digests.get(batch, hashlib.sha256()).hexdigest() != stored[batch]}
    wrong |= digests.keys() - stored.keys()
    return f"the evidence of {len(wrong)} batches is not what was stored" if wrong else ""


def batch_digest(images: Mapping[str, bytes]) -> str:
    """SHA-256 over the evidence of a batch, image by image in the order of their ids."""
    digest = hashlib.sha256()
    for image_id in sorted(images):
        _update(digest, image_id, images[image_id])
    return digest.hexdigest()


def as_text(values: Mapping[str, Any]) -> str:
    """An identity as it is stored."""
    return json.dumps(values, sort_keys=True)


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file is not what SQLite wrote."""
    if isinstance(error, UnicodeDecodeError):  # names of columns, which Python reads by itself
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Tell people what SQLite and the system refuse, and what to do.

    Raises:
        RecordError: in their place.
    """
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise RecordError(f"journal {path} cannot {doing}: {error}. {_advice(error)}") from error


def _advice(error: Exception) -> str:
    if is_damage(error):
        return "The file is damaged, and nothing of it can be kept: start again with --fresh, which replaces it."
    if "locked" in str(error):
        return "Another run is writing to it: wait for it, or give another --results."
    return "What was stored before is kept; start the same command again when the disk or folder is writable."


def _update(digest: Any, image_id: Any, blob: Any) -> None:
    if not isinstance(image_id, str) or not isinstance(blob, bytes):  # only in a damaged file
        digest.update(b"?")
        return
    name = image_id.encode("utf-8", "surrogatepass")
    digest.update(len(name).to_bytes(8, "little") + name + len(blob).to_bytes(8, "little") + blob)
