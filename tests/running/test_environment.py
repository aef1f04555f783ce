"""What a record says about the checkout that it was made with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cosegbench.running.environment import checkout_state


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("cosegbench", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "cosegbench" / "code.py").write_text("A = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path: Path) -> None:
    assert checkout_state(tmp_path) == (None, None)


def test_a_checkout_is_clean_as_long_as_no_code_or_card_differs(checkout: Path) -> None:
    commit, dirty = checkout_state(checkout)
    assert commit is not None
    assert len(commit) == 40
    assert dirty is False
    (checkout / "results" / "record.json").write_text("{}")
    assert checkout_state(checkout) == (commit, False)


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_changed_code_and_code_that_git_does_not_know_make_it_dirty(checkout: Path, name: str) -> None:
    (checkout / "cosegbench" / name).write_text("A = 2\n")
    assert checkout_state(checkout)[1] is True
