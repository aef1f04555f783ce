"""Moving unpacked files into a data root that may hold some of them, or lead elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosegbench.errors import DataError
from cosegbench.fetching.place import check_way, move_in
from fetching.support import files_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "unpacked"
    for name in ("d/a.txt", "d/deep/b.txt", "c.txt"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    return made


def filled(root: Path, **files: str) -> Path:
    root.mkdir()
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_folder_that_is_not_there_appears_whole(folder: Path, tmp_path: Path) -> None:
    root = filled(tmp_path / "root")
    expected = files_of(folder)
    moved = move_in(folder, root)
    assert files_of(root) == expected
    assert (moved.new, moved.same, moved.replaced) == (3, 0, [])


def test_files_that_are_there_stay_if_equal_and_are_replaced_and_named_if_not(folder: Path, tmp_path: Path) -> None:
    root = filled(tmp_path / "root", d__mine="kept")
    (root / "d/a.txt").write_text("d/a.txt")
    (root / "c.txt").write_text("broken")
    expected = {**files_of(folder), "d/mine": b"kept"}
    moved = move_in(folder, root)
    assert files_of(root) == expected
    assert (moved.new, moved.same, moved.replaced) == (1, 1, ["c.txt"])


def test_a_folder_of_the_root_that_leads_out_of_it_is_refused(folder: Path, tmp_path: Path) -> None:
    root, outside = filled(tmp_path / "root"), filled(tmp_path / "outside")
    (root / "d").symlink_to(outside)
    with pytest.raises(DataError, match="is a link that leads out of"):
        check_way(folder, root)


def test_a_file_of_the_root_that_leads_out_of_it_is_refused(folder: Path, tmp_path: Path) -> None:
    root, outside = filled(tmp_path / "root"), filled(tmp_path / "outside", a="precious")
    (root / "c.txt").symlink_to(outside / "a")
    with pytest.raises(DataError, match="is a link that leads out of"):
        check_way(folder, root)


def test_a_link_inside_the_root_and_a_root_that_is_a_link_are_followed(folder: Path, tmp_path: Path) -> None:
    real = filled(tmp_path / "real", e__x="x")
    (real / "d").symlink_to(real / "e")
    root = tmp_path / "root"
    root.symlink_to(real)
    check_way(folder, root)
    move_in(folder, root)
    assert (real / "e/a.txt").read_text() == "d/a.txt"


def test_a_file_where_a_folder_must_be_and_the_reverse_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="d is a file, and the archive has something else"):
        check_way(folder, filled(tmp_path / "one", d="file"))
    with pytest.raises(DataError, match=r"c\.txt is a folder, and the archive"):
        check_way(folder, filled(tmp_path / "two", **{"c.txt__x": "file"}))
