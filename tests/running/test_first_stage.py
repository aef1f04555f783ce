from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from running.support import IMAGES, World

RANKER = '''
from cosegbench import RankedLabels


class Ranker:
    """Ranks by name; how many labels there are may be taken from the data set."""

    def __init__(self, k: int | str = 2, bad: bool = False):
        self.k, self.bad, self.tunes = k, bad, k == "auto"

    def tune(self, dataset):
        self.k = 3

    def prepare(self, vocabulary, text):
        self.sentences = [text.sentence(name) for name in vocabulary.names]

    def predict(self, images):
        raise AssertionError("the second stage is not needed")

    def rank_labels(self, images):
        if self.bad:
            return [RankedLabels((0, 0), (1.0, 0.5)) for _ in images]
        order = sorted(range(len(self.sentences)), key=lambda place: self.sentences[place])
        return [RankedLabels(tuple(order[: self.k]), tuple(1 / (1 + n) for n in range(self.k))) for _ in images]
'''


def invoke(world: World, out: Path, *more: str):
    world.file.write_text(RANKER)
    words = ["labels", "--predictor", f"{world.file}:Ranker", "--dataset", str(world.card), "--out", str(out)]
    return CliRunner().invoke(main, [*words, "--data-root", str(world.root), *more])


@pytest.mark.parametrize(("k", "count"), [("2", 2), ("auto", 3)])
def test_each_images_ranked_labels_are_one_line_of_json(world: World, tmp_path: Path, k: str, count: int) -> None:
    result = invoke(world, tmp_path / "labels.jsonl", "--set", f"k={k}")

    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert [row["image_id"] for row in rows] == sorted(world.labels)
    assert rows[0]["names"] == [f"class {place}" for place in range(count)]
    assert rows[0]["indices"] == list(range(count))
    assert rows[0]["scores"] == [1 / (1 + place) for place in range(count)]


def test_a_dash_writes_the_lines_to_standard_output(world: World) -> None:
    result = invoke(world, Path("-"))

    assert len(result.stdout.splitlines()) == IMAGES


def test_wrong_labels_name_the_image_and_leave_no_file(world: World, tmp_path: Path) -> None:
    result = invoke(world, tmp_path / "labels.jsonl", "--set", "bad=true")

    assert result.exit_code == 1
    assert "image_000000" in result.stderr
    assert "without repeats" in result.stderr
    assert not (tmp_path / "labels.jsonl").exists()


def test_a_predictor_without_a_first_stage_is_refused(world: World, tmp_path: Path) -> None:
    words = ["labels", "--predictor", f"{world.file}:Masks", "--dataset", str(world.card), "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(main, [*words, "--data-root", str(world.root)])

    assert result.exit_code == 2
    assert "no rank_labels" in result.stderr
