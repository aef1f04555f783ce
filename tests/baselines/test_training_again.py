"""Starting a training at a place where something is already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from baselines.training_support import arguments, same_weights
from cosegbench.cli import main


def invoke(root: Path, clip: Path, out: Path, *extra: str, **settings: object) -> Result:
    return CliRunner().invoke(main, [*arguments(root, clip, out, **{"steps": 2, **settings}), *extra])


@pytest.fixture
def finished(root: Path, clip_folder: Path, tmp_path: Path) -> Path:
    result = invoke(root, clip_folder, tmp_path / "w.safetensors")
    assert result.exit_code == 0, result.output
    return tmp_path / "w.safetensors"


def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any, **__: Any) -> Any:
        raise AssertionError("a picture was read")

    monkeypatch.setattr("cosegbench_baselines.training.pictures.read_square", read)


def test_a_finished_training_is_said_to_be_and_nothing_is_computed(
    root: Path, clip_folder: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in finished.parent.iterdir()}
    no_pictures(monkeypatch)
    result = invoke(root, clip_folder, finished)
    assert result.exit_code == 0, result.output
    assert "finished; nothing is computed again" in result.stderr
    assert result.stdout == f"{finished}\n"
    assert {path: path.read_bytes() for path in finished.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("extra", "settings"),
    [(("--seed", "1"), {}), ((), {"lr": 2e-4}), ((), {"parts": 2})],
    ids=["seed", "rate", "parts"],
)
def test_another_trainings_checkpoint_is_refused_and_kept(
    root: Path, clip_folder: Path, finished: Path, extra: tuple[str, ...], settings: dict[str, object]
) -> None:
    before = finished.read_bytes()
    result = invoke(root, clip_folder, finished, *extra, **settings)
    assert result.exit_code == 2
    assert "another training's checkpoint, or it is damaged" in result.output
    assert "--fresh" in result.output
    assert finished.read_bytes() == before


def test_a_damaged_checkpoint_is_not_taken_for_a_finished_training(
    root: Path, clip_folder: Path, finished: Path
) -> None:
    finished.write_bytes(finished.read_bytes()[:-1])
    assert invoke(root, clip_folder, finished).exit_code == 2


def test_a_description_without_its_weights_is_in_nobodys_way(root: Path, clip_folder: Path, finished: Path) -> None:
    finished.unlink()
    result = invoke(root, clip_folder, finished, "--seed", "1")
    assert result.exit_code == 0, result.output


def test_a_fresh_training_replaces_whatever_is_there(root: Path, clip_folder: Path, finished: Path) -> None:
    other = finished.with_name("other.safetensors")
    assert invoke(root, clip_folder, other, "--seed", "1").exit_code == 0
    result = invoke(root, clip_folder, finished, "--seed", "1", "--fresh")
    assert result.exit_code == 0, result.output
    assert same_weights(finished, other)


def test_a_training_killed_between_its_last_step_and_its_checkpoint_computes_no_step_again(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "w.safetensors"

    def killed(*_: Any, **__: Any) -> Path:
        out.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("cosegbench_baselines.training.run.save_checkpoint", killed)
        assert invoke(root, clip_folder, out).exit_code == 130
    with monkeypatch.context() as idle:
        idle.setattr("cosegbench_baselines.training.loop._one_step", None)
        result = invoke(root, clip_folder, out)
    assert result.exit_code == 0, result.output
    assert invoke(root, clip_folder, tmp_path / "whole.safetensors").exit_code == 0
    assert same_weights(out, tmp_path / "whole.safetensors")
    assert not list(tmp_path.glob("*.state"))


def test_the_command_says_at_once_what_it_does_and_reads_aloud(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    lines = invoke(root, clip_folder, tmp_path, holdout=0.5, batch=2).stderr.splitlines()
    assert lines[0] == "training coseg-prefix, recipe paper, seed 0"
    assert "0 of 2 pictures read" in lines
    held_out = [line for line in lines if line.startswith("held out: ")]
    assert [words.rpartition(" ")[0] for words in held_out[0].removeprefix("held out: ").split(", ")] == [
        "mIoU",
        "label recall",
        "label precision",
    ]


def test_bf16_trains_and_leaves_the_weights_in_float32(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    for name, precision in (("half", "bf16"), ("full", "float32")):
        result = invoke(root, clip_folder, tmp_path / f"{name}.safetensors", precision=precision, log_every=1)
        assert result.exit_code == 0, result.output
    totals = []
    for name in ("half", "full"):
        rows = (tmp_path / f"{name}.csv").read_text().splitlines()
        totals.append(float(rows[1].split(",")[4]))
    assert totals[0] != totals[1]
    assert totals[0] == pytest.approx(totals[1], rel=0.03)  # bfloat16 keeps 8 bits of a mantissa


@pytest.mark.parametrize("kind", ["truncated", "empty", "text", "foreign", "partial"])
def test_a_damaged_state_is_said_to_be_and_a_fresh_training_replaces_it(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    out, state = tmp_path / "w.safetensors", tmp_path / "w.state"
    with monkeypatch.context() as broken:
        broken.setattr("cosegbench_baselines.training.run.save_checkpoint", None)
        assert invoke(root, clip_folder, out).exit_code == 1
    whole = state.read_bytes()
    if kind in ("foreign", "partial"):
        kept = torch.load(state, weights_only=True)
        torch.save({"weights": torch.ones(2)} if kind == "foreign" else {**kept, "model": {}}, state)
    else:
        state.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}[kind])
    result = invoke(root, clip_folder, out)
    assert result.exit_code == 1
    assert f"{state} is damaged (" in result.output
    assert "begin again with --fresh" in result.output
    assert invoke(root, clip_folder, out, "--fresh").exit_code == 0
