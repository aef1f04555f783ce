from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import write_gray_png

from cosegbench.cli import main
from cosegbench.errors import DataError, RequestError
from cosegbench.records import read_record
from cosegbench.running.runner import run
from cosegbench.running.scoring import ScoreRequest, score_predictions
from running.support import CLASSES, World


def request(world: World, folder: Path, **changes: object) -> ScoreRequest:
    return ScoreRequest(**{"dataset": world.card, "predictions": folder, "data_root": world.root, **changes})  # type: ignore[arg-type]


def write_all(world: World, folder: Path, dtype: type = np.uint8) -> Path:
    """Perfect predictions, except that unlabeled pixels (stored as 0) become class 0."""
    for image_id, label in world.labels.items():
        write_gray_png(folder / f"{image_id}.png", np.maximum(label.astype(int) - 1, 0).astype(dtype))
    return folder


def test_saved_predictions_give_the_scores_of_the_run_without_photographs(world: World, tmp_path: Path) -> None:
    (path,) = run(world.request(save_predictions=tmp_path / "saved"))
    shutil.rmtree(world.root / "photos")
    record, _ = score_predictions(request(world, tmp_path / "saved", protocols=("standard", "mess")))

    ran = read_record(path)
    for name in ("standard", "mess", "detectron2-gt"):
        assert record.scores[name].miou == ran.scores[name].miou
        assert record.scores[name].iou == ran.scores[name].iou or name != "standard"
        assert record.scores[name].evaluation == ran.scores[name].evaluation
    assert record.scores["standard"].method.digest == "external"
    assert record.predictor.facts["predicted_by"] == "mine.Brightness"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_label_pngs_of_any_program_are_scored(world: World, tmp_path: Path, dtype: type) -> None:
    record, path = score_predictions(request(world, write_all(world, tmp_path / "p", dtype)))

    assert record.scores["standard"].miou == 100.0
    assert path is None


def test_a_record_is_written_where_results_and_a_name_are_given(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")
    record, path = score_predictions(request(world, folder, results=world.results, name="theirs"))

    assert path is not None
    assert read_record(path) == record
    assert path == world.results / "theirs" / "mine.open-vocabulary.json"
    with pytest.raises(RequestError, match="both --results DIR and --name ID"):
        score_predictions(request(world, folder, results=world.results))


def test_all_wrong_files_are_listed_at_once(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")
    write_gray_png(folder / "image_000001.png", np.zeros((3, 3), np.uint8))
    write_gray_png(folder / "image_000002.png", np.full(world.labels["image_000002"].shape, CLASSES, np.uint8))
    (folder / "image_000003.png").write_bytes(b"no png")

    with pytest.raises(DataError, match="3 of 10 images") as caught:
        score_predictions(request(world, folder))
    text = str(caught.value)
    assert "image_000001.png has (height, width) (3, 3)" in text
    assert "image_000002.png: value 4" in text
    assert "image_000003.png: is not a PNG file" in text


def test_predictions_for_other_classes_are_refused(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")
    manifest = {"format": "cosegbench-predictions", "vocabulary_digest": "0" * 64, "dataset": "other"}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(RequestError, match="made for data set other"):
        score_predictions(request(world, folder))


def test_oracle_protocols_cannot_score_label_maps(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")

    for name in ("coseg-authors", "coseg-oracle"):
        with pytest.raises(RequestError, match="needs masks and similarities"):
            score_predictions(request(world, folder, protocols=(name,)))


def test_going_on_with_a_run_whose_first_images_were_not_saved_is_refused(world: World, tmp_path: Path) -> None:
    run(world.request())
    with pytest.raises(RequestError, match="10 images of mine were done before without being saved"):
        run(world.request(save_predictions=tmp_path / "saved"))


def test_the_command_prints_figures_and_writes_json(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")
    words = ["score", "--dataset", str(world.card), "--predictions", str(folder), "--data-root", str(world.root)]

    plain = CliRunner().invoke(main, words)
    assert (plain.exit_code, plain.stdout) == (0, "external\tmine\tstandard\t100.00\n")
    programs = CliRunner().invoke(main, [*words, "--json", "-"])
    assert json.loads(programs.stdout)["scores"]["standard"]["miou"] == 100.0
    (folder / "image_000001.png").unlink()
    assert CliRunner().invoke(main, words).exit_code == 1
    assert CliRunner().invoke(main, [*words[:-1], str(tmp_path / "absent")]).exit_code == 2


def test_labels_that_are_not_the_whole_split_are_refused_unless_a_limit_is_given(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")
    world.card.write_text(world.card.read_text() + "count = 11\n")

    with pytest.raises(DataError, match="10 images are listed, 11 were expected"):
        score_predictions(request(world, folder))
    assert score_predictions(request(world, folder, limit=2))[0].dataset.images == 2


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "nul\0", "x" * 101, "back\\slash"])
def test_a_name_that_would_leave_its_folder_is_refused_by_score_and_run(
    world: World, tmp_path: Path, name: str
) -> None:
    folder = write_all(world, tmp_path / "p")

    with pytest.raises(RequestError, match="cannot name a folder"):
        score_predictions(request(world, folder, results=world.results, name=name))
    if name:
        with pytest.raises(RequestError, match="cannot name a folder"):
            run(world.request(name=name))
    assert not world.results.exists()


def test_a_protocol_that_needs_more_than_evidence_is_refused_before_any_work(world: World, tmp_path: Path) -> None:
    folder = write_all(world, tmp_path / "p")

    with pytest.raises(RequestError, match="needs similarity"):
        score_predictions(request(world, folder, protocols=("open-miou",)))
    with pytest.raises(RequestError, match="needs similarity"):
        run(world.request(protocols=("standard", "open-miou")))
    assert world.seen() == []


def test_score_never_replaces_the_record_of_a_run(world: World, tmp_path: Path) -> None:
    (path,) = run(world.request())
    before = path.read_bytes()
    folder = write_all(world, tmp_path / "p")

    with pytest.raises(RequestError, match="was made by `run`"):
        score_predictions(request(world, folder, results=world.results, name="mine.Brightness"))
    assert path.read_bytes() == before
    for _ in range(2):
        score_predictions(request(world, folder, results=world.results, name="theirs"))
