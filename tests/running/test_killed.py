from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from running.killing import Moment, Place, differences
from running.support import World

IN_FLIGHT = 2 * 3
"""Images of two batches: one may be counted while the next is predicted."""

MOMENTS = [
    Moment("call", "link:.lock:1:after"),
    Moment("call", "commit::1:before"),
    Moment("call", "insert:INTO images:2:before"),
    Moment("call", "commit::3:after"),
    Moment("call", "commit::4:0.0004"),
    Moment("call", "replace:.png:5:before"),
    Moment("call", "replace:.npz:1:after"),
    Moment("call", "replace:.json:2:before"),
    Moment("call", "unlink:.journal.sqlite:1:before"),
    Moment("call", "unlink:.lock:2:before"),
]


def place(world: World, folder: Path) -> Place:
    words = world.words("--save-predictions", "predictions")
    words[words.index("--results") + 1] = "results"
    return Place(folder, words)


@pytest.fixture
def undisturbed(world: World, tmp_path: Path) -> Place:
    whole = place(world, tmp_path / "undisturbed")
    assert whole.finish() == 0
    (world.control / "seen.txt").unlink()
    return whole


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_as_an_undisturbed_one_and_predicts_again_what_was_in_flight_at_most(
    world: World, undisturbed: Place, tmp_path: Path
) -> None:
    expected = undisturbed.content()
    for number, moment in enumerate(MOMENTS):
        (world.control / "seen.txt").unlink(missing_ok=True)
        killed = place(world, tmp_path / str(number))
        assert killed.kill(moment), moment
        there = killed.whole()
        assert not differences(there, {name: expected[name] for name in there}), moment

        assert killed.finish() == 0, (moment, (killed.folder / "stderr.txt").read_text())
        assert not differences(killed.content(), expected), moment
        seen = Counter(world.seen())
        assert seen.keys() == world.labels.keys()
        assert seen.total() <= len(world.labels) + IN_FLIGHT, moment
