"""Several processes share a training: real processes, connected by gloo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from baselines.training_support import arguments, curve, finish, start
from cosegbench.cli import main

DRAWS_SOME = {"mask_queries": 2, "language": "vocabulary", "pairing": "matching", "language_weight": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("predictor", "settings"),
    [("coseg-prefix", {}), ("coseg-xatten", DRAWS_SOME)],
    ids=["all queries", "some queries, matched"],
)
def test_one_and_two_processes_with_the_same_parts_give_the_same_curve(
    root: Path, clip_folder: Path, tmp_path: Path, predictor: str, settings: dict[str, object]
) -> None:
    common = {"steps": 20, "parts": 2, "lr": 1e-3, "log_every": 1, **settings}
    alone, shared = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    running = start(arguments(root, clip_folder, shared, predictor, **common), processes=2)
    result = CliRunner().invoke(main, arguments(root, clip_folder, alone, predictor, **common))
    assert result.exit_code == 0, result.output
    for rank, (code, out, err) in enumerate(finish(running)):
        assert code == 0, err
        assert out == (f"{shared}\n" if rank == 0 else "")
        assert ("step=20" in err) == (rank == 0)
    rows = list(zip(curve(tmp_path / "one.csv"), curve(tmp_path / "two.csv"), strict=True))
    assert len(rows) == 20
    for one, two in rows:
        assert {name: float(value) for name, value in two.items()} == pytest.approx(
            {name: float(value) for name, value in one.items()}, abs=1e-5
        )
    assert float(rows[0][0]["total"]) != float(rows[-1][0]["total"])
    info = json.loads(shared.with_suffix(".json").read_text())
    assert info["processes"] == 2
    assert "--set parts=2" in info["command"]


@pytest.mark.slow
def test_processes_that_cannot_share_the_parts_are_refused_under_torchrun(
    root: Path, clip_folder: Path, tmp_path: Path
) -> None:
    given = arguments(root, clip_folder, tmp_path, steps=1)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*command, "-m", "cosegbench", *given], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.count("2 processes cannot share 1 part of a batch. Give --set parts=N") == 1
    assert "exitcode  : 2" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("gpus", "started"), [(0, 2), (1, 2)])
def test_more_processes_than_gpus_are_refused_before_torch_is_asked_for_a_gpu(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: int, started: int
) -> None:
    for name, value in {"WORLD_SIZE": started, "LOCAL_WORLD_SIZE": started, "RANK": 0, "LOCAL_RANK": 0}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("torch.cuda.set_device", None)
    result = CliRunner().invoke(main, [*arguments(root, clip_folder, tmp_path, parts=2), "--device", "cuda"])
    assert result.exit_code == 2, result.output
    assert f"2 processes were started on this machine, where torch finds {gpus}" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("predictor", "setting"), [("clip", "parts=2"), ("clipseg", "precision=bf16"), ("clip", "validate_every=5")]
)
def test_trainers_of_whole_batches_refuse_what_they_cannot_do(
    root: Path, tmp_path: Path, predictor: str, setting: str
) -> None:
    given = ["train", "--predictor", predictor, "--recipe", "base", "--data-root", str(root), "--out", str(tmp_path)]
    result = CliRunner().invoke(main, [*given, "--set", setting])
    assert result.exit_code == 2
    assert f"whole batch at a time in float32: leave out {setting.partition('=')[0]}" in result.output
