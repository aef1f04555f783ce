"""Mistakes that cost users of this field days: what a user did, and what the tool says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import loose_card, make_context, plain_card, write_gray_png
from running.support import CLASSES, IMAGES, World

from cosegbench.cards import load_card
from cosegbench.class_orders import other_readings
from cosegbench.cli import main
from cosegbench.evidence import Evidence
from cosegbench.labels import VOID
from cosegbench.locate import data_file
from cosegbench.running.guards import warnings_of
from cosegbench.vocabulary import Vocabulary

ANSWERS = """
from pathlib import Path
import numpy as np
from PIL import Image
from cosegbench import LabelMap

class Answers:
    def __init__(self, add: int = 0):
        self.add = add
    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)
    def predict(self, images):
        return [LabelMap(self.one(image)) for image in images]
    def one(self, image):
        label = np.asarray(Image.open(Path({labels!r}) / (image.info["image_id"] + ".png"))).astype(int) - 1
        return np.clip(label, 0, self.classes - 2).astype(np.uint16) + np.uint16(self.add)
"""


def score(world: World, folder: Path, *more: str, card: Path | None = None, root: Path | None = None) -> Result:
    words = ["score", "--dataset", str(card or world.card), "--data-root", str(root or world.root)]
    return CliRunner().invoke(main, [*words, "--predictions", str(folder), *more])


def predict(world: World, folder: Path, values: Callable[[np.ndarray], np.ndarray]) -> Path:
    """Files of predictions, made of the native ids (0 is unlabeled, 1..4 are the classes)."""
    for image_id, label in world.labels.items():
        write_gray_png(folder / f"{image_id}.png", values(label.astype(int)).astype(np.uint8))
    return folder


def test_right_predictions_are_scored_without_a_warning(world: World, tmp_path: Path) -> None:
    done = score(world, predict(world, tmp_path / "p", lambda label: np.maximum(label - 1, 0)))

    assert (done.exit_code, "warning" in done.stderr) == (0, False)
    assert "100.00" in done.stdout


def test_an_ignore_value_that_is_a_class_is_refused_in_a_card(world: World, tmp_path: Path) -> None:
    world.card.write_text(world.card.read_text().replace("offset = 0", "offset = 0\nignore = [2]"))
    done = score(world, predict(world, tmp_path / "p", lambda label: label))

    assert done.exit_code == 2
    assert "value 2 is class 'class 1' and also ignore" in done.stderr


def test_a_void_value_that_is_a_class_is_refused_in_a_manifest(world: World, tmp_path: Path) -> None:
    folder = predict(world, tmp_path / "p", lambda label: label)
    (folder / "manifest.json").write_text(json.dumps({"format": "cosegbench-predictions", "void": 3}))
    done = score(world, folder)

    assert done.exit_code == 2
    assert "classes are stored as 0..3 and void as 3, which 8 bits cannot hold apart" in done.stderr


def test_8_bit_predictions_for_more_than_255_classes_are_refused(world: World, tmp_path: Path) -> None:
    card = plain_card(tmp_path / "many", 300)
    write_gray_png(tmp_path / "many/labels/a.png", np.full((2, 2), 299, np.uint16))
    write_gray_png(tmp_path / "p/a.png", np.full((2, 2), 298 % 256, np.uint8))
    done = score(world, tmp_path / "p", card=card, root=tmp_path / "many")

    assert done.exit_code == 2
    assert "has 8 bits, which cannot hold 300 classes: values wrapped around" in done.stderr


def test_8_bit_labels_for_more_than_255_classes_are_refused(world: World, tmp_path: Path) -> None:
    card = plain_card(tmp_path / "many", 300)
    write_gray_png(tmp_path / "many/labels/a.png", np.full((2, 2), 43, np.uint8))
    write_gray_png(tmp_path / "p/a.png", np.full((2, 2), 42, np.uint16))
    done = score(world, tmp_path / "p", card=card, root=tmp_path / "many")

    assert done.exit_code == 1
    assert "has 8 bits a pixel; the vocabulary's values reach 300 and need 16" in done.stderr


def test_16_bit_predictions_with_255_for_void_are_refused_with_the_line_that_mends_them(
    world: World, tmp_path: Path
) -> None:
    for image_id, label in world.labels.items():
        write_gray_png(tmp_path / f"p/{image_id}.png", np.where(label == 0, 255, label - 1).astype(np.uint16))
    done = score(world, tmp_path / "p")

    assert done.exit_code == 1
    assert 'manifest.json with "void": 255 says so' in done.stderr


def test_classes_counted_from_1_are_refused_where_the_last_one_occurs(world: World, tmp_path: Path) -> None:
    done = score(world, predict(world, tmp_path / "p", lambda label: label))

    assert done.exit_code == 1
    assert "value 4 at" in done.stderr
    assert "classes counted from 1, or of a background class that this view does not have" in done.stderr
    assert 'manifest.json with "offset": 1, "void": 0 says so' in done.stderr


def test_classes_counted_from_1_are_warned_of_with_the_figure_that_they_hide(world: World, tmp_path: Path) -> None:
    folder = predict(world, tmp_path / "p", lambda label: np.where(label == CLASSES, 1, label))
    done = score(world, folder)

    assert done.exit_code == 0
    assert "as if every value were its class plus one" in done.stderr
    told = float(done.stderr.split("would be ")[1].split(" ")[0])
    (folder / "manifest.json").write_text('{"format": "cosegbench-predictions", "offset": 1, "void": 0}')
    mended = score(world, folder)
    assert f"{told:.2f}" in mended.stdout  # the advice, followed, gives the figure that was told
    assert "warning" not in mended.stderr


def test_classes_with_a_label_taken_away_are_warned_of(world: World, tmp_path: Path) -> None:
    done = score(world, predict(world, tmp_path / "p", lambda label: np.maximum(label - 2, 0)))

    assert done.exit_code == 0
    assert "as if every value were its class minus one (a background or zero label taken away)" in done.stderr
    assert "Add 1 to every value" in done.stderr


def test_a_predictor_that_is_shifted_by_one_is_warned_of_in_run(world: World, tmp_path: Path) -> None:
    file = tmp_path / "answers.py"
    file.write_text(ANSWERS.replace("{labels!r}", repr(str(world.root / "labels"))))
    words = world.words()
    words[2] = f"{file}:Answers"
    right = CliRunner().invoke(main, words)
    shifted = CliRunner().invoke(main, [*words, "--set", "add=1", "--name", "shifted"])

    assert (right.exit_code, shifted.exit_code) == (0, 0)
    assert "warning" not in right.stderr
    assert "as if every value were its class plus one" in shifted.stderr


def test_a_predictor_that_returns_a_background_that_the_view_does_not_have_is_refused(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "answers.py"
    file.write_text(ANSWERS.replace("{labels!r}", repr(str(world.root / "labels"))))
    words = world.words("--set", "add=2")
    words[2] = f"{file}:Answers"
    done = CliRunner().invoke(main, words)

    assert done.exit_code == 1
    assert "value 4 is outside 0..3 and is not 65535" in done.stderr


def test_a_background_that_was_stored_as_void_is_warned_of_where_the_view_has_none(
    world: World, tmp_path: Path
) -> None:
    done = score(world, predict(world, tmp_path / "p", lambda label: np.where(label == 1, 0, 255)))

    assert done.exit_code == 0
    assert "% of the scored pixels were given no class" in done.stderr
    assert "This view has no background class" in done.stderr


def test_a_background_that_the_view_has_is_no_reason_for_a_warning() -> None:
    words = Vocabulary.from_names(["background", "cat", "dog"], background=0)
    evidence = Evidence(3)
    target = np.array([[0, 0, 0, 1, 2]], np.uint16)
    evidence.add("a", np.array([[0, 0, 0, 0, 2]], np.uint16), target)

    assert not list(warnings_of(evidence, words))


@pytest.fixture
def context(tmp_path: Path) -> tuple[Path, Path, dict[str, np.ndarray]]:
    """Pascal Context's layout with the real 59 classes, each of which occurs."""
    native = np.array(load_card("context59").vocabulary().native_ids, np.uint16)
    labels = {f"2008_00000{i}": np.roll(np.kron(native, np.ones((4, 2), np.uint16)), 7 * i, axis=1) for i in range(3)}
    make_context(tmp_path / "context", labels, photographs=False)
    return loose_card(tmp_path / "cards", "context59"), tmp_path / "context", labels


def test_contexts_other_class_order_is_warned_of_by_name(
    world: World, context: tuple[Path, Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    card, root, labels = context
    official = [
        line.split(",")[1] for line in data_file("datasets", "orders", "context59.csv").read_text().splitlines()[1:]
    ]
    classes = load_card("context59").vocabulary()
    stored = {classes.native_ids[classes.index_of(name)]: place for place, name in enumerate(official)}
    for image_id, label in labels.items():
        write_gray_png(tmp_path / f"p/{image_id}.png", np.vectorize(stored.get)(label).astype(np.uint8))
    done = score(world, tmp_path / "p", card=card, root=root)

    assert done.exit_code == 0, done.stderr
    assert "would be 100.00 as if the classes were numbered in the order of Context's 59_labels.txt" in done.stderr
    assert "cosegbench vocabulary show" in done.stderr


def test_the_readings_of_contexts_order_know_every_class_once() -> None:
    words = load_card("context60").vocabulary()
    (reading,) = [each for each in other_readings(words) if "59_labels" in each.words]

    assert sorted(reading.table[: len(words)]) == list(range(60))
    assert reading.table[0] == 0  # the background stays where it is
    assert words.names[reading.table[11]] == "table"  # the official list's eleventh, Pascal VOC's diningtable
    assert (reading.table[len(words) :] == VOID).all()


def test_of_contexts_459_classes_no_other_order_is_known_than_the_alphabetical_one() -> None:
    assert len(other_readings(load_card("context459").vocabulary())) == 2


@pytest.mark.parametrize("seed", range(5))
def test_poor_predictions_are_not_called_shifted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    evidence = Evidence(20)
    for image in range(20):
        target = np.kron(rng.integers(0, 20, (4, 4)), np.ones((8, 8), int)).astype(np.uint16)
        wrong = np.kron(rng.integers(0, 20, (4, 4)), np.ones((8, 8), int)).astype(np.uint16)
        evidence.add(str(image), np.where(rng.random(target.shape) < 0.2, target, wrong).astype(np.uint16), target)

    assert not list(warnings_of(evidence, Vocabulary.from_names(f"class {i:02}" for i in range(20))))


def test_one_class_for_everything_is_not_called_shifted() -> None:
    evidence = Evidence(4)
    target = np.array([[0, 1, 1, 1, 1, 1, 2, 3]], np.uint16)
    evidence.add("a", np.zeros_like(target), target)

    assert not list(warnings_of(evidence, Vocabulary.from_names("abcd")))


def test_a_half_prepared_folder_is_counted_against_the_card(world: World, tmp_path: Path) -> None:
    folder = predict(world, tmp_path / "p", lambda label: np.maximum(label - 1, 0))
    world.card.write_text(world.card.read_text() + f"count = {IMAGES}\n")
    assert score(world, folder).exit_code == 0
    for image_id in list(world.labels)[: IMAGES // 2]:
        (world.root / f"labels/{image_id}.png").unlink()
        (world.root / f"photos/{image_id}.jpg").unlink()
    scored, ran = score(world, folder), CliRunner().invoke(main, world.words())

    assert scored.exit_code == 1
    assert "5 images are listed, 10 were expected" in scored.stderr
    assert ran.exit_code != 0
    assert "5 images are listed, 10 were expected" in ran.stderr
    assert not list(world.results.rglob("*.json"))


def test_predictions_that_bear_positions_instead_of_names_are_refused(world: World, tmp_path: Path) -> None:
    for place, label in enumerate(world.labels.values()):
        write_gray_png(tmp_path / f"p/{place:04}.png", np.maximum(label.astype(int) - 1, 0).astype(np.uint8))
    done = score(world, tmp_path / "p")

    assert done.exit_code == 1
    assert "none of the 10 files in" in done.stderr
    assert "files are paired by name, never by position: give each file its image's id" in done.stderr
