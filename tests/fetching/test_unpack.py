"""Archives that are hostile, damaged or too large: refused before anything is written."""

from __future__ import annotations

import contextlib
import gzip
import struct
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosegbench.errors import DataError
from cosegbench.fetching.members import rules, safe_name
from cosegbench.fetching.unpack import survey, unpack
from fetching.support import archive, files_of, tar_bytes, zip_bytes

GOOD = ("data/a.txt", b"sound")
KINDS = ("zip", "tar", "tar.gz")


def packed(kind: str, members: list) -> bytes:
    if kind == "zip":
        return zip_bytes(members)
    return tar_bytes(members, "w:gz" if kind == "tar.gz" else "w")


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def taken(
    folder: Path, kind: str, content: bytes, *, limit: int | None = None, wants=lambda _: True
) -> dict[str, bytes]:
    """What an archive unpacks to, below ``folder/root``; the archive itself lies beside it."""
    path, root = folder / f"archive.{kind}", folder / "outer" / "root"
    path.write_bytes(content)
    root.mkdir(parents=True, exist_ok=True)
    card = archive(f"http://h/archive.{kind}", unpacked_limit=limit)
    survey(card, path, wants)
    unpack(card, path, root, wants)
    return files_of(root)


def refused(folder: Path, kind: str, content: bytes, reason: str, **how: object) -> None:
    """Refused for that reason, with nothing written in the folder or around it."""
    with pytest.raises(DataError, match=reason):
        taken(folder, kind, content, **how)
    assert {path.name for path in folder.rglob("*") if path.is_file() or path.is_symlink()} == {f"archive.{kind}"}


@pytest.mark.parametrize("kind", KINDS)
def test_files_come_out_as_they_went_in_and_only_those_that_are_wanted(tmp_path: Path, kind: str) -> None:
    content = packed(kind, [GOOD, ("data/b.txt", b"left"), ("./data/c.txt", b"dot")])
    assert taken(tmp_path, kind, content, wants=lambda name: name != "data/b.txt") == {
        "data/a.txt": b"sound", "data/c.txt": b"dot",
    }  # fmt: skip


ESCAPES = {
    "climbs": "../evil",
    "climbs later": "data/../../evil",
    "climbs and comes back": "../root/evil",
    "absolute": "/tmp/evil",
    "two slashes": "//tmp/evil",
    "drive": "C:/evil",
    "backslash": "data\\..\\..\\evil",
    "wide dots": "．．/evil",
    "one letter for two dots": "‥/evil",
    "wide slash": "..／evil",
    "line feed": "data/a\nb",
    "turned text": "data/gpj.\u202eexe",
    "long name": "x" * 300,
    "long path": "/".join(["data"] * 300),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ESCAPES.values(), ids=ESCAPES)
def test_a_name_that_leads_elsewhere_or_hides_something_refuses_the_archive(
    tmp_path: Path, kind: str, name: str
) -> None:
    refused(tmp_path, kind, packed(kind, [GOOD, (name, b"evil")]), "its member .* (points out|has)")


@pytest.mark.parametrize("kind", KINDS)
def test_such_a_name_refuses_the_archive_even_where_it_is_not_wanted(tmp_path: Path, kind: str) -> None:
    content = packed(kind, [GOOD, ("../evil", b"evil")])
    refused(tmp_path, kind, content, "points out", wants=lambda name: name == GOOD[0])


def test_a_zip_name_that_goes_on_behind_a_zero_byte_is_refused(tmp_path: Path) -> None:
    content = zip_bytes([GOOD, ("data/hide", b"evil")]).replace(b"data/hide", b"data\0/../")
    refused(tmp_path, "zip", content, "its member .* (points out|has a character)|cannot be read as zip")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("data/A.jpg", "data/a.jpg"),
        ("data/\u00e9", "data/e\u0301"),
        ("data/a", "data/\uff41"),
        ("d/straße", "d/STRASSE"),
    ],
    ids=["case", "accent", "width", "sharp s"],
)
def test_two_files_that_some_system_takes_for_one_are_refused(
    tmp_path: Path, kind: str, first: str, second: str
) -> None:
    refused(tmp_path, kind, packed(kind, [(first, b"1"), (second, b"2")]), "have one place on some systems")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_file_twice_and_a_file_that_is_also_a_folder_are_refused(tmp_path: Path, kind: str) -> None:
    refused(tmp_path, kind, packed(kind, [("d/a", b"1"), ("d/a", b"2")]), "have one place")
    refused(tmp_path, kind, packed(kind, [("d/a", b"1"), ("d/a/b", b"2")]), "is a file and the folder of")


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    return entry(name, type=kind, linkname=target)


LINKS = {
    "symlink out": [link("data/out", "/etc")],
    "symlink and through it": [link("data", "/tmp"), ("data/evil", b"evil")],
    "symlink of another case and through it": [link("DATA", "/tmp"), ("data/evil", b"evil")],
    "hard link": [link("data/passwd", "/etc/passwd", tarfile.LNKTYPE)],
    "link to a neighbour": [link("data/b.txt", "a.txt")],
    "character device": [entry("data/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "block device": [entry("data/disk", type=tarfile.BLKTYPE)],
    "pipe": [entry("data/pipe", type=tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize("members", LINKS.values(), ids=LINKS)
def test_links_devices_and_pipes_are_refused(tmp_path: Path, kind: str, members: list) -> None:
    refused(tmp_path, kind, packed(kind, [GOOD, *[(m, b"") if isinstance(m, tarfile.TarInfo) else m for m in members]]),
            "is a link or a device")  # fmt: skip


def test_a_link_that_nobody_wants_and_nothing_leads_through_is_left_out(tmp_path: Path) -> None:
    content = tar_bytes([GOOD, (link("latest", "data"), b"")])
    assert taken(tmp_path, "tar", content, wants=lambda name: name.startswith("data/")) == dict([GOOD])


def test_a_symlink_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("data/out")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    refused(tmp_path, "zip", zip_bytes([GOOD, (info, b"/etc/passwd")]), "is a link or a device")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_bytes([GOOD]))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + place] |= 1
    refused(tmp_path, "zip", bytes(content), "is encrypted")


@pytest.mark.parametrize("kind", KINDS)
def test_more_bytes_than_the_card_allows_are_refused_before_one_is_written(tmp_path: Path, kind: str) -> None:
    content = packed(kind, [GOOD, ("data/zeros", bytes(90_000_000))])
    refused(tmp_path, kind, content, "unpacks to more than 1.0 MB, the most", limit=1_000_000)


def test_without_a_limit_of_the_card_ten_times_the_size_is_the_limit(tmp_path: Path) -> None:
    content = packed("zip", [("data/zeros", bytes(80_000_000))])
    refused(tmp_path, "zip", content, "unpacks to more than 67")


def test_a_compressed_tar_that_is_all_unwanted_zeros_is_not_read_to_its_end(tmp_path: Path) -> None:
    content = packed("tar.gz", [("zeros", bytes(90_000_000)), GOOD])
    refused(tmp_path, "tar.gz", content, "unpacks to more than", limit=1_000_000, wants=lambda name: name == GOOD[0])


def test_a_header_of_a_gigabyte_is_not_read_into_memory(tmp_path: Path) -> None:
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        header = entry("long", type=kind, size=1 << 30).tobuf(tarfile.GNU_FORMAT)
        content = gzip.compress(header + bytes(5_000_000), compresslevel=1)
        refused(tmp_path, "tar.gz", content, "one of its headers has 1.1 GB", limit=1 << 31)


def test_a_sparse_file_that_claims_a_terabyte_is_refused(tmp_path: Path) -> None:
    info = entry("data/sparse", type=tarfile.GNUTYPE_SPARSE, size=512)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % (1 << 32)  # the size that it unpacks to
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    refused(tmp_path, "tar", tar_bytes([GOOD])[:1024] + bytes(header) + bytes(512 + 1024), "is a link or a device")


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    content = zip_bytes([("data/a", b"x" * 5000)], zipfile.ZIP_STORED)
    for said in (4000, 6000):
        lying = content.replace(struct.pack("<LL", 5000, 5000), struct.pack("<LL", 5000, said))
        assert lying != content
        (tmp_path / str(said)).mkdir()
        with pytest.raises(DataError, match=r"cannot be read as zip|5000 of 6000"):
            taken(tmp_path / str(said), "zip", lying)


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    content = packed(kind, [(f"data/{i}.bin", bytes([i]) * (200 + 400 * i)) for i in range(6)])
    end = content.rstrip(b"\0") if kind == "tar" else content
    for length in {0, 1, 100, 511, 512, 700, 1024, 2000, len(end) // 2, len(end) - 100, len(end) - 1}:
        if length < len(end):
            with pytest.raises(DataError, match=r"cannot be read as|cut short|of .* bytes|holds nothing"):
                taken(
                    tmp_path / f"{length}" if (tmp_path / f"{length}").mkdir() is None else tmp_path, kind, end[:length]
                )


def test_a_tar_that_breaks_off_between_two_members_is_noticed(tmp_path: Path) -> None:
    content = tar_bytes([GOOD, ("data/b.txt", b"more")])
    refused(tmp_path, "tar", content[:1024], "the tar file has no end")


def test_a_tar_with_a_damaged_header_in_the_middle_is_noticed(tmp_path: Path) -> None:
    content = bytearray(tar_bytes([GOOD, ("data/b.txt", b"more")]))
    content[1024:1100] = b"?" * 76
    refused(tmp_path, "tar", bytes(content), "the tar file has no end|cannot be read as tar")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"not an archive", b"\0" * 5000, b"<html>" * 1000], ids=range(4))
def test_what_is_no_archive_is_refused(tmp_path: Path, kind: str, content: bytes) -> None:
    refused(tmp_path, kind, content, "cannot be read as|holds nothing|no end")


def test_damaged_bytes_of_a_zip_are_noticed_while_they_are_unpacked(tmp_path: Path) -> None:
    content = bytearray(zip_bytes([("data/a", b"x" * 500)], zipfile.ZIP_STORED))
    content[100] ^= 1
    with pytest.raises(DataError, match="Bad CRC"):
        taken(tmp_path, "zip", bytes(content))


def test_an_archive_without_anything_of_what_is_wanted_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "zip", packed("zip", [GOOD]), "holds nothing of what its card says", wants=lambda _: False)


@given(st.text(st.sampled_from("./\\:aC\0\n．‥／é\u0301\u202e"), max_size=12) | st.text(max_size=12))
def test_a_name_is_either_refused_or_lies_below_the_folder(name: str) -> None:
    try:
        safe = safe_name(name)
    except DataError:
        return
    parts = PurePosixPath(safe).parts
    assert not PurePosixPath(safe).is_absolute()
    assert ".." not in parts
    assert "\\" not in safe


@pytest.mark.parametrize("kind", KINDS)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_damage_anywhere_never_writes_elsewhere_and_raises_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, kind: str, flips: list[tuple[float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    content = bytearray(packed(kind, [GOOD, ("data/deep/b.txt", b"b" * 300)]))
    for place, change in flips:
        content[int(place * len(content))] ^= change
    with contextlib.suppress(DataError):
        taken(folder, kind, bytes(content))
    inside = folder / "outer" / "root"
    others = [p for p in folder.rglob("*") if p.is_file() and not p.is_relative_to(inside)]
    assert [p.name for p in others] == [f"archive.{kind}"]


def test_rules_match_whole_names_of_the_split_and_its_ids_only() -> None:
    (rule,) = rules(["{split}2017/{id}.jpg"], {"val": {"1", "2"}})
    assert rule.wants("val2017/1.jpg")
    for name in ("val2017/3.jpg", "train2017/1.jpg", "val2017/1.jpg.exe", "x/val2017/1.jpg", "val2017/x/1.jpg"):
        assert not rule.wants(name)
    (every,) = rules(["lists/*.txt"], {"val": {"1"}})
    assert every.wants("lists/val.txt")
    assert not every.wants("lists/deep/val.txt")
    (dots,) = rules(["./a.b/{id}.png"], {"val": None})
    assert dots.wants("a.b/any.png")
    assert not dots.wants("aXb/any.png")
