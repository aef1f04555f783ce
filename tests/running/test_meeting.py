"""Process 0 and another one in one Python process, each on a thread of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from cosegbench.errors import RequestError
from cosegbench.running import meeting
from cosegbench.running.job import Job
from cosegbench.running.meeting import Helping, Leading, LostError
from cosegbench.running.notes import Answer, Board, Call, new_nonce, read_note, write_note
from cosegbench.running.owner import Owner
from cosegbench.running.team import Team

SOON = 0.4
"""Seconds after which a process counts as lost here."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PAUSE", "_BEAT", "_GRACE"):
        monkeypatch.setattr(meeting, name, 0.01)


class _About:
    images_digest = "photographs"


def job(folder: Path, **identity: str) -> Job:
    """A run of which only the place, the title and the identity matter here."""
    made = Job.__new__(Job)
    for name, value in {"record": folder / "a.b.json", "identity": identity, "about": _About(), "family": None}.items():
        object.__setattr__(made, name, value)
    return made


@pytest.fixture(autouse=True)
def titled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "title", "a (b)")


def team(process: int, processes: int = 2, patience: float = 20.0) -> Team:
    return Team(process, processes, patience=patience)


def help_with(folder: Path, images: int) -> Call:
    helping = Helping(job(folder), team(1))
    with helping as call:
        for _ in range(images):
            helping.tick(1)
    return call


def test_the_other_process_is_told_what_is_left_and_its_images_are_counted(tmp_path: Path) -> None:
    ticks: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        helped = pool.submit(help_with, tmp_path, 7)
        leading = Leading(job(tmp_path), team(0), [2, 5])
        with leading:
            leading.wait(ticks.append)
        call = helped.result()

    assert (call.left, call.photographs) == ([2, 5], "photographs")
    assert sum(ticks) == leading.images == 7
    assert list(tmp_path.iterdir()) == []


def test_notes_of_an_earlier_launch_that_was_killed_begin_nothing(tmp_path: Path) -> None:
    board, dead = Board(tmp_path / "a.b.json"), asdict(Owner(2**22 + 1, "nowhere"))
    stale = Answer("old", "older", "", 1, 2, dead, {}, state="done")
    write_note(board.call, Call("older", "", 2, dead, "other photographs", [0], {"1": "old"}))
    write_note(board.answer(1, "old"), stale)
    with ThreadPoolExecutor(1) as pool:
        helped = pool.submit(help_with, tmp_path, 1)
        with Leading(job(tmp_path), team(0), [3]) as leading:
            leading.wait(lambda _: None)

    assert helped.result().left == [3]


def test_a_process_that_never_comes_is_named(tmp_path: Path) -> None:
    with pytest.raises(LostError, match=r"of 3 processes these have not come within 0 s: 1, 2\."):
        Leading(job(tmp_path), team(0, 3, SOON), []).__enter__()


def test_a_process_that_falls_silent_on_another_machine_is_lost_after_the_patience(tmp_path: Path) -> None:
    board, far = Board(tmp_path / "a.b.json"), asdict(Owner(5, "far", "another boot"))

    def answer_once() -> None:
        while (call := read_note(Call, board.call)) is None:
            pass
        write_note(board.answer(1, "x"), Answer("x", call.nonce, "", 1, 2, far, {}, images=3))

    leading = Leading(job(tmp_path), team(0, patience=SOON), [0])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(answer_once)
        with pytest.raises(LostError, match=r"process 1 \(process 5 on far\) has given no sign of life"), leading:
            leading.wait(lambda _: None)

    assert leading.images == 3


def test_a_process_that_failed_says_why_itself(tmp_path: Path) -> None:
    def fail() -> None:
        with Helping(job(tmp_path), team(1)):
            raise ValueError("broken")

    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(fail)
        leading = Leading(job(tmp_path), team(0), [0])
        with pytest.raises(LostError, match=r"process 1 .* has failed, and says why itself"), leading:
            leading.wait(lambda _: None)
        with pytest.raises(ValueError, match="broken"):
            failed.result()


@pytest.mark.parametrize(
    ("processes", "identity", "said"),
    [(2, {"seed": "1"}, "seed: 0 there, 1 now"), (3, {"seed": "0"}, "was told that there are 3 processes")],
)
def test_another_request_is_refused_and_the_other_process_ends_too(
    tmp_path: Path, processes: int, identity: dict[str, str], said: str
) -> None:
    helping = Helping(job(tmp_path, **identity), team(1, processes))
    with ThreadPoolExecutor(1) as pool:
        helped = pool.submit(helping.__enter__)
        with pytest.raises(RequestError, match=said):
            Leading(job(tmp_path, seed="0"), team(0), []).__enter__()
        with pytest.raises(LostError, match="given up"):
            helped.result()


def test_a_process_that_nobody_calls_gives_up_after_its_patience(tmp_path: Path) -> None:
    with pytest.raises(LostError, match="process 0 has given no sign of life"):
        Helping(job(tmp_path), team(1, patience=SOON)).__enter__()


def test_a_note_that_is_damaged_is_none(tmp_path: Path) -> None:
    path = tmp_path / "note"
    for text in ("", "[]", "{}", "{", '{"nonce": 1}'):
        path.write_text(text)
        assert read_note(Call, path) is None
    whole = Call(new_nonce(), "", 2, {}, "", [1])
    write_note(path, whole)
    assert read_note(Call, path) == whole
    assert replace(whole, failed=True) != whole
