from __future__ import annotations

import shutil
import time

import pytest

from cosegbench.running.runner import run
from running.many import journals, left_behind, record, start, together
from running.support import World


@pytest.mark.slow
def test_two_processes_give_the_record_and_evidence_of_one_and_only_the_first_speaks(world: World) -> None:
    run(world.request())
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
def test_after_a_killed_process_another_number_of_processes_predicts_only_the_rest(world: World) -> None:
    run(world.request())
    alone, evidence = record(world), world.evidence()
    shutil.rmtree(world.results)
    (world.control / "seen.txt").unlink()
    batches_seen = 2 * 3  # either process has begun its second batch, and stored its first
    world.tell("kill", after=batches_seen)

    killed = together(world.words(), 2)

    assert sorted(code for code, _, _ in killed)[0] < 0
    kept = journals(world.results)
    assert kept
    world.forget("kill")
    before = len(world.seen())
    assert [code for code, _, _ in together(world.words(), 3)] == [0, 0, 0]
    assert len(world.seen()) - before < len(world.labels)
    assert set(world.seen()) == world.labels.keys()
    assert record(world) == alone
    assert world.evidence() == evidence
    assert left_behind(world) == []


@pytest.mark.slow
def test_a_process_that_is_lost_is_named_by_the_first_and_the_others_evidence_is_kept(world: World) -> None:
    world.tell("stop", after=len(world.labels) + 1)  # nobody, yet the predictor reads it
    first = start(world.words("--set", "shift=0"), 0, 2)
    second = start(world.words("--set", "shift=0"), 1, 2)
    while not list(world.results.rglob("*.journal.1.sqlite")):
        assert second.poll() is None
        time.sleep(0.01)
    second.kill()
    second.communicate()

    _, told = first.communicate()

    assert first.returncode in (0, 1)
    if first.returncode:
        assert f"process 1 (process {second.pid} on" in told
        assert "has ended without a word" in told
        assert "mine.open-vocabulary.journal.sqlite" in journals(world.results)


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
