"""A damaged journal: the batches that are provably whole go into a new file, which takes its place."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from cosegbench.errors import RecordError
from cosegbench.running import journal_file
from cosegbench.running.journal_file import explained, transaction

Batches = dict[int, tuple[str, float, float]]
"""Batch -> its digest, and its seconds: all, and inside ``predict``."""


def salvage(path: Path, damaged: sqlite3.Connection, damage: str) -> str:
    """Replace a damaged journal by one of its whole batches. Killed on the way, the damaged one is still there.

    Args:
        path: the file.
        damaged: it, open; is closed.
        damage: what is wrong with it.

    Returns:
        What was lost and kept, for people.

    Raises:
        RecordError: it cannot be told which run it was, or the new file cannot be written.
    """
    with closing(damaged):
        meta: dict[str, str] = dict(_readable(damaged, "SELECT key, value FROM meta ORDER BY key"))
        batches: Batches = {row[0]: row[1:] for row in _readable(damaged, "SELECT * FROM batches ORDER BY batch")}
        images: dict[int, dict[str, bytes]] = {}
        for image_id, batch, blob in _readable(damaged, "SELECT * FROM images ORDER BY image_id"):
            images.setdefault(batch, {})[image_id] = blob
    if not {"identity", "photographs", "sessions"} <= meta.keys():
        raise RecordError(
            f"journal {path} is damaged ({damage}), and nothing of it can be kept. Start again with --fresh, which "
            "replaces it."
        )
    whole = [
        batch for batch in sorted(batches) if journal_file.batch_digest(images.get(batch, {})) == batches[batch][0]
    ]
    _replace(path, meta, {batch: batches[batch] for batch in whole}, images)
    return (
        f"journal {path} was damaged ({damage}). Kept are {len(whole)} of the {len(batches)} batches that it lists, "
        "which their digests prove whole; what is missing is computed again. Look after the disk that it lies on."
    )


def _replace(path: Path, meta: Mapping[str, str], batches: Batches, images: Mapping[int, Mapping[str, bytes]]) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    with explained(path, "be mended"):
        try:
            with closing(journal_file.connect(part)) as new, transaction(new):
                journal_file.create(new, meta)
                for batch, (_, *seconds) in batches.items():
                    journal_file.add(new, batch, images.get(batch, {}), *seconds)
            rollback_file(path).unlink(missing_ok=True)  # of the damaged file; it would be applied to the new one
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


def rollback_file(path: Path) -> Path:
    """SQLite's own rollback file, which is there after a kill and belongs to the journal."""
    return path.with_name(path.name + "-journal")


def remove_journal(path: Path) -> None:
    """Remove a journal and its rollback file, which would be applied to the next journal of that name."""
    path.unlink(missing_ok=True)
    rollback_file(path).unlink(missing_ok=True)


def _readable(database: sqlite3.Connection, query: str) -> Iterator[Any]:
    """The rows up to the first damaged page, and those behind the last one; some may come twice."""
    for order in ("", " DESC"):
        with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            yield from database.execute(query + order)
