"""Who works on a record: one small file beside it, made whole in one step, that names the process and its machine.

Two guards in one (``docs/design/one-run-at-a-time.md``): the file excludes others wherever a name can be made only
once, network file systems among them; the system's lock on it says, on one machine, whether its owner still lives.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from cosegbench.errors import RecordError
from cosegbench.files import lock_handle

_TRIES = 8
_PAUSE = 0.1
"""Seconds between two tries: an owner that is just ending, or another that looks, is gone after this."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

State = Literal["works", "gone", "unknown"]


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a record.

    Args:
        pid: its number.
        host: name of its machine.
        boot: which start of that machine's system; empty where the system does not say.
        space: which process numbers it counts in (containers have their own); empty where the system does not say.
        born: when it began, in ticks of that system: a number is given again. Empty where the system does not say.
    """

    pid: int
    host: str
    boot: str = ""
    space: str = ""
    born: str = ""

    @classmethod
    def this(cls) -> Owner:
        """This process."""
        return cls(os.getpid(), platform.node(), _boot(), _space(), _born(os.getpid()))

    def lives(self) -> State:
        """What the process table says about it."""
        if not self.boot or (self.boot, self.space) != (_boot(), _space()):
            return "unknown"
        return "works" if self.born and _born(self.pid) == self.born else "gone"

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Held:
    """A record held by this process; use it as a context manager.

    Args:
        path: of the file that says so; its folder is made.

    Raises:
        RecordError: another process holds it (says which), or may hold it on a machine that cannot be asked (says how
            to remove the file); or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = -1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(_TRIES):
                if self._taken():
                    return
                refusal = _refusal(path)
                time.sleep(_PAUSE if refusal else 0)
        except OSError as error:
            raise RecordError(
                f"results folder {path.parent} cannot be written: {error}. What lies there is kept; start the same "
                "command again when the disk or folder can be written, or give another --results."
            ) from error
        raise RecordError(refusal or f"{path} comes and goes: other runs are starting at this moment. Try again.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let others have it; nothing happens the second time."""
        if self._handle < 0:
            return
        with suppress(OSError):
            if _same(self._handle, self.path):
                self.path.unlink()
        os.close(self._handle)
        self._handle = -1

    def _taken(self) -> bool:
        """Make the file, whole and locked before anybody can see it; False where there is one."""
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}.part")
        handle = _made(part)
        try:
            try:
                os.link(part, self.path)
            except FileNotFoundError:  # whoever held the record until now swept the folder
                return False
            except FileExistsError:
                if not _same(handle, self.path):  # else it was made, and only the answer of a server was lost
                    return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return self._taken_without_links()
            self._handle, handle = handle, -1
            return True
        finally:
            with suppress(OSError):
                part.unlink()
            if handle >= 0:
                os.close(handle)

    def _taken_without_links(self) -> bool:
        """As above on file systems without second names for a file: visible for an instant before it is whole."""
        try:
            self._handle = _made(self.path)
        except FileExistsError:
            return False
        return True


def owner_of(path: Path) -> Owner | None:
    """Who holds a record, as the file says; None where nobody does or the file is not whole."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Owner(**{each.name: values[each.name] for each in fields(Owner)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_free(path: Path) -> None:
    """Refuse what another process holds, without taking it.

    Raises:
        RecordError: as :class:`Held`.
    """
    refusal = None
    for _ in range(_TRIES):
        try:
            refusal = _refusal(path)
        except OSError:  # a folder that cannot be written: whoever takes the record says so
            return
        if refusal is None:
            return
        time.sleep(_PAUSE)
    raise RecordError(str(refusal))


def _refusal(path: Path) -> str | None:
    """Why a file must be respected; None where it is gone, also because its owner was and it was removed."""
    owner = owner_of(path)
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        state = _state(owner, handle)
        if state == "gone":
            if _same(handle, path):
                path.unlink()
            return None
    finally:
        os.close(handle)
    if state == "works":
        who = owner or "another process"
        return f"{who} is working on this run and holds {path}. Wait for it, stop it, or give another --results."
    return _unknown(path, owner)


def _unknown(path: Path, owner: Owner | None) -> str:
    who = "a process that it does not name" if owner is None else str(owner)
    return (
        f"{path} says that {who} is working on this run, and from here ({platform.node()}) nobody can see whether it "
        f"still is. Wait for it, or, if it has ended, remove the file (rm {path}) and start the same command again: "
        "what was computed is kept."
    )


def _state(owner: Owner | None, handle: int) -> State:
    """Whether the owner works: the lock decides on one running system, and a refused one everywhere."""
    free = lock_handle(handle)
    if free is False:
        return "works"
    if owner is None:
        return "unknown"
    here = owner.host == platform.node()
    if owner.boot == _boot() if owner.boot else here:
        return "gone" if free else owner.lives()
    return "gone" if here else "unknown"  # this machine was started again, or it is another


def _made(path: Path) -> int:
    """A new file that names this process, locked where the file system can."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        lock_handle(handle)
        os.write(handle, (json.dumps(asdict(Owner.this())) + "\n").encode())
        os.fsync(handle)
    except BaseException:
        os.close(handle)
        with suppress(OSError):
            path.unlink()
        raise
    return handle


def _same(handle: int, path: Path) -> bool:
    """Whether a path still names the file that was opened."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _boot() -> str:
    return _read("/proc/sys/kernel/random/boot_id")


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _born(pid: int) -> str:
    """Field 22 of ``/proc/<pid>/stat``, counted behind the name, which may hold anything; empty where there is none."""
    fields_behind = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields_behind) < 20 or fields_behind[0] == "Z":  # a zombie holds nothing
        return ""
    return fields_behind[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
