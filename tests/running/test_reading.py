"""What happens beside what in a pass: by events, never by the clock."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cosegbench import Evidence, LabelMap
from cosegbench.errors import DataError
from cosegbench.running.batches import plan
from cosegbench.running.journal import Journal
from cosegbench.running.loop import Pass, run_pass
from cosegbench.running.samples import Sample, read_ahead

IDS = [f"image_{number:02d}" for number in range(24)]
SOON = 60.0
"""Seconds that a test waits for what should happen at once; only a failing one waits for them."""


def sample(image_id: str, seed: int = 0) -> Sample:
    picture = Image.new("RGB", (4, 3), (seed, 0, 0))
    picture.info["image_id"] = image_id
    target = np.full((3, 4), int(image_id[-2:]) % 3, np.uint16)
    return Sample(image_id, (picture,), None, (3, 4), target)


class Zeros:
    """Predicts class 0; ``before`` is called with the ids of each call."""

    def __init__(self, before=lambda ids: None):
        self.before, self.calls = before, []

    def predict(self, images):
        self.calls.append([image.info["image_id"] for image in images])
        self.before(self.calls[-1])
        return [LabelMap(np.zeros((3, 4), np.uint16)) for _ in images]


def observe(sample_: Sample, prediction: LabelMap) -> Evidence:
    evidence = Evidence(3)
    evidence.add(sample_.image_id, prediction.labels, sample_.target)
    return evidence


def run(tmp_path: Path, work: Pass, *, batch_size: int = 3, threads: int = 2, name: str = "a") -> dict[str, bytes]:
    with Journal(tmp_path / f"{name}.sqlite", {}) as journal:
        run_pass(work, plan(IDS, batch_size), journal, lambda _: None, threads=threads)
        return dict(journal.evidence())


def test_images_and_labels_of_the_next_two_batches_are_read_while_one_is_predicted(tmp_path: Path) -> None:
    read_now = {image_id: threading.Event() for image_id in IDS}

    def read(image_id: str) -> Sample:
        read_now[image_id].set()
        return sample(image_id)

    def wait_for_the_next_two(ids: list[str]) -> None:
        last = IDS.index(ids[-1])
        for image_id in IDS[last + 1 : last + 7]:
            assert read_now[image_id].wait(SOON), f"{image_id} was not read while {ids} were predicted"

    predictor = Zeros(wait_for_the_next_two)
    run(tmp_path, Pass(predictor, read, observe, 0, 3))
    assert predictor.calls == [IDS[start : start + 3] for start in range(0, 24, 3)]


@pytest.mark.parametrize("batch_size", [1, 3, 8])
@pytest.mark.parametrize("threads", [1, 2, 64])
def test_no_more_images_are_held_than_the_distance_allows(tmp_path: Path, batch_size: int, threads: int) -> None:
    lock, begun, predicted, most = threading.Lock(), 0, 0, 0

    def read(image_id: str) -> Sample:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - predicted)
        return sample(image_id)

    def count(ids: list[str]) -> None:
        nonlocal predicted
        with lock:
            predicted += len(ids)

    run(tmp_path, Pass(Zeros(count), read, observe, 0, batch_size), batch_size=batch_size, threads=threads)
    readers = min(threads, 8)
    distance = max(2 * batch_size, 2 * readers)
    assert begun == len(IDS)
    # the batch that is predicted, and whole batches up to the distance
    assert most <= batch_size + distance + batch_size - 1


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("slow", [0, 4, 7])
def test_the_bits_do_not_depend_on_the_number_of_readers_nor_on_which_image_is_slow(
    tmp_path: Path, threads: int, slow: int
) -> None:
    late = threading.Event()

    def read(image_id: str) -> Sample:
        if image_id == IDS[slow]:
            late.wait(0.02)
        return sample(image_id)

    plain = run(tmp_path, Pass(Zeros(), sample, observe, 0, 3), threads=1, name="plain")
    assert run(tmp_path, Pass(Zeros(), read, observe, 0, 3), threads=threads, name="slow") == plain


def test_counting_does_not_wait_behind_the_images_that_are_still_being_read(tmp_path: Path) -> None:
    counted = threading.Event()

    def read(image_id: str) -> Sample:
        if image_id == IDS[-1]:  # read far ahead of its turn; blocks until something was counted
            assert counted.wait(SOON)
        return sample(image_id)

    def observed(sample_: Sample, prediction: LabelMap) -> Evidence:
        counted.set()
        return observe(sample_, prediction)

    run(tmp_path, Pass(Zeros(), read, observed, 0, 8), batch_size=8, threads=1)


def test_an_image_that_cannot_be_read_stops_the_pass_when_its_batch_is_due(tmp_path: Path) -> None:
    def read(image_id: str) -> Sample:
        if image_id == IDS[7]:
            raise DataError(f"{image_id}: broken")
        return sample(image_id)

    predictor = Zeros()
    with pytest.raises(DataError, match="image_07: broken"):
        run(tmp_path, Pass(predictor, read, observe, 0, 3))
    assert predictor.calls == [IDS[:3], IDS[3:6]]


def test_reading_ends_when_the_list_does() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(read_ahead(sample, [], pool, 4)) == []
        found = [(batch.index, len(samples)) for batch, samples in read_ahead(sample, plan(IDS, 10), pool, 100)]
    assert found == [(0, 10), (1, 10), (2, 4)]
