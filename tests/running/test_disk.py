from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from cosegbench.cli import main
from cosegbench.errors import RecordError, WorkError
from cosegbench.miniature import SMALL_SIZES, cache, ensure_miniature
from cosegbench.running import work
from cosegbench.running.journal import Journal
from cosegbench.running.runner import run
from running.support import IMAGES, World

BATCH = 3


class Disk:
    """A file system of its own, of one megabyte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room."""
        with self.filler.open("ab", buffering=0) as stream:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while stream.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self.filler.unlink()

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system of its own can be mounted here: {getattr(error, 'stderr', error)}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Filler:
    """A reporter that fills the disk after so many images."""

    def __init__(self, disk: Disk, after: int) -> None:
        self.disk, self.left = disk, after

    def remark(self, text: str) -> None: ...

    def progress(self, title: str, total: int, done: int):
        def tick(images: int) -> None:
            self.left -= images
            if self.left == 0:
                self.disk.fill()

        return nullcontext(tick)


def filling_first(disk: Disk, do: Callable[..., object]) -> Callable[..., object]:
    def filled(*words: object) -> object:
        disk.fill()
        return do(*words)

    return filled


def on(world: World, disk: Disk) -> World:
    world.results = disk.folder / "results"
    return world


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def goes_on(world: World, left: int, *more: str) -> None:
    before = len(world.seen())
    done = invoke(*world.words(*more))
    assert done.exit_code == 0, done.stderr
    assert len(world.seen()) - before == left
    assert len(list((world.results / "mine.Brightness").iterdir())) == 2


def test_a_full_disk_at_the_start_is_said_and_leaves_nothing(world: World, disk: Disk) -> None:
    disk.fill()
    failed = invoke(*on(world, disk).words())
    assert failed.exit_code == 1
    assert "No space left on device" in failed.stderr
    assert str(world.results) in failed.stderr
    assert world.seen() == []
    assert not [path for path in world.results.rglob("*") if path.is_file()]
    disk.free()
    goes_on(world, IMAGES)


def test_a_disk_that_fills_at_a_batch_keeps_those_before_and_takes_it_when_there_is_room(disk: Disk) -> None:
    path = disk.folder / "j.sqlite"
    with Journal(path, {"a": 1}) as journal:
        journal.commit(0, {"x": bytes(100_000)})
        disk.fill()
        kept = r"disk is full\. What was stored before is kept; start the same command again"
        with pytest.raises(RecordError, match=kept):
            journal.commit(1, {"y": bytes(100_000)})
        assert journal.done() == {0}
    with Journal(path, {"a": 1}) as journal:
        assert list(journal.evidence()) == [("x", bytes(100_000))]
        disk.free()
        journal.commit(1, {"y": bytes(100_000)})
    with Journal(path, {"a": 1}) as journal:
        assert journal.done() == {0, 1}


def test_a_disk_that_fills_during_a_run_keeps_what_was_stored(world: World, disk: Disk) -> None:
    with pytest.raises(RecordError, match=r"What was (stored before|computed) is kept; start"):
        run(on(world, disk).request(), Filler(disk, 2 * BATCH))
    assert invoke(*world.words()).exit_code == 1
    seen = len(world.seen())
    disk.free()
    assert invoke(*world.words()).exit_code == 0
    assert len(world.seen()) - seen <= IMAGES - 2 * BATCH


@pytest.mark.parametrize(("what", "named"), [("save_evidence", "evidence.npz"), ("write_record", "vocabulary.json")])
def test_a_disk_that_is_full_when_the_record_is_written_keeps_all_that_was_computed(
    world: World, disk: Disk, monkeypatch: pytest.MonkeyPatch, what: str, named: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, what, filling_first(disk, getattr(work, what)))
        failed = invoke(*on(world, disk).words())
    assert failed.exit_code == 1
    assert f"{named} cannot be written" in failed.stderr
    assert not list(world.results.rglob(".*.part"))
    disk.free()
    goes_on(world, 0)


def test_a_disk_that_is_full_for_predictions_leaves_no_half_picture(world: World, disk: Disk) -> None:
    saved = disk.folder / "saved"
    with pytest.raises(RecordError, match=r"image_\d+\.png cannot be written: .*No space left"):
        run(world.request(save_predictions=saved), Filler(disk, 2 * BATCH))
    kept = list(saved.rglob("*.png"))
    assert len(kept) >= 2 * BATCH  # the batch after them is saved while they are stored
    for path in kept:
        Image.open(path).load()
    assert not list(saved.rglob(".*.part"))
    disk.free()
    before = len(world.seen())
    assert invoke(*world.words("--save-predictions", str(saved))).exit_code == 0
    assert len(world.seen()) - before <= IMAGES - 2 * BATCH
    assert len(list(saved.rglob("*.png"))) == IMAGES
    assert len(list(saved.rglob("*.png"))) == IMAGES


def test_a_read_only_folder_is_said_and_what_lies_there_stays_readable(world: World, disk: Disk) -> None:
    on(world, disk).tell("stop", 2 * BATCH)
    assert invoke(*world.words()).exit_code == 130
    world.forget("stop")
    disk.remount("ro")
    failed = invoke(*world.words())
    assert failed.exit_code == 1
    assert "Read-only file system" in failed.stderr
    assert "What lies there is kept" in failed.stderr
    assert invoke(*world.words("--fresh")).exit_code == 1
    disk.remount("rw")
    goes_on(world, IMAGES - 2 * BATCH)
    disk.remount("ro")
    assert invoke(*world.words()).exit_code == 0
    table = invoke("table", "--results", str(world.results), "--json", str(disk.folder / "table.json"))
    assert table.exit_code == 1
    assert "Read-only file system" in table.stderr
    assert "mine.Brightness" in invoke("table", "--results", str(world.results)).stdout
    disk.remount("rw")


def test_a_table_for_which_there_is_no_room_is_said_and_leaves_nothing(world: World, disk: Disk) -> None:
    assert invoke(*world.words()).exit_code == 0
    disk.fill()
    target = disk.folder / "table.json"
    failed = invoke("table", "--results", str(world.results), "--json", str(target))
    assert failed.exit_code == 1
    assert f"{target} cannot be written" in failed.stderr
    assert [path.name for path in disk.folder.iterdir()] == ["filler"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_standard_output_without_room_is_exit_code_1_without_a_traceback() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cosegbench", "protocols", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cache_without_room_for_the_miniature_is_said_and_left_empty(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(disk.folder))
    disk.fill()
    with pytest.raises(WorkError, match=r"No space left on device.*Free some space"):
        ensure_miniature(sizes=SMALL_SIZES)
    assert not [path for path in disk.folder.iterdir() if path.is_dir()]
    disk.remount("ro")
    with pytest.raises(WorkError, match="Read-only file system"):
        ensure_miniature(seed=7, sizes=SMALL_SIZES)
    disk.remount("rw")


def test_files_of_this_user_are_as_readable_as_any_other(world: World) -> None:
    before = os.umask(0o027)
    try:
        (path,) = run(world.request())
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o640}
