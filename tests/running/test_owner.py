from __future__ import annotations

import errno
import json
import os
import platform
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from cosegbench.errors import RecordError
from cosegbench.running import owner
from cosegbench.running.owner import Held, Owner, check_free, owner_of
from running.support import World

HOLD = """
import sys, time
from pathlib import Path
from cosegbench.running.owner import Held
held = Held(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "_PAUSE", 0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "voc20.lock"


def leave(path: Path, **changes: object) -> Path:
    """A file as an owner that is gone leaves it."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**asdict(Owner.this()), **changes}))
    return path


def test_who_holds_a_record_is_named_to_the_second_and_forgotten_at_the_end(path: Path) -> None:
    with Held(path):
        assert owner_of(path) == Owner.this()
        with pytest.raises(RecordError, match=rf"process {os.getpid()} on {platform.node()} is working on this run"):
            Held(path)
        with pytest.raises(RecordError, match="Wait for it, stop it, or give another --results"):
            check_free(path)
    assert list(path.parent.iterdir()) == []
    check_free(path)


def test_a_killed_owner_is_recognised_and_its_file_replaced(path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(RecordError, match=f"process {holder.pid} on"):
        Held(path)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert path.exists()

    with Held(path):
        assert owner_of(path) == Owner.this()


def test_a_machine_that_was_started_again_holds_nothing(path: Path) -> None:
    with Held(leave(path, boot="another start")):
        assert owner_of(path) == Owner.this()


def test_an_owner_on_another_machine_is_respected_and_the_way_to_remove_it_said(path: Path) -> None:
    leave(path, host="node17", boot="its own", pid=4711)
    for attempt in (Held, check_free):
        with pytest.raises(RecordError) as caught:
            attempt(path)
        assert "process 4711 on node17 is working on this run" in str(caught.value)
        assert f"rm {path}" in str(caught.value)
    assert path.exists()


def test_a_file_that_names_nobody_is_respected_and_the_way_to_remove_it_said(path: Path) -> None:
    leave(path).write_text("{")
    with pytest.raises(RecordError, match="a process that it does not name"):
        Held(path)


@pytest.mark.parametrize(
    ("left", "held"),
    [
        (Owner.this(), "is working on this run and holds"),
        (replace(Owner.this(), born="1"), None),
        (replace(Owner.this(), pid=2**22 + 1), None),
        (replace(Owner.this(), space="pid:[1]"), "nobody can see whether it still is"),
    ],
    ids=["lives", "its number was given again", "its number is nobody's", "of another container"],
)
def test_without_locks_the_process_table_says_whether_an_owner_lives(
    path: Path, monkeypatch: pytest.MonkeyPatch, left: Owner, held: str | None
) -> None:
    monkeypatch.setattr(owner, "lock_handle", lambda handle: None)
    leave(path, **asdict(left))
    if held is None:
        Held(path).release()
        assert not path.exists()
    else:
        with pytest.raises(RecordError, match=held):
            Held(path)


def test_without_second_names_for_a_file_one_holds_a_record_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with Held(path):
        assert owner_of(path) == Owner.this()
        with pytest.raises(RecordError, match="is working on this run"):
            Held(path)
    assert list(path.parent.iterdir()) == []


def test_a_link_whose_answer_was_lost_on_the_way_counts_as_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def twice(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    with Held(path):
        assert owner_of(path) == Owner.this()


@pytest.mark.parametrize("stale", [False, True])
def test_of_many_that_start_at_once_one_holds_the_record(path: Path, stale: bool) -> None:
    if stale:
        leave(path, pid=1, boot="another start")
    begin, end = threading.Barrier(6), threading.Event()
    holders: list[Held] = []
    refused: list[str] = []

    def start() -> None:
        begin.wait()
        try:
            with Held(path) as held:
                holders.append(held)
                end.wait(20)
        except RecordError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    while len(holders) + len(refused) < 6:
        threads[0].join(0.01)
    end.set()
    for thread in threads:
        thread.join()
    assert (len(holders), len(refused)) == (1, 5)
    assert all("is working on this run" in text for text in refused)


@pytest.mark.parametrize("more", [(), ("--fresh",)])
def test_a_second_run_into_one_results_folder_is_refused_with_the_owner_and_touches_nothing(
    world: World, more: tuple[str, ...]
) -> None:
    world.tell("stop", 3)
    assert CliRunner().invoke(main, world.words()).exit_code == 130
    world.forget("stop")
    folder = world.results / "mine.Brightness"
    journal = (folder / "mine.open-vocabulary.journal.sqlite").read_bytes()
    with Held(folder / "mine.open-vocabulary.lock"):
        second = CliRunner().invoke(main, world.words(*more))

    assert second.exit_code == 1
    assert f"process {os.getpid()} on {platform.node()}" in second.stderr
    assert (folder / "mine.open-vocabulary.journal.sqlite").read_bytes() == journal
    assert CliRunner().invoke(main, world.words()).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "mine.open-vocabulary.evidence.npz",
        "mine.open-vocabulary.json",
    ]


def test_a_run_beside_another_of_the_same_predictor_on_another_column_is_no_second_run(world: World) -> None:
    with Held(world.results / "mine.Brightness" / "other.open-vocabulary.lock"):
        assert CliRunner().invoke(main, world.words()).exit_code == 0


def test_a_finished_run_asks_nobody_and_sweeps_what_a_killed_process_left(world: World) -> None:
    assert CliRunner().invoke(main, world.words()).exit_code == 0
    folder = world.results / "mine.Brightness"
    leave(folder / "mine.open-vocabulary.lock", boot="another start")
    for name in ("mine.open-vocabulary.journal.sqlite", ".mine.open-vocabulary.json.0123456789ab.part"):
        (folder / name).write_bytes(b"left")

    assert CliRunner().invoke(main, world.words()).exit_code == 0
    assert len(list(folder.iterdir())) == 2
