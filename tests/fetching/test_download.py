"""Downloading from servers that fail, lie and change, and from mirrors."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cosegbench.errors import DataError, MissingDataError, WorkError
from cosegbench.fetching import space
from cosegbench.fetching.obtain import obtain
from cosegbench.fetching.places import archive_path
from fetching.support import HASTY, File, Notes, Server, archive, sha256

CONTENT = random.Random(0).randbytes(700_000)
OTHER = random.Random(1).randbytes(600_000)
KNOWN = {"bytes": len(CONTENT), "sha256": sha256(CONTENT)}


def get(root: Path, url: str, notes: Notes | None = None, **facts: object):
    return obtain(
        archive(url, **facts), root, progress=notes or Notes(), examine=lambda _: None, patience=HASTY
    )  # fmt: skip


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_file_is_downloaded_compared_with_its_hash_and_moved_into_place(server: Server, tmp_path: Path) -> None:
    url = server.put("/a/data.bin", CONTENT)
    got = get(tmp_path, url, **KNOWN)
    assert (got.path.read_bytes(), got.source, got.checked) == (CONTENT, url, "published hash")
    assert got.path == archive_path(tmp_path, archive(url))
    assert leftovers(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("known", [KNOWN, {}], ids=["hash known", "no hash"])
def test_a_connection_that_is_cut_again_and_again_is_resumed_where_it_broke(
    server: Server, tmp_path: Path, known: dict[str, object]
) -> None:
    url = server.put("/data.bin", File(CONTENT, cuts=[100_000, 200_000, 1, 50_000]))
    assert get(tmp_path, url, **known).path.read_bytes() == CONTENT
    starts = [wanted for _, wanted in server.asked]
    assert starts == ["", "bytes=100000-", "bytes=300000-", "bytes=300001-", "bytes=350001-"]
    assert server.sent == len(CONTENT)


def test_what_an_earlier_command_downloaded_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, cuts=[300_000], statuses=[200, 503, 503, 503]))
    with pytest.raises(DataError, match="the server answered 503, 3 times"):
        get(tmp_path, url, **KNOWN)
    assert leftovers(tmp_path) == ["data.bin.part", "data.bin.part.json"]
    assert get(tmp_path, url, **KNOWN).path.read_bytes() == CONTENT
    assert server.asked[-1] == ("/data.bin", "bytes=300000-")
    assert leftovers(tmp_path) == ["data.bin"]


def test_a_server_that_ignores_ranges_is_taken_from_the_start(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, ranges=False, cuts=[400_000]))
    assert get(tmp_path, url).path.read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, ranges=False, cuts=[1000] * 50))
    with pytest.raises(DataError, match=r"broke off \(.*1000.*\), 3 times"):
        get(tmp_path, url)
    assert len(server.asked) < 10


def test_a_file_that_changes_while_it_is_downloaded_is_taken_from_the_start(server: Server, tmp_path: Path) -> None:
    def change(file: File) -> None:
        if len(server.asked) == 2:
            file.content, file.etag = OTHER, '"two"'

    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], before=change))
    assert get(tmp_path, url).path.read_bytes() == OTHER
    assert [wanted for _, wanted in server.asked] == ["", "bytes=400000-"], "the condition spares a request"


def test_a_changed_file_is_noticed_though_the_server_ignores_the_condition(server: Server, tmp_path: Path) -> None:
    def change(file: File) -> None:
        if len(server.asked) == 2:  # the tag is new, and the server answers as if it were the old one
            file.content, file.etag = OTHER, '"two"'
            server.files["/data.bin"].modified = '"one"'

    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], before=change))
    assert get(tmp_path, url).path.read_bytes() == OTHER
    assert [wanted for _, wanted in server.asked] == ["", "bytes=400000-", ""]


def test_without_a_validator_only_a_known_hash_allows_to_go_on(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, etag="", cuts=[400_000, None]))
    assert get(tmp_path / "a", url).path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["", ""]
    server.asked.clear()
    server.put("/data.bin", File(CONTENT, etag="", cuts=[400_000]))
    assert get(tmp_path / "b", url, **KNOWN).path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["", "bytes=400000-"]


def test_a_weak_tag_is_not_used_and_the_date_is(server: Server, tmp_path: Path) -> None:
    date = "Mon, 02 Jun 2025 10:00:00 GMT"
    url = server.put("/data.bin", File(CONTENT, etag='W/"1"', modified=date, cuts=[400_000]))
    assert get(tmp_path, url).path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["", "bytes=400000-"]


def test_a_part_that_begins_elsewhere_is_thrown_away(server: Server, tmp_path: Path) -> None:
    def mend(file: File) -> None:
        file.range_shift = 7 if len(server.asked) == 2 else 0

    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], before=mend))
    assert get(tmp_path, url).path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["", "bytes=400000-", ""]


def test_a_download_that_was_killed_after_its_last_byte_is_whole(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], statuses=[200, 503, 503, 503]))
    with pytest.raises(DataError):
        get(tmp_path, url)
    (part,) = tmp_path.rglob("*.part")
    part.write_bytes(CONTENT)
    sent = server.sent
    assert get(tmp_path, url).path.read_bytes() == CONTENT
    assert server.sent == sent


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], statuses=[200, 503, 503, 503]))
    with pytest.raises(DataError):
        get(tmp_path, url)
    (part,) = tmp_path.rglob("*.part")
    part.write_bytes(CONTENT + b"more")
    assert get(tmp_path, url).path.read_bytes() == CONTENT


def test_a_length_that_is_too_large_is_a_broken_connection(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, length=len(CONTENT) + 1, ranges=False))
    with pytest.raises(DataError, match=r"700000 of 700001|broke off"):
        get(tmp_path, url)
    assert "data.bin" not in leftovers(tmp_path)


def test_a_length_that_is_too_small_gives_a_wrong_hash(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, length=1000))
    with pytest.raises(DataError, match="its hash is not sha256"):
        get(tmp_path, url, sha256=sha256(CONTENT))
    assert leftovers(tmp_path) == []


def test_another_size_than_the_cards_is_refused_before_a_byte_is_kept(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", OTHER)
    with pytest.raises(DataError, match="it offers 600000 bytes, and 700000 bytes were expected"):
        get(tmp_path, url, **KNOWN)
    assert leftovers(tmp_path) == []


def test_a_server_that_hides_the_length_and_does_not_stop_is_stopped(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(bytes(5_000_000), length=-1))
    with pytest.raises(DataError, match="sends more than it should"):
        get(tmp_path, url, about_bytes=500_000)
    assert leftovers(tmp_path) == []


def test_a_file_without_a_length_is_taken_to_its_end(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, length=-1))
    assert get(tmp_path, url).path.read_bytes() == CONTENT


def test_a_file_that_the_server_calls_gzip_is_kept_as_it_is(server: Server, tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(CONTENT)
    url = server.put("/data.tar.gz", File(packed, headers={"Content-Encoding": "gzip"}))
    assert get(tmp_path, url).path.read_bytes() == packed


@pytest.mark.parametrize("wrong", [OTHER[:1000], b""], ids=["other bytes", "nothing"])
def test_a_wrong_hash_is_said_and_nothing_is_kept(server: Server, tmp_path: Path, wrong: bytes) -> None:
    url = server.put("/data.bin", wrong)
    with pytest.raises(DataError, match=f"its hash is not sha256:{KNOWN['sha256']}; what came was thrown away"):
        get(tmp_path, url, sha256=KNOWN["sha256"])
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
def test_each_kind_of_hash_is_compared(server: Server, tmp_path: Path, name: str) -> None:
    import hashlib

    url = server.put("/data.bin", CONTENT)
    assert get(tmp_path / "right", url, **{name: hashlib.new(name, CONTENT).hexdigest()}).checked == "published hash"
    with pytest.raises(DataError, match=f"its hash is not {name}"):
        get(tmp_path / "wrong", url, **{name: hashlib.new(name, OTHER).hexdigest()})


def test_an_older_part_with_wrong_bytes_costs_one_more_download(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", File(CONTENT, cuts=[400_000], statuses=[200, 503, 503, 503]))
    with pytest.raises(DataError):
        get(tmp_path, url, **KNOWN)
    (part,) = tmp_path.rglob("*.part")
    part.write_bytes(OTHER[:400_000])
    notes = Notes()
    assert get(tmp_path, url, notes, **KNOWN).path.read_bytes() == CONTENT
    assert "beginning anew" in notes.text


FAULTS = {
    "404": (lambda: File(statuses=[404] * 9), "the server answered 404"),
    "403": (lambda: File(statuses=[403] * 9), "the server answered 403"),
    "500": (lambda: File(statuses=[500] * 9), "the server answered 500, 3 times"),
    "redirects": (lambda: File(redirect="/data.bin"), "it redirects without end"),
    "web page": (lambda: File(b"<html>log in", headers={"Content-Type": "text/html"}), "it sends a web page"),
    "hash": (lambda: File(OTHER), "its hash is not"),
    "cut": (lambda: File(CONTENT, cuts=[0] * 9), r"broke off \(.*\), 3 times"),
    "elsewhere": (lambda: File(redirect="ftp://127.0.0.1/data.bin"), "it cannot be asked"),
}


@pytest.mark.parametrize(("file", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_said_and_the_next_mirror_is_asked(
    server: Server, tmp_path: Path, file: Callable[[], File], reason: str
) -> None:
    good = server.put("/mirror/data.bin", CONTENT)
    bad = server.put("/data.bin", file())
    with pytest.raises(DataError, match=reason):
        get(tmp_path / "alone", bad, sha256=KNOWN["sha256"])
    bad = server.put("/data.bin", file())
    got = get(tmp_path / "mirror", bad, sha256=KNOWN["sha256"], mirrors=(good,))
    assert (got.path.read_bytes(), got.source) == (CONTENT, good)


def test_a_host_that_does_not_answer_is_a_fault_like_any_other(server: Server, tmp_path: Path) -> None:
    good = server.put("/data.bin", CONTENT)
    got = get(tmp_path, "http://127.0.0.1:9/data.bin", mirrors=(good,), **KNOWN)
    assert got.source == good


def test_where_every_address_fails_each_is_named_with_its_reason(server: Server, tmp_path: Path) -> None:
    first = server.put("/data.bin", File(statuses=[404]))
    second = server.put("/other/data.bin", OTHER)
    with pytest.raises(DataError) as caught:
        get(tmp_path, first, mirrors=(second,), sha256=KNOWN["sha256"])
    text = str(caught.value)
    assert "data.bin could not be had from any of its 2 address(es)" in text
    assert f"{first}: the server answered 404" in text
    assert f"{second}: its hash is not" in text
    assert str(archive_path(tmp_path, archive(first))) in text


def test_the_part_of_one_mirror_serves_the_next_where_the_hash_is_known(server: Server, tmp_path: Path) -> None:
    first = server.put("/data.bin", File(CONTENT, cuts=[400_000], statuses=[200, 404]))
    second = server.put("/mirror/data.bin", File(CONTENT, etag='"another"'))
    assert get(tmp_path, first, mirrors=(second,), **KNOWN).source == second
    assert server.asked[-1] == ("/mirror/data.bin", "bytes=400000-")


def test_the_part_of_one_mirror_is_not_mixed_with_the_next_where_no_hash_is_known(
    server: Server, tmp_path: Path
) -> None:
    first = server.put("/data.bin", File(OTHER, cuts=[400_000], statuses=[200, 404]))
    second = server.put("/mirror/data.bin", File(CONTENT))
    assert get(tmp_path, first, mirrors=(second,)).path.read_bytes() == CONTENT


def test_a_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    server.put("/new/data.bin", CONTENT)
    url = server.put("/data.bin", File(redirect="/new/data.bin"))
    assert get(tmp_path, url, **KNOWN).path.read_bytes() == CONTENT


def test_plain_http_without_a_published_hash_is_called_unverified(server: Server, tmp_path: Path) -> None:
    url = server.put("/data.bin", CONTENT)
    notes = Notes()
    assert get(tmp_path / "a", url, notes).checked == "nothing"
    assert "unverified: data.bin came over plain http from 127.0.0.1, and no hash of it is published" in notes.text
    quiet = Notes()
    get(tmp_path / "b", url, quiet, **KNOWN)
    assert quiet.remarks == []


def test_a_file_that_lies_there_is_taken_if_its_hash_is_right_and_replaced_if_not(
    server: Server, tmp_path: Path
) -> None:
    url = server.put("/data.bin", CONTENT)
    path = archive_path(tmp_path, archive(url))
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert get(tmp_path, url, **KNOWN).source == ""
    assert server.asked == []
    path.write_bytes(OTHER)
    notes = Notes()
    assert get(tmp_path, url, notes, **KNOWN).source == url
    assert "is of no use: its hash is not" in notes.text


def test_what_must_be_asked_for_is_said_with_address_and_place_and_taken_once_it_is_there(
    server: Server, tmp_path: Path
) -> None:
    url = server.put("/data.bin", CONTENT)
    entry = archive(url, by_hand="Register, and agree to the terms.")
    with pytest.raises(MissingDataError) as caught:
        get(tmp_path, url, by_hand="Register, and agree to the terms.", **KNOWN)
    path = archive_path(tmp_path, entry)
    assert f"by hand: Register, and agree to the terms. The address is {url}; put the file at {path}" in str(
        caught.value
    )
    path.parent.mkdir(parents=True)
    path.write_bytes(OTHER)
    with pytest.raises(DataError, match="damaged, or not the file that was meant"):
        get(tmp_path, url, by_hand="Register.", **KNOWN)
    assert path.read_bytes() == OTHER, "what a person put there is not thrown away"
    path.write_bytes(CONTENT)
    assert get(tmp_path, url, by_hand="Register.", **KNOWN).source == ""
    assert server.asked == []


def test_too_little_room_is_said_with_the_figures_once_the_length_is_known(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("/data.bin", CONTENT)
    monkeypatch.setattr(space, "free_bytes", lambda _: 650_000)
    with pytest.raises(WorkError, match=r"needs 700\.0 kB in .* and 650\.0 kB are free"):
        get(tmp_path, url)
    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_up_is_explained_and_what_came_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("/data.bin", CONTENT)
    real = Path.open

    class Full:
        def __init__(self, stream):
            self.stream, self.left = stream, 300_000

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def write(self, chunk):
            if self.left < len(chunk):
                raise OSError(errno.ENOSPC, "No space left on device")
            self.left -= len(chunk)
            return self.stream.write(chunk)

        def __getattr__(self, name):
            return getattr(self.stream, name)

    def small_disk(path, mode="r", *args, **kwargs):
        stream = real(path, mode, *args, **kwargs)
        return Full(stream) if mode == "ab" else stream

    monkeypatch.setattr(Path, "open", small_disk)
    with pytest.raises(WorkError, match=r"is full \(No space left on device\)\. Free some space and start the same"):
        get(tmp_path, url)
    monkeypatch.undo()
    (part,) = tmp_path.rglob("*.part")
    assert CONTENT.startswith(part.read_bytes())
    assert part.stat().st_size > 0
    assert get(tmp_path, url).path.read_bytes() == CONTENT
    assert server.asked[-1][1].startswith("bytes=")
