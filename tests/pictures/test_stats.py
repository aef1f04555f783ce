"""The counts of a split against plain loops, and their picture."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import write_gray_png
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from running.support import CLASSES, World

from cosegbench.cli import main
from cosegbench.pictures.label_stats import LabelStats
from cosegbench.pictures.stats_picture import BARS, draw_histogram, draw_matrix, draw_stats, share_colour, shown_classes
from cosegbench_baselines.no_training import auto_k


def ask(world: World, *words: str) -> Result:
    return CliRunner().invoke(main, ["datasets", "stats", str(world.card), "--data-root", str(world.root), *words])


def made(per_image: list[int], names: tuple[str, ...] = ("a",)) -> LabelStats:
    zeros = np.zeros(len(names), np.int64)
    return LabelStats(names, np.array(per_image, np.int64), zeros, zeros.copy(), 5, Counter())


def test_every_number_is_that_of_a_plain_loop(world: World) -> None:
    pixels, images, both, counts, ignored = Counter(), Counter(), Counter(), [], 0
    for label in world.labels.values():
        present = set()
        for value in label.ravel().tolist():
            if value == 0:
                ignored += 1
            else:
                pixels[value - 1] += 1
                present.add(value - 1)
        counts.append(len(present))
        images.update(present)
        both.update(combinations(sorted(present), 2))

    done = ask(world, "--json", "-")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    per_image = found["classes_per_image"]
    mean, deviation = statistics.fmean(counts), statistics.pstdev(counts)
    assert {int(key): value for key, value in per_image["histogram"].items() if value} == Counter(counts)
    assert per_image["mean"] == pytest.approx(mean)
    assert per_image["standard_deviation"] == pytest.approx(deviation)
    assert per_image["mean_plus_2_sd"] == pytest.approx(mean + 2 * deviation)
    assert per_image["k"] == math.ceil(mean + 2 * deviation)
    total = sum(pixels.values())
    assert found["ignored_share"] == pytest.approx(ignored / (ignored + total))
    for entry in found["classes"]:
        index = entry["index"]
        assert (entry["pixels"], entry["images"]) == (pixels[index], images[index])
        assert entry["share"] == pytest.approx(pixels[index] / total)
    assert len(found["pairs"]) == len(both)
    for pair in found["pairs"]:
        a, b = (int(pair[side].removeprefix("class ")) for side in ("first", "second"))
        assert pair["images"] == both[a, b]
        chance = images[a] / len(counts) * images[b] / len(counts)
        assert pair["pmi_bits"] == pytest.approx(math.log2(both[a, b] / len(counts) / chance))
    values = [pair["pmi_bits"] for pair in found["pairs"]]
    assert values == sorted(values, reverse=True)


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_k_is_the_one_that_the_predictor_computes(counts: list[int]) -> None:
    assert made(counts).k == auto_k(counts)


def test_limit_counts_the_first_images_only_and_the_text_says_so(world: World) -> None:
    done = ask(world, "--limit", "3")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"mine, split val: 3 images (the first of the split), {CLASSES} classes\n")
    assert "strongest pairs, of those in 2 or more images" in done.stdout


def test_all_labels_that_are_wrong_are_listed_and_nothing_is_drawn(world: World, tmp_path: Path) -> None:
    for image_id in ("image_000001", "image_000004"):
        write_gray_png(world.root / f"labels/{image_id}.png", np.full((4, 4), 77, np.uint8))
    done = ask(world, "--picture", str(tmp_path / "x.png"))
    assert done.exit_code == 1
    assert "2 of 10 labels cannot be counted" in done.stderr
    assert "image_000001" in done.stderr
    assert "image_000004" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_a_picture_that_is_no_png_is_refused(world: World, tmp_path: Path) -> None:
    done = ask(world, "--picture", str(tmp_path / "x.gif"))
    assert done.exit_code == 2
    assert "does not end in .png" in done.stderr


def test_the_same_split_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    written = []
    for out in (tmp_path / "1.png", tmp_path / "2.png"):
        assert ask(world, "--picture", str(out)).exit_code == 0
        written.append(out.read_bytes())
    assert written[0] == written[1]
    assert Image.open(tmp_path / "1.png").width > 500


def test_the_highest_bar_stands_over_the_most_frequent_number() -> None:
    pixels = np.asarray(draw_histogram(made([1, 2, 2, 2, 3])))
    heights = (pixels == BARS).all(axis=2).sum(axis=0)
    tall = np.flatnonzero(heights == heights.max())
    low = np.flatnonzero((heights > 0) & (heights < 0.5 * heights.max()))
    assert low.min() < tall.min()
    assert tall.max() < low.max()


def test_a_cell_is_coloured_by_the_share_of_the_rows_images() -> None:
    stats = LabelStats(
        ("<script>" * 200, "é", "never"),
        np.array([2, 1, 1, 1]),
        np.array([5, 5, 0]),
        np.array([4, 1, 0]),
        0,
        Counter({(0, 1): 1}),
    )
    assert shown_classes(stats) == [0, 1]
    colours = {tuple(each) for each in np.asarray(draw_matrix(stats)).reshape(-1, 3).tolist()}
    assert {share_colour(0.25), share_colour(1.0)} <= colours
    assert share_colour(0.0) != share_colour(1.0)


def test_a_split_in_which_nothing_is_scored_is_drawn_too() -> None:
    assert draw_stats("nothing", made([0, 0])).height > 200
