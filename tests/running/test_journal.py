from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.errors import RecordError, RequestError
from cosegbench.running import journal_file
from cosegbench.running.batches import plan
from cosegbench.running.journal import Journal, read_identity


@given(st.integers(0, 40), st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_batches_cover_the_list_once_in_order_and_depend_on_nothing_else(images: int, size: int) -> None:
    ids = [str(place) for place in range(images)]
    batches = plan(ids, size)

    assert [each for batch in batches for each in batch.image_ids] == ids
    assert [batch.index for batch in batches] == list(range(len(batches)))
    assert all(len(batch.image_ids) == size for batch in batches[:-1])


def test_a_batch_size_below_one_is_refused() -> None:
    with pytest.raises(RequestError, match="must be 1 or more"):
        plan(["a"], 0)


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite", {"a": 1}) as journal:
        journal.commit(1, {"y": b"2", "x": b"1"}, seconds=2.0, predictor_seconds=1.5)
    with Journal(tmp_path / "j.sqlite", {"a": 2}) as journal:
        assert journal.identity == {"a": 1}
        assert journal.done() == {1}
        assert list(journal.evidence()) == [("x", b"1"), ("y", b"2")]
        assert (journal.spent().seconds, journal.spent().sessions) == (2.0, 2)


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite", {}) as journal:
        journal.commit(0, {"x": b"1"})
        with pytest.raises(RecordError, match="UNIQUE"):
            journal.commit(1, {"w": b"0", "x": b"2"})

        assert journal.done() == {0}
        assert list(journal.evidence()) == [("x", b"1")]
        journal.commit(1, {"w": b"0"})
    with Journal(tmp_path / "j.sqlite", {}) as journal:
        assert journal.done() == {0, 1}


def test_a_second_run_into_the_same_journal_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite", {}), pytest.raises(RecordError, match="Another run is writing"):
        Journal(tmp_path / "j.sqlite", {})


def test_a_damaged_journal_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").write_bytes(b"no database at all, but long enough to look at" * 30)

    with pytest.raises(RecordError, match=r"j\.sqlite is damaged \(file is not a database\).*Start again with --fresh"):
        Journal(tmp_path / "j.sqlite", {})


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "j.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(RecordError, match="version 99"):
        Journal(tmp_path / "j.sqlite", {})


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RecordError, match="cannot be opened"):
        Journal(tmp_path / "file" / "j.sqlite", {})


def filled(path: Path, batches: int = 12) -> dict[str, bytes]:
    """A journal of several pages; what it holds."""
    evidence = {f"image {number:03}": bytes([number]) * 700 for number in range(2 * batches)}
    ids = sorted(evidence)
    with Journal(path, {"a": 1}, "seen") as journal:
        for batch in range(batches):
            journal.commit(batch, {image_id: evidence[image_id] for image_id in ids[2 * batch : 2 * batch + 2]})
    return evidence


def test_a_byte_that_changed_in_the_evidence_is_found_and_the_other_batches_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    evidence = filled(path)
    data = path.read_bytes()
    place = data.index(bytes([9]) * 700) + 350
    path.write_bytes(data[:place] + b"\0" + data[place + 1 :])

    with Journal(path, {"a": 1}, "seen") as journal:
        assert journal.done() == frozenset(range(12)) - {4}
        assert dict(journal.evidence()) == {
            image_id: blob for image_id, blob in evidence.items() if image_id not in ("image 008", "image 009")
        }
        assert f"{path} was damaged (the evidence of 1 batches is not what was stored)" in journal.mended
        assert "Kept are 11 of the 12 batches" in journal.mended
        assert journal.spent().sessions == 2
        journal.commit(4, {"image 008": b"8", "image 009": b"9"})
    with Journal(path, {"a": 1}, "seen") as journal:
        assert (journal.mended, len(journal.done())) == ("", 12)
    assert [each.name for each in tmp_path.iterdir()] == ["j.sqlite"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_damage_a_journal_has_it_never_gives_evidence_that_was_not_stored(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.sqlite"
        evidence = filled(path)
        bytes_ = bytearray(path.read_bytes())
        kind = data.draw(st.sampled_from(["changed", "page of zeros", "cut off"]))
        place = data.draw(st.integers(0, len(bytes_) - 1))
        if kind == "changed":
            bytes_[place] ^= data.draw(st.integers(1, 255))
        elif kind == "page of zeros":
            bytes_[place // 4096 * 4096 : (place // 4096 + 1) * 4096] = bytes(4096)
        path.write_bytes(bytes_[:place] if kind == "cut off" else bytes_)
        try:
            if read_identity(path) != {"a": 1}:
                return  # the run refuses another identity, and begins anew where there is none
            with Journal(path, {"a": 1}, "seen") as journal:
                stored, done = dict(journal.evidence()), journal.done()
        except (RecordError, RequestError) as error:
            assert str(path) in str(error)
            assert "--fresh" in str(error)
            return
    ids = sorted(evidence)
    assert stored == {each: evidence[each] for batch in done for each in ids[2 * batch : 2 * batch + 2]}


def test_a_journal_that_was_begun_on_other_photographs_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "j.sqlite")
    with pytest.raises(RequestError, match=r"begun on other photographs.*--fresh"):
        Journal(tmp_path / "j.sqlite", {"a": 1}, "others")


def test_a_journal_is_open_in_a_mode_that_holds_on_network_file_systems_and_through_power_failures(
    tmp_path: Path,
) -> None:
    with contextlib.closing(journal_file.connect(tmp_path / "j.sqlite")) as database:
        found = [
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "locking_mode", "temp_store")
        ]
    assert found == ["delete", 2, "exclusive", 2]


@pytest.mark.parametrize("folder", ["with space", "50%", "what?", "a#b", "é"])
def test_a_journal_lies_in_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    filled(tmp_path / folder / "j.sqlite", 1)
    assert [each.name for each in (tmp_path / folder).iterdir()] == ["j.sqlite"]


NO_LOCKS = """
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <stdarg.h>
#include <dlfcn.h>
static int go(const char *name, int fd, int command, void *word) {
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) { errno = ENOLCK; return -1; }
    return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, name))(fd, command, word);
}
int fcntl(int fd, int command, ...) {
    va_list list; va_start(list, command); void *word = va_arg(list, void *); va_end(list);
    return go("fcntl", fd, command, word);
}
int fcntl64(int fd, int command, ...) {
    va_list list; va_start(list, command); void *word = va_arg(list, void *); va_end(list);
    return go("fcntl64", fd, command, word);
}
int flock(int fd, int what) { errno = ENOLCK; return -1; }
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler to play a file system without locks")
def test_on_a_file_system_without_locks_a_run_stores_resumes_and_keeps_others_out(tmp_path: Path) -> None:
    (tmp_path / "no.c").write_text(NO_LOCKS)
    library = tmp_path / "no.so"
    build = ["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "no.c"), "-ldl"]
    subprocess.run(build, check=True, capture_output=True)
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from cosegbench.errors import RecordError\n"
        "from cosegbench.running.journal import Journal\n"
        "from cosegbench.running.owner import Held\n"
        "folder, batch, last = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == 'last'\n"
        "with Held(folder / 'x.lock'), Journal(folder / 'j.sqlite', {}) as journal:\n"
        "    try:\n"
        "        Held(folder / 'x.lock')\n"
        "    except RecordError as error:\n"
        "        assert f'process {os.getpid()} on' in str(error), error\n"
        "    journal.commit(batch, {str(batch): b'1'})\n"
        "    if not last:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    print(sorted(journal.done()))\n"
    )
    variables = {**os.environ, "LD_PRELOAD": str(library)}
    words = [sys.executable, "-c", script, str(tmp_path / "run")]
    assert subprocess.run([*words, "0", "killed"], env=variables, check=False).returncode == -signal.SIGKILL
    done = subprocess.run([*words, "1", "last"], env=variables, check=False, capture_output=True, text=True)
    assert done.stdout == "[0, 1]\n", done.stderr
