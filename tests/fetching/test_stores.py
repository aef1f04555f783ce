"""The files beside the data: pinned hashes and accepted licences; and the lock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cosegbench.errors import DataError
from cosegbench.fetching.lock import fetch_lock
from cosegbench.fetching.stores import Licences, Pins

URL = "http://h/a.zip"


def test_a_pin_is_remembered_by_address(tmp_path: Path) -> None:
    assert Pins(tmp_path).get(URL) is None
    Pins(tmp_path).put(URL, "a" * 64, 12, "http://mirror/a.zip")
    Pins(tmp_path).put("http://h/b.zip", "b" * 64, 13, "http://h/b.zip")
    assert Pins(tmp_path).get(URL) == f"sha256:{'a' * 64}"
    assert Pins(tmp_path).get("http://h/c.zip") is None


def test_a_licence_is_new_until_it_is_accepted_and_again_when_it_changes(tmp_path: Path) -> None:
    assert Licences(tmp_path).new(["one", "two", "one"]) == ["one", "two"]
    Licences(tmp_path).accept(["one"])
    assert Licences(tmp_path).new(["one", "two"]) == ["two"]
    assert Licences(tmp_path).new(["one, changed"]) == ["one, changed"]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"version": 2, "entries": {}}', '{"version": 1}', "[" * 100_000, "\ufffe"],
    ids=["cut", "list", "version", "no entries", "deep", "no text"],
)
def test_a_damaged_store_is_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    for store, ask in ((Pins(tmp_path), lambda s: s.get(URL)), (Licences(tmp_path), lambda s: s.new(["one"]))):
        store.path.parent.mkdir(exist_ok=True)
        store.path.write_bytes(text.encode("utf-16"))
        with pytest.raises(DataError, match="Remove it to begin anew"):
            ask(store)
        store.path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="Remove it to begin anew"):
            ask(store)


def test_a_pin_without_a_hash_is_named(tmp_path: Path) -> None:
    path = Pins(tmp_path).path
    path.parent.mkdir()
    path.write_text('{"version": 1, "entries": {"http://h/a.zip": {"sha256": 5}}}')
    with pytest.raises(DataError, match=r"the entry of http://h/a\.zip has no SHA-256"):
        Pins(tmp_path).get(URL)


def test_the_second_of_two_waits_and_says_for_whom(tmp_path: Path) -> None:
    said: list[str] = []
    waiting, done = threading.Event(), threading.Event()

    def second() -> None:
        with fetch_lock(tmp_path, lambda text: (said.append(text), waiting.set())):
            done.set()

    with fetch_lock(tmp_path, said.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert not done.is_set()
    thread.join(30)
    assert done.is_set()
    assert len(said) == 1
    assert "another fetch into" in said[0]
    assert "(process " in said[0]
