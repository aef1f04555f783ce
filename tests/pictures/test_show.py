"""The picture of images and predictions, drawn in process on a data set of the user's own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import write_gray_png
from PIL import Image
from running.support import CLASSES, World

from cosegbench.cli import main
from cosegbench.errors import RequestError
from cosegbench.labels import IGNORE, VOID
from cosegbench.pictures.agreement import NONE_RIGHT, NOT_SCORED, RIGHT, SOME_RIGHT, WRONG_ALIKE, agreement
from cosegbench.pictures.saved import SavedPredictions, ShowRequest, ranks
from cosegbench.pictures.sheet import CAPTION, GAP, HEADING, TILE, tile_size

ODD = '<script>alert("中")</script>' + "x" * 1000


def write_predictions(world: World, folder: Path, shift: int) -> Path:
    """Right where the label is even, off by ``shift`` classes elsewhere; some void."""
    for place, (image_id, label) in enumerate(world.labels.items()):
        found = np.maximum(label.astype(int) - 1, 0)
        found = np.where(label % 2 == 1, (found + shift) % CLASSES, found)
        found[: place % 5] = 255
        write_gray_png(folder / f"{image_id}.png", found.astype(np.uint8))
    return folder


def ask(world: World, *words: str) -> Result:
    return CliRunner().invoke(main, ["show", "--dataset", str(world.card), "--data-root", str(world.root), *words])


def loop_miou(target: np.ndarray, prediction: np.ndarray) -> float:
    """Mean IoU over the classes of one image, pixel by pixel."""
    ious = []
    for label in range(CLASSES):
        hit = union = true = 0
        for is_true, got in zip(target.ravel().tolist(), prediction.ravel().tolist(), strict=True):
            if is_true != IGNORE:
                hit += is_true == label == got
                union += label in (is_true, got)
                true += is_true == label
        if true:
            ious.append(hit / union)
    return 100 * sum(ious) / len(ious)


def test_images_are_chosen_by_the_figures_of_a_plain_loop(world: World, tmp_path: Path) -> None:
    folder = write_predictions(world, tmp_path / "a", 1)
    request = ShowRequest(world.card, {"a": folder}, worst=2, median=1, best=2, data_root=world.root)
    saved = SavedPredictions(request)
    expected = {i: loop_miou(saved.dataset.target(i), saved.labels("a", i)) for i in world.labels}
    order = sorted(expected, key=lambda image_id: (expected[image_id], image_id))
    shown = saved.chosen()

    assert [each.image_id for each in shown] == [*order[:2], order[4], order[-1], order[-2]]
    assert [each.reasons for each in shown] == [("worst 1",), ("worst 2",), ("median",), ("best 1",), ("best 2",)]
    for each in shown:
        assert each.figures["a"] == pytest.approx(expected[each.image_id], abs=1e-9)


def test_equal_figures_go_by_id_and_images_without_a_figure_are_left_out() -> None:
    figures = {"c": 1.0, "a": 1.0, "b": 1.0, "d": float("nan")}
    assert ranks(figures, 1, 1, 2) == [("worst", "a"), ("median", "b"), ("best 1", "a"), ("best 2", "b")]
    with pytest.raises(RequestError, match="4 images were asked for, and 3 have a figure"):
        ranks(figures, 4, 0, 0)


def test_agreement_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    target, *maps = (rng.choice([0, 1, 2, VOID], (20, 20)).astype(np.uint16) for _ in range(4))
    codes = agreement(target, maps)
    for place in np.ndindex(20, 20):
        given, true = [labels[place] for labels in maps], target[place]
        if true == IGNORE:
            expected = NOT_SCORED
        elif len(set(given)) == 1:
            expected = RIGHT if given[0] == true else WRONG_ALIKE
        else:
            expected = SOME_RIGHT if true in given else NONE_RIGHT
        assert codes[place] == expected


def test_the_picture_has_a_tile_a_column_in_the_colours_of_the_classes(world: World, tmp_path: Path) -> None:
    image_id, label = next(iter(world.labels.items()))
    height, width = label.shape
    (world.root / f"labels/{image_id}.png").unlink()
    write_gray_png(world.root / f"labels/{image_id}.png", np.full(label.shape, 1, np.uint8))  # class 0
    write_gray_png(tmp_path / f"a/{image_id}.png", np.full(label.shape, 1, np.uint8))  # class 1
    write_gray_png(tmp_path / f"b/{image_id}.png", np.full(label.shape, 255, np.uint8))
    out = tmp_path / "x.png"
    words = ("--image", image_id, "--predictions", f"a={tmp_path / 'a'}", "--predictions", f"b={tmp_path / 'b'}")
    done = ask(world, *words, "--out", str(out))

    assert done.exit_code == 0, done.output
    assert done.stdout == f"{image_id}\t-\ta 0.0\tb 0.0\n"
    picture = Image.open(io.BytesIO(out.read_bytes())).convert("RGB")
    assert picture.width == GAP + 5 * (TILE + GAP)
    middle = HEADING + CAPTION + tile_size(width, height)[1] // 2
    found = [picture.getpixel((GAP + place * (TILE + GAP) + TILE // 2, middle)) for place in range(1, 5)]
    assert found == [(0, 114, 178), (230, 159, 0), (255, 255, 255), (20, 20, 20)]


def test_equal_input_gives_equal_bytes_and_odd_names_are_drawn(world: World, tmp_path: Path) -> None:
    folder = write_predictions(world, tmp_path / "a", 1)
    written = []
    for out in (tmp_path / "1.png", tmp_path / "2.png"):
        done = ask(world, "--predictions", f"{ODD}={folder}", "--worst", "1", "--best", "1", "--out", str(out))
        assert done.exit_code == 0, done.output
        written.append(out.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "no images were named"),
        (("--image", "image_00000"), "unknown image 'image_00000' of data set mine, split val. Did you mean"),
        (("--worst", "1", "--of", "b"), "unknown predictor 'b'"),
        (("--worst", "51"), "a picture takes 50"),
        (("--worst", "11"), "10 have a figure"),
        (("--worst", "1", "--predictions", "b=x"), "need --of"),
        (("--worst", "1", "--predictions", "a=x"), "--predictions a is given twice"),
        (("--worst", "1", "--predictions", "b"), "expected key=value"),
        (("--worst", "1", "--predictions", "b="), "give a folder"),
        (("--worst", "1", "--of", "a", "--predictions", "b=nowhere"), "nowhere does not exist"),
        (("--worst", "1", "--out", "x.jpg"), "does not end in .png"),
    ],
)
def test_a_bad_request_is_refused_and_nothing_is_written(
    world: World, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    folder, out = write_predictions(world, tmp_path / "a", 1), tmp_path / "x.png"
    done = ask(world, "--predictions", f"a={folder}", "--out", str(out), *words)
    assert done.exit_code == 2, done.output
    assert text in done.stderr
    assert not out.exists()


def test_predictions_that_are_missing_or_wrong_fail_with_their_names(world: World, tmp_path: Path) -> None:
    folder, out = write_predictions(world, tmp_path / "a", 1), tmp_path / "x.png"
    write_gray_png(folder / "image_000001.png", np.zeros((3, 3), np.uint8))
    done = ask(world, "--predictions", f"a={folder}", "--worst", "1", "--out", str(out))
    assert (done.exit_code, out.exists()) == (1, False)
    assert "image_000001.png has (height, width) (3, 3)" in done.stderr
    (folder / "image_000001.png").unlink()
    done = ask(world, "--predictions", f"a={folder}", "--worst", "1", "--out", str(out))
    assert done.exit_code == 1
    assert "image_000001.png is missing" in done.stderr
    assert ask(world, "--predictions", f"a={folder}", "--image", "image_000002", "--out", str(out)).exit_code == 0
