from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cosegbench.errors import DataError, MissingWeightsError
from cosegbench_baselines.checkpoint import load_checkpoint, save_checkpoint
from cosegbench_baselines.coseg import CoSeg, coseg_config, load_coseg
from cosegbench_baselines.training.loop import Losses, Schedule, fit


def saved(folder: Path) -> Path:
    return save_checkpoint(folder / "w", {"a": torch.arange(6.0).view(2, 3)}, {"kind": "test", "seed": 3})


def test_a_checkpoint_survives_the_round_trip(tmp_path: Path) -> None:
    found = load_checkpoint(saved(tmp_path), "test")
    assert found.tensors["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.info["seed"] == 3
    assert len(found.digest) == 64


def test_half_precision_is_stated_and_read_back_as_float32(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "w", {"a": torch.tensor([1 / 3])}, {"kind": "test"}, half=True)
    found = load_checkpoint(path, "test")
    assert found.info["dtype"] == "float16"
    assert found.tensors["a"].dtype == torch.float32
    assert float(found.tensors["a"]) == float(np.float16(1 / 3))


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = saved(tmp_path), saved(tmp_path / "other")
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".json").read_bytes() == second.with_suffix(".json").read_bytes()


def test_tampered_weights_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="sha256"):
        load_checkpoint(path, "test")


def test_a_pickle_is_never_loaded_even_where_its_digest_is_stated(tmp_path: Path) -> None:
    from cosegbench.files import file_digest

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = saved(tmp_path)
    path.write_bytes(pickle.dumps(Evil()))
    info = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**info, "sha256": file_digest(path)}))
    with pytest.raises(DataError, match="safetensors"):
        load_checkpoint(path, "test")
    assert not (tmp_path / "ran").exists()


def test_weights_without_their_json_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with pytest.raises(DataError, match="kind"):
        load_checkpoint(path, "coseg")
    path.with_suffix(".json").unlink()
    with pytest.raises(MissingWeightsError, match="json"):
        load_checkpoint(path, "test")


def test_a_coseg_checkpoint_rebuilds_the_same_model(tmp_path: Path, loaded: Any, small: Any) -> None:
    model = CoSeg(coseg_config(loaded.clip, **small), loaded.clip.position_rows(5)).eval()
    path = save_checkpoint(
        tmp_path / "c", model.state_dict(), {"kind": "coseg", "config": model.config.to_json(), "snap": False}
    )
    again, _ = load_coseg(path)
    features = loaded.clip.encode_image(torch.randn(1, 3, 16, 16), (1, 2, 3))
    with torch.no_grad():
        torch.testing.assert_close(again(features).masks, model(features).masks)


def regression(seed: int) -> tuple[torch.nn.Module, Any]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))

    def losses(_: int, rng: np.random.Generator) -> Losses:
        x = torch.from_numpy(rng.normal(size=(16, 4)).astype(np.float32))
        return {"total": (model(x) - x.sum(1, keepdim=True)).square().mean()}

    return model, losses


def test_a_resumed_training_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    schedule = Schedule(steps=30, batch=16, lr=1e-2, warmup=5, weight_decay=0.1, clip_norm=1.0, save_every=10)
    whole, losses = regression(0)
    fit(whole, losses, schedule, seed=5, state=tmp_path / "whole", log=lambda _: None)
    broken, losses = regression(0)
    fit(broken, losses, schedule, seed=5, state=tmp_path / "broken", log=lambda _: None, stop_at=20)
    resumed, losses = regression(99)
    said: list[str] = []
    fit(resumed, losses, schedule, seed=5, state=tmp_path / "broken", log=said.append)
    assert any("resumed at step 20" in line for line in said)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    assert (tmp_path / "broken.csv").read_text().count("\n") == (tmp_path / "whole.csv").read_text().count("\n") + 1
    assert not (tmp_path / "broken.state").exists()


def test_a_state_of_another_training_is_not_resumed(tmp_path: Path) -> None:
    schedule = Schedule(steps=10, batch=16)
    model, losses = regression(0)
    fit(model, losses, schedule, seed=5, state=tmp_path / "s", log=lambda _: None, stop_at=5)
    said: list[str] = []
    fit(model, losses, schedule, seed=6, state=tmp_path / "s", log=said.append)
    assert any("another run" in line for line in said)


def test_the_learning_rate_warms_up_and_falls_to_its_minimum() -> None:
    schedule = Schedule(steps=100, batch=1, lr=1e-3, min_lr=1e-6, warmup=10)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-6)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path) -> None:
    model, _ = regression(0)

    def losses(step: int, rng: np.random.Generator) -> Losses:
        return {"total": next(model.parameters()).sum() * float("nan")}

    with pytest.raises(DataError, match="step 0"):
        fit(model, losses, Schedule(steps=3, batch=1), seed=0, state=tmp_path / "s", log=lambda _: None)
