import hashlib
from pathlib import Path

import pytest

from cosegbench.files import atomic_file, file_digest, write_bytes, write_text


def test_a_written_file_holds_exactly_the_bytes_and_nothing_else_is_left(tmp_path):
    write_bytes(tmp_path / "deep" / "file.bin", b"\x00\r\n\xff")
    assert (tmp_path / "deep" / "file.bin").read_bytes() == b"\x00\r\n\xff"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.bin"]


def test_when_writing_fails_the_old_file_stays_and_no_part_is_left(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="power cut"), atomic_file(path) as stream:
        stream.write(b"half of the n")
        raise RuntimeError("power cut")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_a_written_file_can_be_read_by_whom_other_new_files_can(tmp_path):
    write_text(tmp_path / "ours", "x")
    (tmp_path / "theirs").write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


def test_the_digest_of_a_file_is_sha256_of_its_bytes(tmp_path: Path):
    content = bytes(range(256)) * 9000
    (tmp_path / "big").write_bytes(content)
    assert file_digest(tmp_path / "big") == hashlib.sha256(content).hexdigest()
