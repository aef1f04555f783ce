"""The README's picture: its colours, and that it can be drawn from saved predictions."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cosegbench import VOID

from .samples import vocabulary

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "draw.py"


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_class_has_a_look_of_its_own_that_is_not_voids(draw: ModuleType) -> None:
    classes = len(vocabulary("miniature-context59"))
    looks = [draw.paint(np.full((16, 26), index, np.uint16), False).tobytes() for index in range(classes)]
    looks.append(draw.paint(np.full((16, 26), VOID, np.uint16), False).tobytes())
    assert len(set(looks)) == classes + 1


def test_images_are_spread_over_the_list_and_do_not_depend_on_predictions(draw: ModuleType) -> None:
    assert draw.spread([str(index) for index in range(150)], 3) == ["25", "75", "125"]
    assert draw.spread(["a"], 1) == ["a"]


def test_the_legend_names_what_is_large_enough_somewhere(draw: ModuleType) -> None:
    labels = np.zeros((20, 20), np.uint16)
    labels[0, 0] = 1

    class FakeDataset:
        vocabulary = vocabulary("miniature-context59")

    assert draw.named(FakeDataset(), [labels]) == [("aeroplane", 0)]
