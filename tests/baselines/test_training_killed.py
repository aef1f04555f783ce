"""``kill -9`` at any moment, and the same command again: the bits of an undisturbed training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from baselines import training_worker
from baselines.training_support import arguments, curve, finish, kill, same_weights, start, start_python
from cosegbench.cli import main

WORKER = str(Path(__file__).with_name("training_worker.py"))


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_weights_and_the_curve_of_an_undisturbed_one(
    root: Path, clip_folder: Path, tmp_path: Path
) -> None:
    def given(name: str) -> list[str]:
        schedule = {"steps": 60, "log_every": 1, "save_every": 2, "holdout": 0.25, "validate_every": 7}
        return arguments(root, clip_folder, tmp_path / f"{name}.safetensors", **schedule)

    kill(start(given("killed")), tmp_path / "killed.state")
    for name in ("killed", "whole"):
        result = CliRunner().invoke(main, given(name))
        assert result.exit_code == 0, result.output
        assert ("goes on at step" in result.stderr) == (name == "killed")
    assert same_weights(tmp_path / "killed.safetensors", tmp_path / "whole.safetensors")
    rows = curve(tmp_path / "killed.csv")
    assert rows == curve(tmp_path / "whole.csv")
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 61)]
    measured = [int(row["step"]) for row in rows if row["val_miou"]]
    assert measured == [*range(7, 60, 7), 60]


@pytest.mark.slow
def test_two_processes_killed_twice_go_on_to_the_bits_of_two_undisturbed_ones(tmp_path: Path) -> None:
    for _ in range(2):
        kill(start_python([WORKER, str(tmp_path), "killed"], 2), tmp_path / "killed.state")
    shutil.copy(tmp_path / "killed.state", tmp_path / "other.state")
    for code, _, err in finish(start_python([WORKER, str(tmp_path), "killed", "whole"], 2)):
        assert code == 0, err
    weights = {path.name: torch.load(path, weights_only=True) for path in tmp_path.glob("*.weights")}
    assert len(weights) == 4
    for one in weights.values():
        assert all(one[name].equal(value) for name, value in weights["whole.0.weights"].items())
    assert curve(tmp_path / "killed.csv") == curve(tmp_path / "whole.csv")
    training_worker.main(tmp_path, ["other"])  # one process may go on where two stopped, up to rounding
    other = torch.load(tmp_path / "other.0.weights", weights_only=True)
    for name, value in weights["whole.0.weights"].items():
        torch.testing.assert_close(other[name], value, atol=1e-5, rtol=0)
