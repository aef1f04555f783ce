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
