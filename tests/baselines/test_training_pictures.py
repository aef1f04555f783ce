"""The input pipeline: squares from files, in memory or read ahead, in an order that nothing disturbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes import loose_card, make_coco
from PIL import Image

from cosegbench import Dataset, load_dataset
from cosegbench.errors import LabelError
from cosegbench_baselines.training import pictures
from cosegbench_baselines.training.feed import Feed
from cosegbench_baselines.training.order import batch_places
from cosegbench_baselines.training.parts import Part, step_rng
from cosegbench_baselines.training.pictures import LabelledPictures
from cosegbench_baselines.training.squares import read_square


@pytest.fixture
def coco(tmp_path: Path) -> Dataset:
    """Nine pictures of odd sizes in the layout of COCO-Stuff."""
    rng = np.random.default_rng(0)
    labels = {}
    for place in range(9):
        height, width = (int(side) for side in rng.integers(40, 90, 2))
        blocks = rng.choice([0, 1, 2, 3, 92, 182], (-(-height // 8), -(-width // 8)))
        labels[f"{place:012d}"] = np.kron(blocks, np.ones((8, 8), int))[:height, :width]
    make_coco(tmp_path, labels, "train")
    return load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path, "train")


def plain_square(dataset: Dataset, image_id: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre crop to the short side, resize: pixel loops for the labels, Pillow for the picture."""
    image, labels = dataset.image(image_id), dataset.target(image_id)
    height, width = labels.shape
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    pixels = np.asarray(
        image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BILINEAR)
    )
    nearest = [int((place + 0.5) * side / size) for place in range(size)]
    return pixels, np.array([[labels[top + row, left + column] for column in nearest] for row in nearest])


def test_squares_are_centre_crops_of_the_short_side_with_labels_by_nearest(coco: Dataset) -> None:
    for image_id in coco.image_ids:
        pixels, labels = read_square(coco, image_id, 32, "square-crop")
        expected = plain_square(coco, image_id, 32)
        np.testing.assert_array_equal(pixels, expected[0])
        np.testing.assert_array_equal(labels, expected[1])


@pytest.mark.parametrize("draft", [False, True])
def test_a_label_of_another_size_than_its_photograph_is_refused(coco: Dataset, draft: bool) -> None:
    image_id = coco.image_ids[0]
    Image.new("L", (41, 43)).save(coco.labels.path(image_id))
    with pytest.raises(LabelError, match=r"\(43, 41\)"):
        read_square(coco, image_id, 32, "square-crop", draft=draft)


def test_draft_decoding_gives_nearly_the_same_pixels_and_the_same_labels(tmp_path: Path) -> None:
    y, x = np.mgrid[:480, :640]
    smooth = np.stack([127 + 90 * np.sin(x / 21 + y / 33 + band) for band in range(3)], -1).astype(np.uint8)
    make_coco(tmp_path, {"000000000001": np.ones((480, 640), int)}, "train")
    Image.fromarray(smooth).save(tmp_path / "coco/images/train2017/000000000001.jpg", quality=92)
    coco = load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path, "train")
    full, labels = read_square(coco, coco.image_ids[0], 224, "square-crop")
    fast, same = read_square(coco, coco.image_ids[0], 224, "square-crop", draft=True)
    np.testing.assert_array_equal(labels, same)
    assert 0 < np.abs(full.astype(int) - fast.astype(int)).mean() < 2


@pytest.mark.parametrize("workers", [1, 3])
def test_pictures_in_memory_and_pictures_read_as_they_are_asked_are_the_same(
    coco: Dataset, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    kept = LabelledPictures(coco, 24, "square-crop", workers=workers)
    said: list[str] = []
    kept.keep(said.append)
    assert kept.kept
    assert said == ["0 of 9 pictures read"]
    monkeypatch.setattr(pictures, "CACHE_BYTES", 0)
    read = LabelledPictures(coco, 24, "square-crop", workers=workers)
    read.keep()
    assert not read.kept
    for one, other in ((kept.batch([4, 0, 7]), read.batch([4, 0, 7])), (kept.batch([2]), read.batch([2]))):
        assert torch.equal(one.pixels, other.pixels)
        assert torch.equal(one.labels, other.labels)


def feed_of(coco: Dataset, mine: range, parts: int, steps: int) -> Feed:
    def places(step: int) -> list[int]:
        return batch_places("epochs", 3, step, 4, len(coco), step_rng(3, step))

    del parts
    return Feed(LabelledPictures(coco, 16, "square-crop", workers=2), places, mine, steps)


def test_a_feed_gives_every_process_its_part_of_the_same_batches_also_from_the_middle(coco: Dataset) -> None:
    alone, middle = feed_of(coco, range(2), 2, 6), feed_of(coco, range(2), 2, 6)
    others = [feed_of(coco, range(rank, rank + 1), 2, 6) for rank in range(2)]
    for step in range(6):
        for index in range(2):
            part = Part(3, step, index, 2)
            expected = alone.squares(part)
            picks = batch_places("epochs", 3, step, 4, 9, step_rng(3, step))[2 * index : 2 * index + 2]
            assert torch.equal(expected.pixels, alone.pictures.batch(picks).pixels)
            assert torch.equal(expected.pixels, others[index].squares(part).pixels)
            if step >= 3:
                assert torch.equal(expected.labels, middle.squares(part).labels)


def test_a_feed_reads_ahead_a_bounded_number_of_pictures(coco: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    inner = LabelledPictures.asked

    def counted(self: LabelledPictures, picks: list[int]) -> Any:
        asked.extend(picks)
        return inner(self, picks)

    monkeypatch.setattr(LabelledPictures, "asked", counted)
    feed = feed_of(coco, range(1), 1, 100)
    for step in range(4):
        feed.squares(Part(3, step))
        assert len(asked) == 4 * (step + 3)
    short = feed_of(coco, range(1), 1, 2)
    asked.clear()
    for step in range(2):
        short.squares(Part(3, step))
    assert len(asked) == 8  # nothing beyond the last step


def test_epochs_show_every_picture_before_any_of_them_again() -> None:
    shown = [place for step in range(9) for place in batch_places("epochs", 5, step, 4, 12, step_rng(5, step))]
    for epoch in range(3):
        assert sorted(shown[12 * epoch : 12 * epoch + 12]) == list(range(12))
    assert shown[:12] != shown[12:24]
    assert shown[:12] != [p for step in range(3) for p in batch_places("epochs", 6, step, 4, 12, step_rng(6, step))]


def test_a_batch_may_hold_the_end_of_one_epoch_and_the_beginning_of_the_next() -> None:
    shown = [place for step in range(5) for place in batch_places("epochs", 5, step, 4, 10, step_rng(5, step))]
    assert sorted(shown[:10]) == sorted(shown[10:]) == list(range(10))


def test_drawn_batches_depend_on_seed_and_step_alone() -> None:
    def drawn(seed: int, step: int) -> list[int]:
        return batch_places("draw", seed, step, 4, 50, step_rng(seed, step))

    assert drawn(1, 7) == drawn(1, 7)
    assert len({tuple(drawn(seed, step)) for seed in range(3) for step in range(3)}) == 9
    assert len(set(drawn(1, 7))) == 4
