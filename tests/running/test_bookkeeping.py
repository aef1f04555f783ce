"""Counting and storing beside the next call of ``predict``: by events, never by the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cosegbench import Evidence, LabelMap, MaskSet, ScoreMap
from cosegbench.errors import PredictorError, RecordError
from cosegbench.running import loop
from cosegbench.running.batches import plan
from cosegbench.running.journal import Journal
from cosegbench.running.loop import Pass, run_pass
from cosegbench.running.outputs import own, size_of
from cosegbench.running.samples import Sample

IDS = [f"image_{number:02d}" for number in range(12)]
BATCHES = [IDS[start : start + 3] for start in range(0, 12, 3)]
SOON = 60.0
"""Seconds that a test waits for what should happen at once; only a failing one waits for them."""


def sample(image_id: str) -> Sample:
    picture = Image.new("RGB", (4, 3))
    picture.info["image_id"] = image_id
    return Sample(image_id, (picture,), None, (3, 4), np.full((3, 4), int(image_id[-2:]) % 3, np.uint16))


class Reusing:
    """Predicts the place of the image in its batch, in one buffer that each call writes anew."""

    def __init__(self, begin: Callable[[int], None] = lambda _: None):
        self.buffer, self.calls, self.begin = np.zeros((3, 3, 4), np.uint16), 0, begin

    def predict(self, images):
        self.calls += 1
        self.buffer[:] = 2
        self.begin(self.calls - 1)
        self.buffer[:] = (np.arange(3)[:, None, None] + self.calls) % 3
        return [LabelMap(labels) for labels in self.buffer[: len(images)]]


def observe(sample_: Sample, prediction: LabelMap) -> Evidence:
    evidence = Evidence(3)
    evidence.add(sample_.image_id, prediction.labels, sample_.target)
    return evidence


class Stored:
    """What a pass left, also one that failed."""

    def __init__(self, folder: Path):
        self.path, self.ticks = folder / "journal.sqlite", []

    def run(self, predictor, observe_=observe, threads: int = 2) -> None:
        with Journal(self.path, {}) as journal:
            work = Pass(predictor, sample, observe_, 0, 3)
            run_pass(work, plan(IDS, 3), journal, self.ticks.append, threads=threads)

    def batches(self) -> list[int]:
        with Journal(self.path, {}) as journal:
            return sorted(journal.done())

    def evidence(self) -> dict[str, bytes]:
        with Journal(self.path, {}) as journal:
            return dict(journal.evidence())


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path)


def test_a_batch_is_counted_while_the_next_is_predicted_and_its_buffers_may_be_written(stored: Stored) -> None:
    """Each image is counted only after the next call has overwritten what was predicted of it."""
    begun = [threading.Event() for _ in range(len(BATCHES) + 1)]
    begun[-1].set()

    def late(sample_: Sample, prediction: LabelMap) -> Evidence:
        assert begun[IDS.index(sample_.image_id) // 3 + 1].wait(SOON), "the next call did not begin"
        return observe(sample_, prediction)

    stored.run(Reusing(lambda call: begun[call].set()), late, threads=3)
    expected = {
        image_id: observe(sample(image_id), LabelMap(np.full((3, 4), (place % 3 + place // 3 + 1) % 3, np.uint16)))
        for place, image_id in enumerate(IDS)
    }
    assert stored.evidence() == {image_id: each.image_bytes(image_id) for image_id, each in expected.items()}
    assert stored.ticks == [3, 3, 3, 3]


def test_predictions_too_large_to_copy_are_counted_before_the_next_call(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "MOST_COPIED", 3 * 3 * 4 * 2 - 1)  # a byte less than a call's label maps
    counted: list[str] = []
    seen: list[int] = []

    def counting(sample_: Sample, prediction: LabelMap) -> Evidence:
        evidence = observe(sample_, prediction)
        counted.append(sample_.image_id)
        return evidence

    stored.run(Reusing(lambda _: seen.append(len(counted))), counting)
    assert seen == [0, 3, 6, 9]


def test_the_predictions_of_one_call_wait_at_most(stored: Stored) -> None:
    begun, counted, seen = threading.Event(), [], []

    def counting(sample_: Sample, prediction: LabelMap) -> Evidence:
        if sample_.image_id in BATCHES[0]:
            assert begun.wait(SOON), "the second call did not begin"
        counted.append(sample_.image_id)
        return observe(sample_, prediction)

    def begin(call: int) -> None:
        if call == 1:
            begun.set()
        if call == 2:
            seen.extend(counted)

    stored.run(Reusing(begin), counting)
    assert set(BATCHES[0]) <= set(seen)


def fails_at(image_id: str) -> Callable[[Sample, LabelMap], Evidence]:
    def counting(sample_: Sample, prediction: LabelMap) -> Evidence:
        if sample_.image_id == image_id:
            raise PredictorError(f"image {image_id!r}: wrong")
        return observe(sample_, prediction)

    return counting


@pytest.mark.parametrize("threads", [1, 4])
def test_an_image_that_cannot_be_counted_is_named_and_the_batches_before_are_kept(stored: Stored, threads: int) -> None:
    with pytest.raises(PredictorError, match="image 'image_04': wrong"):
        stored.run(Reusing(), fails_at("image_04"), threads)
    assert stored.batches() == [0]
    stored.run(Reusing())
    assert stored.batches() == [0, 1, 2, 3]


def test_the_last_batch_fails_as_the_others_do(stored: Stored) -> None:
    with pytest.raises(PredictorError, match="image 'image_11': wrong"):
        stored.run(Reusing(), fails_at("image_11"))
    assert stored.batches() == [0, 1, 2]


def fail_in(call: int, error: BaseException) -> Callable[[int], None]:
    def begin(now: int) -> None:
        if now == call:
            raise error

    return begin


def test_of_two_failures_that_of_the_earlier_batch_is_raised(stored: Stored) -> None:
    with pytest.raises(PredictorError, match="image 'image_04': wrong"):
        stored.run(Reusing(fail_in(2, ValueError("on fire"))), fails_at("image_04"))
    assert stored.batches() == [0]


@pytest.mark.parametrize(
    ("error", "raised"), [(ValueError("on fire"), PredictorError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_what_was_predicted_before_a_failure_or_a_stop_is_kept(
    stored: Stored, error: BaseException, raised: type[BaseException]
) -> None:
    with pytest.raises(raised):
        stored.run(Reusing(fail_in(2, error)))
    assert stored.batches() == [0, 1]


def test_a_stop_is_a_stop_also_where_the_batch_before_cannot_be_counted(stored: Stored) -> None:
    with pytest.raises(KeyboardInterrupt):
        stored.run(Reusing(fail_in(2, KeyboardInterrupt())), fails_at("image_04"))
    assert stored.batches() == [0]


def test_a_journal_that_cannot_be_written_stops_the_pass(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Journal.commit

    def commit(self, batch, evidence, **times):
        if batch == 1:
            raise RecordError("disk full")
        real(self, batch, evidence, **times)

    monkeypatch.setattr(Journal, "commit", commit)
    with pytest.raises(RecordError, match="disk full"):
        stored.run(Reusing())
    assert stored.batches() == [0]


def test_the_seconds_of_the_batches_hold_those_inside_predict(stored: Stored) -> None:
    stored.run(Reusing(lambda _: threading.Event().wait(0.01)))
    with Journal(stored.path, {}) as journal:
        spent = journal.spent()
    assert 0.01 * len(BATCHES) <= spent.predictor_seconds <= spent.seconds


def test_a_copy_shares_no_memory_and_its_bytes_are_known() -> None:
    torch = pytest.importorskip("torch")
    arrays = np.full((2, 3, 4), 0.5, np.float32), np.zeros((2, 5), np.float64)
    nothing = torch.zeros(2, dtype=torch.bfloat16)
    for prediction, size in (
        (LabelMap(np.zeros((3, 4), np.uint16)), 24),
        (ScoreMap(torch.zeros(5, 2, 2, requires_grad=True), "logit"), 80),
        (MaskSet(*arrays, nothing), 96 + 80 + 4),
    ):
        copy = own(prediction)
        assert size_of(prediction) == size_of(copy) == size
        for name in ("labels", "scores", "masks", "similarity", "nothing"):
            ours, theirs = getattr(copy, name, None), getattr(prediction, name, None)
            if isinstance(theirs, np.ndarray):
                assert not np.shares_memory(ours, theirs)
            elif theirs is not None:
                assert ours.data_ptr() != theirs.data_ptr()
                assert not ours.requires_grad
