"""What makes two trainings two: the data down to its labels and names, and the decoder that one begins with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from baselines.training_support import arguments
from cosegbench.cli import main
from cosegbench.files import file_digest
from cosegbench_baselines.training.setting import data_identity


def invoke(
    root: Path, clip: Path, out: Path, *extra: str, predictor: str = "coseg-prefix", **settings: object
) -> Result:
    return CliRunner().invoke(main, [*arguments(root, clip, out, predictor, **{"steps": 1, **settings}), *extra])


def identity(**changes: Any) -> str:
    facts = {"id": "d", "split": "train", "options": {"route": "a"}, "image_list_digest": "i", "names": "n"} | changes
    dataset = SimpleNamespace(**facts, vocabulary=SimpleNamespace(digest=facts["names"]))
    train = type("Train", (list,), {"dataset": dataset})([0, 1])
    return data_identity(SimpleNamespace(train=train, content=changes.get("content", "c")))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"options": {"route": "b"}}, {"names": "m"}, {"content": "e"}, {"split": "val"}])
def test_conventions_class_names_and_labels_are_part_of_what_the_data_is(change: dict[str, Any]) -> None:
    assert identity() == identity()
    assert identity(**change) != identity()


def test_other_labels_under_the_same_names_are_another_training(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "data", tmp_path / "w.safetensors"
    shutil.copytree(root, mine)
    assert invoke(mine, clip_folder, out).exit_code == 0
    label = min(mine.glob("coco/stuffthingmaps/train2017/*.png"))
    with Image.open(label) as image:
        values = np.array(image)
    Image.fromarray(np.where(values == values.flat[0], 255, values).astype(np.uint8)).save(label)
    result = invoke(mine, clip_folder, out)
    assert result.exit_code == 2
    assert "another training's checkpoint" in result.output


def test_another_decoder_to_start_from_is_another_training(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    decoder, out = tmp_path / "d.safetensors", tmp_path / "w.safetensors"
    for extra, code in (((), 0), (("--fresh", "--seed", "1"), 2)):
        assert invoke(root, clip_folder, decoder, *extra, predictor="coseg-decoder").exit_code == 0
        result = invoke(root, clip_folder, out, decoder="d.safetensors")
        assert result.exit_code == code, result.output
        if code == 0:
            told = json.loads(out.with_suffix(".json").read_text())["decoder"]
            assert told == {"source": "d.safetensors", "sha256": file_digest(decoder)}
    assert "another training's checkpoint" in result.output
