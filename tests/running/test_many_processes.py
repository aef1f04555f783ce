from __future__ import annotations

import os
import shutil
import signal

import pytest

from cosegbench.errors import RecordError
from cosegbench.running.owner import Held
from cosegbench.running.runner import run
from running.many import journals, killed_at, left_behind, record, start, together
from running.support import World


@pytest.mark.slow
def test_two_processes_give_the_record_and_evidence_of_one_and_only_the_first_speaks(world: World) -> None:
    assert together(world.words(), 1)[0][0] == 0  # in a process of its own, which has imported what theirs have
    alone, evidence = record(world), world.evidence()
    shutil.rmtree(world.results)

    (first, said, told), (second, *nothing) = together(world.words(), 2)

    assert (first, second) == (0, 0), told
    assert said
    assert nothing == ["", ""]
    assert record(world) == alone
    assert world.evidence() == evidence
    assert left_behind(world) == []


@pytest.mark.slow
def test_a_lost_process_is_named_and_another_number_of_processes_predicts_only_the_rest(world: World) -> None:
    assert together(world.words(), 1)[0][0] == 0  # in a process of its own, which has imported what theirs have
    alone, evidence = record(world), world.evidence()
    shutil.rmtree(world.results)
    first = start(world.words(), 0, 2)
    second = start(world.words(), 1, 2, **killed_at("insert:INTO images:2:before"))

    _, told = first.communicate()
    second.communicate()

    assert (first.returncode, second.returncode) == (1, -signal.SIGKILL), told
    assert f"process 1 (process {second.pid} on" in told
    assert "has ended without a word" in told
    names = ["mine.open-vocabulary.journal.1.sqlite", "mine.open-vocabulary.journal.sqlite"]
    assert journals(world.results) == names
    (world.control / "seen.txt").unlink()

    assert [code for code, _, _ in together(world.words(), 3)] == [0, 0, 0]
    assert world.seen() == ["image_000009"]
    assert record(world) == alone
    assert world.evidence() == evidence
    assert left_behind(world) == []


@pytest.mark.slow
def test_one_process_goes_on_with_what_two_began(world: World) -> None:
    first = start(world.words(), 0, 2, **killed_at("insert:INTO images:1:before"))
    second = start(world.words(), 1, 2)
    assert first.wait() == -signal.SIGKILL
    assert second.wait() == 0  # its share is done and kept, whoever waits for it
    (world.control / "seen.txt").unlink()

    run(world.request())

    assert sorted(world.seen()) == [f"image_00000{number}" for number in (0, 1, 2, 6, 7, 8)]
    assert left_behind(world) == []


@pytest.mark.slow
def test_processes_with_other_settings_are_refused_and_the_difference_is_named(world: World) -> None:
    first = start(world.words(), 0, 2)
    second = start(world.words("--set", "shift=1"), 1, 2)

    _, told = first.communicate()
    _, told_too = second.communicate()

    assert (first.returncode, second.returncode) == (2, 1)
    assert "predictor.arguments.shift: 0 there, 1 now" in told
    assert told_too == ""
    assert journals(world.results) == []


def test_a_run_is_refused_while_a_process_of_an_earlier_launch_still_works_on_its_share(world: World) -> None:
    lock = world.results / "mine.Brightness" / "mine.open-vocabulary.1.lock"

    with Held(lock), pytest.raises(RecordError, match=f"process {os.getpid()} on .* is working on this run"):
        run(world.request())

    run(world.request())
    assert left_behind(world) == []
