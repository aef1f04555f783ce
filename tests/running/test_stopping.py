from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cosegbench.running.stopping import Stop, stop_code, stoppable
from running.killing import HOOK
from running.support import IMAGES, World

AT_START = "\nimport os, signal\nos.kill(os.getpid(), signal.Signals[os.environ.get('AT_START', 'SIGCONT')])\n"

START = "link:.lock:1:before"
COMMITTED = "insert:INTO batches:3:before"
COUNTED = "replace:.png:5:before"
RECORDED = "replace:.json:2:before"
BATCH = 3


def started(words: list[str], call: str = "", signals: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, which is sent the signals at the call (see ``kill_hook``)."""
    path = os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "")])
    told = {"PYTHONPATH": path, "COSEGBENCH_TEST_KILL": call, "COSEGBENCH_TEST_SIGNALS": signals, **variables}
    return subprocess.run(
        [sys.executable, "-m", "cosegbench", *words],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
        # A test runner in a shell's background ignores Ctrl-C, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def saved_words(world: World) -> list[str]:
    return world.words("--save-predictions", str(world.results.parent / "saved"))


@pytest.mark.parametrize(
    ("call", "signals", "code", "kept"),
    [
        (START, "SIGINT", 130, None),
        (COMMITTED, "SIGINT", 130, 6),
        (COMMITTED, "SIGTERM", 143, 6),
        (COUNTED, "SIGINT SIGINT", 130, 3),
        (COUNTED, "SIGINT SIGTERM SIGINT", 130, None),
        (RECORDED, "SIGTERM", 143, IMAGES),
    ],
    ids=["at the start", "within a transaction", "SIGTERM", "twice while counting", "three times", "before the record"],
)
def test_a_run_that_is_told_to_stop_says_how_to_go_on_and_goes_on(
    world: World, call: str, signals: str, code: int, kept: int | None
) -> None:
    stopped = started(saved_words(world), call, signals)
    folder = world.results / "mine.Brightness"

    assert stopped.returncode == code
    assert "Traceback" not in stopped.stderr
    ended_at_once = signals.count(" ") == 2
    stored = 0
    if kept is not None:
        said = re.search(rf"stopped: (\d+) of {IMAGES} images", stopped.stderr)
        assert said is not None, stopped.stderr
        stored = int(said.group(1))
        assert stored in range(kept, IMAGES + 1)  # what had been predicted beside the batch is kept too
        assert sorted(path.suffix for path in folder.iterdir() if path.suffix != ".npz") == [".sqlite"]
    if not ended_at_once:
        assert "Start the same command again (without --fresh) to go on." in stopped.stderr
        assert not list(world.results.rglob("*.lock"))
        assert not list(world.results.parent.rglob(".*.part"))
    if " " in signals:
        assert "Already stopping" in stopped.stderr
    world.control.joinpath("seen.txt").unlink(missing_ok=True)
    gone_on = started(saved_words(world))
    assert gone_on.returncode == 0, gone_on.stderr
    if ended_at_once:
        assert len(world.seen()) in (IMAGES, IMAGES - BATCH)  # the batch in flight is lost, and may be the first
    else:
        assert len(world.seen()) == IMAGES - stored
    assert len(list(folder.iterdir())) == 2


def test_a_signal_while_a_command_is_still_loading_is_as_tidy(world: World) -> None:
    world.file.write_text(world.file.read_text() + AT_START)
    for name, code in (("SIGINT", 130), ("SIGTERM", 143)):
        stopped = started(world.words(), AT_START=name)
        assert (stopped.returncode, "Traceback" in stopped.stderr) == (code, False)
        assert "Start the same command again" in stopped.stderr
    assert not world.results.exists()


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_handlers_are_put_back_and_set_by_the_main_thread_only() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before

    found = []
    other = threading.Thread(target=lambda: found.append(enter_and_look()))
    other.start()
    other.join()
    assert found == [before]


def enter_and_look() -> object:
    with stoppable():
        return signal.getsignal(signal.SIGTERM)


def test_exit_codes_are_those_of_a_shell() -> None:
    assert stop_code(KeyboardInterrupt()) == 130
    assert stop_code(Stop(signal.SIGTERM)) == 143


def test_a_training_that_is_stopped_says_where_its_state_lies(tmp_path: Path) -> None:
    plugin = tmp_path / "sitecustomize.py"
    plugin.write_text(
        "import os, signal, cosegbench.registry\n"
        "def train(request):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "cosegbench.registry.load_trainer = lambda name: train\n"
    )
    words = ["train", "--predictor", "clip", "--data-root", str(tmp_path), "--out", str(tmp_path / "weights")]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    stopped = started(words, PYTHONPATH=path)
    assert stopped.returncode == 130, stopped.stderr
    assert f"lies under {tmp_path / 'weights'}. Start the same command again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
