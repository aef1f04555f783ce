from __future__ import annotations

from pathlib import Path

import pytest

from cosegbench.conformance import CheckResult, check_predictor
from cosegbench.registry import resolve_predictor
from cosegbench.running.building import Recipe

HEAD = """
import itertools
import numpy as np
from cosegbench import LabelMap, MaskSet, RankedLabels, ScoreMap

COUNTER = itertools.count()


class Base:
    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        return [self.one(image) for image in images]

    def one(self, image):
        width, height = image.size
        return LabelMap(np.zeros((height, width), np.uint16))


"""

FAULTY = {
    "the same images twice give the same bits": """
class Tested(Base):
    def one(self, image):
        return ScoreMap(np.full((self.classes, 2, 2), float(next(COUNTER)), np.float32), "logit")
""",
    "a batch of two equals one image at a time": """
class Tested(Base):
    def predict(self, images):
        mean = np.mean([np.asarray(image).mean() for image in images])
        return [ScoreMap(np.full((self.classes, 2, 2), mean, np.float32), "logit") for _ in images]
""",
    "another vocabulary in between leaves no trace": """
class Tested(Base):
    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)
        self.most = max(getattr(self, "most", 0), len(vocabulary) if len(vocabulary) < 10 else 0)
    def one(self, image):
        return ScoreMap(np.full((self.classes, 2, 2), float(self.most), np.float32), "logit")
""",
    "predictions for 459 classes": """
class Tested(Base):
    def one(self, image):
        return LabelMap(np.full(image.size[::-1], self.classes if self.classes > 255 else 0, np.uint16))
""",
    "predictions for 1 class": """
class Tested(Base):
    def one(self, image):
        return LabelMap(np.full(image.size[::-1], 1, np.uint16))
""",
    "a plain grey image": """
class Tested(Base):
    def one(self, image):
        pixels = np.asarray(image, np.float32)
        spread = pixels.std()
        return ScoreMap(np.full((self.classes, 2, 2), np.float32(1) / spread, np.float32), "logit")
""",
    "ranked labels": """
class Tested(Base):
    def rank_labels(self, images):
        return [RankedLabels((0, 1), (0.1, 0.2)) for _ in images]
""",
}


def check(folder: Path, text: str) -> dict[str, CheckResult]:
    (folder / "tested.py").write_text(HEAD + text)
    recipe = Recipe(resolve_predictor(f"{folder / 'tested.py'}:Tested"))
    return {result.name: result for result in check_predictor(recipe)}


def test_a_good_predictor_of_each_kind_passes_everything(tmp_path: Path) -> None:
    for kind in (
        "LabelMap(np.zeros(image.size[::-1], np.uint16))",
        "ScoreMap(np.ones((self.classes, 3, 5), np.float32), 'cosine')",
        "MaskSet(np.full((2, 4, 4), 0.5, np.float32), np.ones((2, self.classes), np.float32))",
        "MaskSet(np.zeros((0, 4, 4), np.float32), np.ones((0, self.classes), np.float32))",
    ):
        results = check(tmp_path, f"class Tested(Base):\n    def one(self, image):\n        return {kind}\n")
        assert [each for each in results.values() if each.passed is False] == []


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_each_fault_fails_its_own_check_and_says_what_to_do(tmp_path: Path, name: str) -> None:
    results = check(tmp_path, FAULTY[name])

    assert results[name].passed is False
    assert results[name].advice


def test_checks_go_on_after_a_failure(tmp_path: Path) -> None:
    results = check(tmp_path, FAULTY["predictions for 1 class"])

    assert results["predictions for 459 classes"].passed
    assert results["the images are left as they were"].passed
