from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from cosegbench.errors import WorkError
from cosegbench.miniature import CACHE_VARIABLE, MARKER, SMALL_SIZES, cache, ensure_miniature

SIZES = replace(SMALL_SIZES, closeups_train=0, closeups_val=0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def test_the_miniature_is_drawn_into_the_named_cache_and_then_only_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure_miniature(sizes=SIZES)
    assert first.parent == tmp_path
    assert (first / MARKER).is_file()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("drawn a second time")

    monkeypatch.setattr(cache, "draw_miniature", never)
    assert ensure_miniature(sizes=SIZES) == first


def test_seed_and_sizes_and_world_version_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {cache.miniature_digest(0, SIZES), cache.miniature_digest(1, SIZES), cache.miniature_digest(0, SMALL_SIZES)}
    monkeypatch.setattr(cache, "WORLD_VERSION", cache.WORLD_VERSION + 1)
    names.add(cache.miniature_digest(0, SIZES))
    assert len(names) == 4


def test_an_interrupted_drawing_leaves_no_folder_and_the_next_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(out: Path, *_: object, **__: object) -> None:
        (out / "coco").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "draw_miniature", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ensure_miniature(sizes=SIZES)
    assert _folders(tmp_path) == []
    assert (ensure_miniature(sizes=SIZES) / MARKER).is_file()


def test_what_a_killed_process_left_is_neither_used_nor_kept(tmp_path: Path) -> None:
    left = tmp_path / f".miniature-{cache.miniature_digest(0, SIZES)}-killed"
    (left / "coco").mkdir(parents=True)
    assert _folders(tmp_path) == [left]
    assert _folders(tmp_path) != [ensure_miniature(sizes=SIZES)]
    assert not left.exists()


def test_a_cache_that_cannot_be_written_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(WorkError, match=CACHE_VARIABLE):
        ensure_miniature(sizes=SIZES)


def test_a_lock_that_is_held_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LOCK_TIMEOUT_SECONDS", 0.0)
    lock = tmp_path / f"miniature-{cache.miniature_digest(0, SIZES)}.lock"
    with cache._locked(lock), pytest.raises(WorkError, match="another process"):
        ensure_miniature(sizes=SIZES)


def _ensure(answers: multiprocessing.SimpleQueue[tuple[str, bool]]) -> None:
    root = ensure_miniature(sizes=SIZES)
    answers.put((str(root), (root / MARKER).is_file()))


def test_two_processes_that_start_at_once_share_one_whole_drawing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.SimpleQueue[tuple[str, bool]] = context.SimpleQueue()
    workers = [context.Process(target=_ensure, args=(answers,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert answers.get() == answers.get() == (str(_folders(tmp_path)[0]), True)
    assert len(_folders(tmp_path)) == 1
