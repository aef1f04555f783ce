from __future__ import annotations

import contextlib
import sqlite3

import pytest

from cosegbench.errors import PredictorError
from cosegbench.running.data import View, open_views
from cosegbench.running.runner import run
from running.support import World

WRONG = '''
import numpy as np
from cosegbench import LabelMap, MaskSet, ScoreMap


class Wrong:
    """Right for the first batch, wrong for the sixth image."""

    def __init__(self, mode: str):
        self.mode = mode

    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        answer = [self.one(image, image.info["image_id"] == "image_000005") for image in images]
        late = images[0].info["image_id"] != "image_000000"
        if late and self.mode == "few":
            return answer[:-1]
        if late and self.mode == "bare":
            return answer[0]
        if late and self.mode == "generator":
            return iter(answer)
        if late and self.mode == "nothing":
            return None
        return answer

    def one(self, image, wrong):
        width, height = image.size
        labels = np.zeros((height, width), np.uint16)
        if not wrong:
            return LabelMap(labels)
        masks = np.full((2, 8, 8), 0.5, np.float32)
        similarity = np.ones((2, self.classes), np.float32)
        return {
            "array": labels,
            "none": None,
            "text": "sky",
            "transposed": LabelMap(np.zeros((width + 1, height), np.uint16)),
            "float": LabelMap(labels.astype(np.float32)),
            "range": LabelMap(labels + np.uint16(self.classes)),
            "nan": ScoreMap(np.full((self.classes, 4, 4), np.nan, np.float32), "logit"),
            "classes": ScoreMap(np.zeros((self.classes + 1, 4, 4), np.float32), "logit"),
            "masks": MaskSet(masks * 4, similarity),
            "similarity": MaskSet(masks, similarity[:, 1:]),
        }.get(self.mode, LabelMap(labels))
'''


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("few", "2 predictions for 3 images"),
        ("bare", "a bare LabelMap"),
        ("generator", "generator|iterator"),
        ("nothing", "returned None"),
        ("array", r"image_000005.*a bare ndarray of shape .* Wrap the array in LabelMap"),
        ("none", "image_000005.*None"),
        ("text", "image_000005.*a str"),
        ("transposed", "image_000005.*shape|image_000005.*size"),
        ("float", "image_000005.*float32"),
        ("range", r"image_000005.*0\.\.3.*\b4\b|image_000005.*\b4\b.*0\.\.3"),
        ("nan", "image_000005.*finite|image_000005.*NaN|image_000005.*nan"),
        ("classes", "image_000005.*5"),
        ("masks", r"image_000005.*2\.0|image_000005.*\[0, 1\]"),
        ("similarity", "image_000005.*3"),
    ],
)
def test_a_wrong_answer_names_the_image_what_came_and_what_was_expected_and_keeps_what_was_done(
    world: World, mode: str, words: str
) -> None:
    world.file.write_text(WRONG)

    with pytest.raises(PredictorError, match=words):
        run(world.request("Wrong", settings=(f"mode={mode}",)))
    journal = world.results / "mine.Wrong" / "mine.open-vocabulary.journal.sqlite"
    with contextlib.closing(sqlite3.connect(journal)) as stored:
        assert stored.execute("SELECT batch FROM batches").fetchall() == [(0,)]


@pytest.mark.parametrize("method", ["__init__", "prepare", "predict", "describe"])
def test_an_error_inside_a_predictor_is_named_with_its_place(world: World, method: str) -> None:
    body = {
        "__init__": "",
        "prepare": "vocabulary, text",
        "predict": "images",
        "describe": "",
    }
    lines = ["class Broken:"]
    for name, arguments in body.items():
        lines.append(f"    def {name}(self{', ' if arguments else ''}{arguments}):")
        lines.append("        return {}['key that is absent']" if name == method else "        return None")
    world.file.write_text("\n".join(lines).replace("def describe(self):\n        return None", ""))

    with pytest.raises(PredictorError, match=rf"KeyError.*mine\.py:\d+ in {method}"):
        run(world.request("Broken"))


def test_images_carry_their_id(world: World) -> None:
    (dataset,) = open_views([View(world.card)], data_root=world.root)

    assert all(dataset.image(image_id).info["image_id"] == image_id for image_id in dataset.image_ids)
