"""``run --input``: crop and slide from end to end, on a data set of odd sizes (9 to 29 pixels a side)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from cosegbench import MaskSet, ScoreMap
from cosegbench.assignment import AssignmentRule, Mosaic, Part, assign
from cosegbench.cli import main
from cosegbench.dataset import load_dataset
from cosegbench.errors import PredictorError
from cosegbench.evidence import Evidence
from cosegbench.geometry import Window, central_square
from cosegbench.protocols import Input, input_label
from cosegbench.records import check_evidence, read_record, write_record
from cosegbench.running.runner import run
from running.support import CLASSES, World

PREDICTORS = '''
import json
from pathlib import Path

import numpy as np

from cosegbench import LabelMap, MaskSet, ScoreMap

CONTROL = Path({control!r})


def scores_of(image, classes):
    """(K, 3, 4) from the colours of the picture, shrunk to 4 x 3."""
    small = np.asarray(image.resize((4, 3)), np.float32) / 255
    return np.stack([small[..., k % 3] * (k + 1) % 1 for k in range(classes)]).astype(np.float32)


class Colours:
    """Returns scores in one buffer that it writes again in every call."""

    input_size = 8
    what = "scores"

    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)
        self.buffer = None

    def predict(self, images):
        with (CONTROL / "calls.jsonl").open("a") as stream:
            row = [[image.info["image_id"], image.info.get("window"), image.size] for image in images]
            stream.write(json.dumps(row) + "\\n")
        if (CONTROL / "fail").exists() and len((CONTROL / "calls.jsonl").read_text().splitlines()) > 3:
            raise ValueError("the disk is on fire")
        found = np.stack([scores_of(image, self.classes) for image in images])
        if self.buffer is None or len(self.buffer) < len(found):
            self.buffer = np.zeros((16, *found.shape[1:]), np.float32)
        self.buffer[:] = np.nan
        self.buffer[: len(found)] = found
        return [self.one(self.buffer[place]) for place in range(len(found))]

    def one(self, scores):
        return ScoreMap(scores, "probability")


class Masks(Colours):
    def one(self, scores):
        return MaskSet(scores, np.eye(self.classes, dtype=np.float32))


class NoSize(Colours):
    input_size = None


class Labels(Colours):
    def predict(self, images):
        return [LabelMap(np.zeros(image.size[::-1], np.uint16)) for image in images]


class Wrong(Colours):
    def predict(self, images):
        return [LabelMap(np.zeros((2, 2), np.uint16)) for image in images]
'''


@pytest.fixture
def small(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.file.write_text(PREDICTORS.replace("{control!r}", repr(str(world.control))))
    return world


def calls(world: World) -> list[list[list]]:
    return [json.loads(line) for line in (world.control / "calls.jsonl").read_text().splitlines()]


def scores_of(image: Image.Image) -> np.ndarray:
    """What the predictors compute."""
    small = np.asarray(image.resize((4, 3)), np.float32) / 255
    return np.stack([small[..., k % 3] * (k + 1) % 1 for k in range(CLASSES)])


def expected(world: World, shown: Input, predictor: str) -> Evidence:
    """Image by image and window by window, without the run loop."""
    dataset = load_dataset(world.card, world.root)
    evidence = Evidence(CLASSES)
    for image_id in dataset.image_ids:
        image, target = dataset.sample(image_id)
        if shown.kind == "slide":
            places = (shown.window or Window()).fitted(8).places(*target.shape)
        else:
            places = (central_square(*target.shape),)
        parts = []
        for place in places:
            scores = scores_of(image.crop(place.box))
            masks = MaskSet(scores, np.eye(CLASSES, dtype=np.float32))
            parts.append(Part(place, masks if predictor == "Masks" else ScoreMap(scores, "probability")))
        labels = assign(Mosaic(tuple(parts)), target.shape, AssignmentRule(), CLASSES, None, image_id)
        evidence.add(image_id, labels, target)
    return evidence


@pytest.mark.parametrize("predictor", ["Colours", "Masks"])
@pytest.mark.parametrize(
    "shown", [Input("crop"), Input("slide"), Input("slide", Window(7, 3)), Input("slide", Window(64, 1))], ids=str
)
def test_a_run_counts_what_the_windows_say_though_the_predictor_uses_its_buffer_again(
    small: World, predictor: str, shown: Input
) -> None:
    (path,) = run(small.request(predictor, input=shown))
    record = read_record(path)
    assert Evidence.load(check_evidence(path, record)) == expected(small, shown, predictor)
    assert record.scores["standard"].miou is not None


def test_one_window_over_everything_scores_as_the_squashed_image_and_crop_does_not(small: World) -> None:
    (plain,) = run(small.request("Colours"))
    (whole,) = run(small.request("Colours", input=Input("slide", Window(64, 1))))
    (crop,) = run(small.request("Colours", input=Input("crop")))
    scores = [{name: each.miou for name, each in read_record(path).scores.items()} for path in (plain, whole, crop)]
    assert scores[0] == scores[1]
    assert scores[0] != scores[2]


def test_each_input_has_a_record_of_its_own_with_the_window_in_pixels(small: World) -> None:
    paths = [run(small.request("Colours", input=each))[0] for each in (Input(), Input("crop"), Input("slide"))]
    assert [path.name for path in paths] == [
        "mine.open-vocabulary.json",
        "mine.open-vocabulary+crop.json",
        "mine.open-vocabulary+slide-8-4.json",
    ]
    methods = [read_record(path).scores["standard"].method for path in paths]
    assert len({each.digest for each in methods}) == 3
    assert methods[2].fields["window"] == {"size": 8, "stride": 4}
    # The same window, said in full, is the same run.
    assert run(small.request("Colours", input=Input("slide", Window(8, 4)))) == [paths[2]]


def test_a_call_never_gets_more_pictures_than_the_batch_size_and_every_window_once(small: World) -> None:
    run(small.request("Colours", input=Input("slide", Window(7, 3)), batch_size=4))
    assert max(len(call) for call in calls(small)) == 4
    seen = Counter((image_id, tuple(box)) for call in calls(small) for image_id, box, _ in call)
    assert set(seen.values()) == {1}
    for image_id, label in small.labels.items():
        boxes = {place.box for place in Window(7, 3).places(*label.shape)}
        assert {box for name, box in seen if name == image_id} == boxes


def test_a_picture_carries_its_image_id_and_its_place(small: World) -> None:
    run(small.request("Colours", input=Input("crop")))
    for image_id, box, size in (row for call in calls(small) for row in call):
        assert tuple(box) == central_square(*small.labels[image_id].shape).box
        assert size == [box[2] - box[0], box[3] - box[1]]
    (small.control / "calls.jsonl").unlink()
    run(small.request("Colours"))
    assert all(box is None for call in calls(small) for _, box, _ in call)


def test_a_run_with_windows_that_failed_goes_on_and_gives_the_same_bits(small: World) -> None:
    shown = Input("slide", Window(7, 3))
    request = small.request("Colours", input=shown, batch_size=3)
    (small.control / "fail").touch()
    with pytest.raises(PredictorError, match=r"image_00000\d, window at row \d+, column \d+"):
        run(request)
    (small.control / "fail").unlink()
    (path,) = run(request)
    assert Evidence.load(check_evidence(path, read_record(path))) == expected(small, shown, "Colours")


def test_the_saved_label_maps_are_those_that_were_scored(small: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(small.request("Masks", input=Input("slide", Window(7, 3)), save_predictions=out))
    evidence = Evidence(CLASSES)
    dataset = load_dataset(small.card, small.root)
    for image_id in dataset.image_ids:
        labels = np.asarray(Image.open(out / "mine" / f"{image_id}.png")).astype(np.uint16)
        evidence.add(image_id, labels, dataset.target(image_id))
    assert evidence == expected(small, Input("slide", Window(7, 3)), "Masks")


def test_a_protocol_that_says_itself_what_is_seen_is_left_alone_beside_another(small: World) -> None:
    ran = invoke(small, "Masks", "--protocol", "standard", "--protocol", "coseg-authors", "--input", "crop")
    assert ran.exit_code == 0, ran.output
    assert "coseg-authors: says itself what the predictor sees; --input crop is not for it" in ran.stderr
    assert len(ran.stdout.splitlines()) == 2
    assert sorted(path.name for path in (small.results / "mine.Masks").glob("*.json")) == [
        "mine.coseg-authors.json",
        "mine.open-vocabulary+crop.json",
    ]


def invoke(world: World, predictor: str, *more: str) -> Result:
    return CliRunner().invoke(main, world.words(*more, predictor=predictor))


@pytest.mark.parametrize(
    ("predictor", "more", "message"),
    [
        ("Masks", ["--protocol", "coseg-authors", "--input", "crop"], "--input crop does not go with protocol coseg"),
        ("Masks", ["--protocol", "coseg-oracle", "--input", "slide"], "pairs masks of the whole image"),
        ("Colours", ["--window", "8"], "goes with --input slide only; the input is squash"),
        ("Colours", ["--input", "slide", "--window", "8", "--stride", "9"], "leaves gaps between windows of 8"),
        ("Colours", ["--input", "slide", "--stride", "9"], "leaves gaps between windows of 8"),
        ("Colours", ["--input", "slide", "--window", "0"], "--window"),
        ("Colours", ["--input", "zoom"], "--input"),
        ("NoSize", ["--input", "slide"], "give --window in pixels, or give its class an attribute input_size"),
        ("Labels", ["--input", "slide"], "Labels cannot be averaged where windows overlap"),
    ],
)
def test_an_input_that_cannot_be_is_a_bad_request(small: World, predictor: str, more: list[str], message: str) -> None:
    ran = invoke(small, predictor, *more)
    assert ran.exit_code == 2, ran.output
    assert message in ran.stderr
    assert "Traceback" not in ran.output


def test_a_predictor_without_an_input_size_slides_with_a_window_in_pixels(small: World) -> None:
    (path,) = run(small.request("NoSize", input=Input("slide", Window(8))))
    assert read_record(path).scores["standard"].method.fields["window"] == {"size": 8, "stride": 4}


def test_label_maps_are_taken_of_the_square_and_must_be_of_its_size(small: World) -> None:
    (path,) = run(small.request("Labels", input=Input("crop")))
    evidence = Evidence.load(check_evidence(path, read_record(path)))
    outside = sum(int((label > 0).sum() - (inside(label) > 0).sum()) for label in small.labels.values())
    assert int(evidence.confusion()[-1].sum()) == outside  # void, where the target is not ignored
    with pytest.raises(PredictorError, match=r"expected the image's own \(\d+, \d+\)"):
        run(small.request("Wrong", input=Input("crop")))


def inside(label: np.ndarray) -> np.ndarray:
    return label[central_square(*label.shape).slices]


def test_the_table_has_a_row_for_each_input(small: World) -> None:
    for shown in ([], ["--input", "crop"], ["--input", "slide", "--window", "8", "--stride", "4"]):
        ran = invoke(small, "Colours", *shown)
        assert ran.exit_code == 0, ran.output
    text = CliRunner().invoke(main, ["table", "--results", str(small.results), "--no-printed"]).stdout
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| mine.")]
    assert rows == ["mine.Colours", "mine.Colours, crop", "mine.Colours, slide 8/4"]
    assert "#1" not in text  # one column: the evaluation is the same


def test_a_protocol_without_a_figure_prints_a_dash_under_every_input(small: World) -> None:
    ran = invoke(small, "Masks", "--protocol", "torchmetrics-pairs", "--input", "slide", "--window", "4")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.endswith("torchmetrics-pairs\t-\n")


def test_show_explains_the_input_as_run_would_use_it() -> None:
    shown = CliRunner().invoke(main, ["protocols", "show", "standard", "--input", "slide", "--window", "352"])
    assert "square windows of 352 pixels slide by half of that" in shown.stdout
    assert "family: open-vocabulary+slide" in shown.stdout
    assert CliRunner().invoke(main, ["protocols", "show", "standard", "--stride", "3"]).exit_code == 2


@pytest.mark.parametrize("shown", [Input("crop"), Input("slide"), Input("slide", Window(7, 3))], ids=str)
def test_a_record_of_another_input_is_rescored_to_what_a_fresh_run_gives(small: World, shown: Input) -> None:
    run(small.request("Colours"))
    (path,) = run(small.request("Colours", input=shown))
    before, record = path.read_bytes(), read_record(path)
    wrong = replace(record.scores["mess"], miou=12.3456)
    write_record(path, replace(record, scores={"standard": record.scores["standard"], "mess": wrong}))

    done = CliRunner().invoke(main, ["rescore", "--results", str(small.results), "--protocol", "standard"])
    assert done.exit_code == 0, done.output
    assert json.loads(path.read_text())["scores"] == json.loads(before)["scores"]
    label = input_label(record.scores["standard"].method.fields)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [f"mine.Colours, {label}", "mine.Colours"]


def test_what_another_input_cannot_answer_is_named_with_its_own_reason(small: World) -> None:
    run(small.request("Masks"))
    run(small.request("Masks", input=Input("crop")))

    words = ["rescore", "--results", str(small.results), "--protocol", "coseg-oracle"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0
    assert "not under coseg-oracle: mine.Masks, crop on mine: kernel 'coseg-oracle' needs channel" in done.stderr
    rules = CliRunner().invoke(main, ["table", "--results", str(small.results), "--rules"])
    assert rules.exit_code == 0, rules.output
    crop = next(part for part in rules.stdout.split("under every rule") if "needs channel 'binary'" in part)
    assert "has no evidence" not in crop
    assert "as its record states it" not in rules.stdout


def test_stability_counts_each_input_as_a_predictor_of_its_own(small: World) -> None:
    for shown in (Input(), Input("crop")):
        run(small.request("Masks", input=shown))
    done = CliRunner().invoke(main, ["table", "--results", str(small.results), "--stability"])
    assert done.exit_code == 0, done.output
    assert "mine.Masks, crop" in done.stdout
    assert "cannot" not in done.stderr
