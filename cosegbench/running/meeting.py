"""How processes share a run through its results folder: process 0 calls, the others answer, work and report.

Nothing but files is used, so it holds for every predictor and launcher, between machines too. A sign of life is a note
whose content changes, seen by the clock of whoever watches: the clocks of two machines need not agree.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from types import TracebackType
from typing import Any, Self

from cosegbench.errors import RecordError, RequestError, WorkError
from cosegbench.running.job import Job, canonical, differences
from cosegbench.running.notes import Answer, Board, Call, new_nonce, owner_in, read_note, write_note
from cosegbench.running.owner import Owner
from cosegbench.running.stopping import AGAIN
from cosegbench.running.team import Team

_PAUSE = 0.1
"""Seconds between two looks into the folder."""

_BEAT = 2.0
"""Seconds between two signs of life."""

_GRACE = 2.0
"""Seconds for process 0 to say what went wrong."""

_KEPT = f"What it and the others stored is kept. {AGAIN} The number of processes may be another."


class LostError(WorkError):
    """A process of the run has ended or failed, or gives no sign of life.

    Args:
        text: which, and how to go on.
        told: whether process 0 says what went wrong.
    """

    def __init__(self, text: str, *, told: bool = False) -> None:
        self.told = told
        super().__init__(text)


class Watch:
    """Whether a process still gives signs of life.

    Args:
        patience: seconds without one.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._sign: Any = None
        self._since = time.monotonic()

    def lost(self, sign: Any, owner: Owner | None) -> str:
        """Why the process counts as lost; empty where it does not.

        Args:
            sign: anything that changes while it lives.
            owner: the process, where it is known.
        """
        if sign != self._sign:
            self._sign, self._since = sign, time.monotonic()
        if owner is not None and owner.lives() == "gone":
            return "has ended without a word"
        silent = time.monotonic() - self._since
        return f"has given no sign of life for {silent:.0f} s" if silent > self._patience else ""


class Leading:
    """Process 0's side; use it as a context manager around its own share and :meth:`wait`.

    Args:
        job: the run, which this process holds.
        team: the processes.
        left: indices of the batches that are to be done.

    Raises:
        RequestError: another process was given another request; says in what.
        LostError: another process does not come.
        RecordError: the folder cannot be written.
    """

    def __init__(self, job: Job, team: Team, left: list[int]) -> None:
        self._job, self._team, self._board = job, team, Board(job.record)
        owner = asdict(Owner.this())
        self._call = Call(new_nonce(), team.launch, team.processes, owner, job.about.images_digest, left)
        self._images: dict[int, int] = {}

    def __enter__(self) -> Self:
        self._board.sweep()  # what an earlier launch left, also where this process is alone now
        if self._team.processes > 1:
            self._say()
            try:
                self._gather()
            except BaseException:
                self._give_up()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._team.processes == 1:
            return
        if error is None:
            self._board.sweep()
        else:
            self._give_up()

    @property
    def images(self) -> int:
        """How many images the others have stored since the call."""
        return sum(self._images.values())

    def wait(self, tick: Callable[[int], None]) -> None:
        """Until the others have done their shares.

        Args:
            tick: called with the number of images that they have stored since its last call.

        Raises:
            LostError: some have not; raised when no other works any more.
        """
        waiting = {int(number): Watch(self._team.patience) for number in self._call.members}
        lost: list[str] = []
        while waiting:
            before = self.images
            for process, watch in list(waiting.items()):
                why = self._outcome(process, watch)
                if why is not None:
                    del waiting[process]
                    lost += [why] if why else []
            if self.images > before:
                tick(self.images - before)
            time.sleep(_PAUSE if waiting else 0)
        if lost:
            raise LostError(f"{self._job.title}: {'; '.join(lost)}. {_KEPT}")

    def _outcome(self, process: int, watch: Watch) -> str | None:
        """How another's share ended: empty where well; None where it has not ended."""
        answer = self._read(process)
        beat, owner = (None, None) if answer is None else (answer.beat, owner_in(answer))
        why = watch.lost(beat, owner)
        if why:  # what it wrote last, before it ended, may have come since
            answer = self._read(process)
        if answer is not None:
            self._images[process] = answer.images
            if answer.state == "done":
                return ""
            if answer.state == "failed":
                why = "has failed, and says why itself"
        return f"process {process}{_name(answer)} {why}" if why else None

    def _read(self, process: int) -> Answer | None:
        return read_note(Answer, self._board.answer(process, self._call.members[str(process)]))

    def _gather(self) -> None:
        watch = Watch(self._team.patience)
        found: dict[str, str] = {}
        while missing := [each for each in range(1, self._team.processes) if str(each) not in found]:
            for answer in self._board.answers():
                if answer.call == self._call.nonce:
                    self._check(answer)
                    found.setdefault(str(answer.process), answer.nonce)
            if watch.lost(len(found), None):
                numbers = ", ".join(map(str, missing))
                raise LostError(
                    f"{self._job.title}: of {self._team.processes} processes these have not come within "
                    f"{self._team.patience:.0f} s: {numbers}. All of them must see the folder "
                    f"{self._job.record.parent} under their --results. {_KEPT}"
                )
            time.sleep(_PAUSE)
        self._call = replace(self._call, members=found)
        self._say()

    def _check(self, answer: Answer) -> None:
        if answer.processes != self._team.processes:
            raise RequestError(
                f"process {answer.process} was told that there are {answer.processes} processes, and process 0 that "
                f"there are {self._team.processes}."
            )
        mine = _plain(self._job.identity)
        if answer.identity != mine:
            lines = "".join(f"\n  - {line}" for line in differences(mine, answer.identity))
            raise RequestError(
                f"process {answer.process}{_name(answer)} would run something else than process 0, and runs are never "
                f"mixed ('there' is process 0, 'now' is process {answer.process}):{lines}\n"
                "Give every process the same command, data, weights and versions."
            )

    def _say(self) -> None:
        try:
            write_note(self._board.call, self._call)
        except OSError as error:
            raise RecordError(f"results folder {self._job.record.parent} cannot be written: {error}.") from error

    def _give_up(self) -> None:
        with suppress(OSError):
            write_note(self._board.call, replace(self._call, failed=True))


class Helping:
    """Another process's side; use it as a context manager around its share.

    Args:
        job: the run, which process 0 holds.
        team: the processes.

    Raises:
        LostError: process 0 does not call, or has given up.
        RecordError: the folder cannot be written.
    """

    def __init__(self, job: Job, team: Team) -> None:
        self._job, self._team, self._board = job, team, Board(job.record)
        mine, owner = _plain(job.identity), asdict(Owner.this())
        self._answer = Answer(new_nonce(), "", team.launch, team.process, team.processes, owner, mine)
        self._writing = threading.Lock()  # the images are counted on another thread than the beats
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Call:
        """Until process 0 gives the sign to begin; returns what it said."""
        call = self._attend()
        self._beating.start()
        return call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._beating.join()
        self._answer = replace(self._answer, state="done" if error is None else "failed")
        self._say()

    def tick(self, images: int) -> None:
        """Count what was stored."""
        with self._writing:
            self._answer = replace(self._answer, images=self._answer.images + images)

    def _attend(self) -> Call:
        watch = Watch(self._team.patience)
        while True:
            call = read_note(Call, self._board.call)
            if call is not None and call.launch == self._team.launch:
                mine = call.nonce == self._answer.call
                if call.members.get(str(self._team.process)) == self._answer.nonce:
                    return call
                if mine and call.failed:
                    time.sleep(_GRACE)  # a launcher ends process 0 as soon as one has ended: it speaks first
                    raise LostError("process 0 has given up, and says why itself.", told=True)
                if not mine and not call.members and not call.failed:
                    self._answer = replace(self._answer, call=call.nonce)
                    self._say()
            if why := watch.lost(
                self._answer.call, owner_in(call) if call and call.nonce == self._answer.call else None
            ):
                raise LostError(
                    f"{self._job.title}: process 0 {why}. It must see the folder {self._job.record.parent} under its "
                    f"--results. {_KEPT}"
                )
            time.sleep(_PAUSE)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT):
            with self._writing:
                self._answer = replace(self._answer, beat=self._answer.beat + 1)
            with suppress(RecordError):  # a full disk: the journal says so where it matters
                self._say()

    def _say(self) -> None:
        try:
            write_note(self._board.answer(self._team.process, self._answer.nonce), self._answer)
        except OSError as error:
            raise RecordError(f"results folder {self._job.record.parent} cannot be written: {error}.") from error


def _plain(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity as it is after having been written and read."""
    values: dict[str, Any] = json.loads(canonical(identity))
    return values


def _name(answer: Answer | None) -> str:
    owner = None if answer is None else owner_in(answer)
    return "" if owner is None else f" ({owner})"
