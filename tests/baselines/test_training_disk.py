"""A training whose disk is full or read-only."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from baselines.training_support import arguments, same_weights
from cosegbench.cli import main


def invoke(root: Path, clip: Path, out: Path) -> Result:
    return CliRunner().invoke(main, arguments(root, clip, out, steps=2))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("ending", [".state", ".safetensors", ".json"])
def test_a_training_that_cannot_write_says_so_and_goes_on_with_the_same_weights(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, number: int
) -> None:
    out = tmp_path / "w.safetensors"
    replace = Path.replace

    def refused(path: Path, target: Path) -> Path:
        if target.name.endswith(ending):
            raise OSError(number, "the system's words", str(target))
        return replace(path, target)

    with monkeypatch.context() as full:
        full.setattr(Path, "replace", refused)
        failed = invoke(root, clip_folder, out)
    assert failed.exit_code == 1
    assert "the system's words" in failed.stderr
    assert ending in failed.stderr
    assert not list(tmp_path.glob(".*.part"))

    assert invoke(root, clip_folder, out).exit_code == 0
    assert invoke(root, clip_folder, tmp_path / "whole.safetensors").exit_code == 0
    assert same_weights(out, tmp_path / "whole.safetensors")
