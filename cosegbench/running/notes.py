"""The notes that processes of a run leave for each other beside its record; each is written whole by one process."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from glob import escape
from pathlib import Path
from typing import Any, Literal, TypeVar

from cosegbench.files import remove_parts, write_text
from cosegbench.running.owner import Owner

State = Literal["here", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Call:
    """What process 0 says.

    Args:
        nonce: a random text of this call; an answer repeats it, so that no answer to an earlier call is taken for one.
        launch: what the launcher calls the launch.
        processes: how many are expected.
        owner: process 0.
        photographs: digest of the photographs' bytes, which process 0 alone reads.
        left: indices of the batches that are to be done.
        members: number -> nonce of the others; empty until all have answered, and then the sign to begin.
        failed: whether process 0 has given up.
    """

    nonce: str
    launch: str
    processes: int
    owner: Mapping[str, Any]
    photographs: str
    left: list[int]
    members: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What another process says.

    Args:
        nonce: a random text of this process.
        call: the call that it answers.
        launch: what the launcher calls the launch.
        process: its number.
        processes: how many it was told that there are.
        owner: it.
        identity: what it would run.
        beat: counts up while it lives.
        images: how many it has stored since the call.
        state: ``here``, ``done`` or ``failed``.
    """

    nonce: str
    call: str
    launch: str
    process: int
    processes: int
    owner: Mapping[str, Any]
    identity: Mapping[str, Any]
    beat: int = 0
    images: int = 0
    state: str = "here"


_Note = TypeVar("_Note", Call, Answer)


@dataclass(frozen=True, slots=True)
class Board:
    """Where the notes of one run lie.

    Args:
        record: path of the run's record.
    """

    record: Path

    @property
    def call(self) -> Path:
        """The note of process 0."""
        return self.record.with_name(f"{self._stem}.team.json")

    def answer(self, process: int, nonce: str) -> Path:
        """The note of another process; two that believe to be the same one do not overwrite each other's."""
        return self.record.with_name(f"{self._stem}.member.{process}.{nonce}.json")

    def answers(self) -> list[Answer]:
        """Every answer that can be read now."""
        paths = sorted(self.record.parent.glob(f"{escape(self._stem)}.member.*.json"))
        return [note for note in (read_note(Answer, path) for path in paths) if note is not None]

    def sweep(self) -> None:
        """Remove every note; only for whoever holds the run."""
        for path in (self.call, *self.record.parent.glob(f"{escape(self._stem)}.member.*.json")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        remove_parts(self.record.parent, self.call.name)

    @property
    def _stem(self) -> str:
        # Hidden, and without the record's ending: nobody takes a note for a record.
        return f".{self.record.name.removesuffix('.json')}"


def read_note(kind: type[_Note], path: Path) -> _Note | None:
    """A note; None where it is absent or cannot be read now, as on a network file system while it is replaced."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return kind(**{each.name: values[each.name] for each in fields(kind)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_note(path: Path, note: Call | Answer) -> None:
    """Write a note whole.

    Raises:
        OSError: the folder cannot be written.
    """
    write_text(path, json.dumps(asdict(note), sort_keys=True))


def owner_in(note: Call | Answer) -> Owner | None:
    """The process that wrote a note."""
    try:
        return Owner(**note.owner)
    except TypeError:
        return None


def new_nonce() -> str:
    """A text that nobody else has."""
    return secrets.token_hex(8)
