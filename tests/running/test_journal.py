from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.errors import RecordError, RequestError
from cosegbench.running.batches import plan
from cosegbench.running.journal import Journal


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
