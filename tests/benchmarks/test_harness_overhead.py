"""What ``run`` costs beside the predictor: wall time of more images in a run, against the predictor alone on them.

Run with ``pytest tests/benchmarks/test_harness_overhead.py -s``. Predictors at ViT-B/16 with random weights, 500x375
photographs in PASCAL VOC's layout. In are all that a run does for each image: looking at every file before the start,
reading, counting, storing. Out is what it does once: loading weights, encoding names, and the first batch, in which the
process gets its memory.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from full_size import in_turns, write_models, write_voc

from cosegbench import Dataset, load_dataset
from cosegbench.protocols import Input, get_protocol
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import plan
from cosegbench.running.building import Recipe
from cosegbench.running.data import check_files, content_digests
from cosegbench.running.families import group_protocols
from cosegbench.running.request import RunRequest, Tick
from cosegbench.running.runner import run
from cosegbench.running.work import read_sample

BAR = 1.10
BATCH = int(os.environ.get("COSEGBENCH_BATCH", "4"))
BATCHES, ROUNDS = 5, 2
PREDICTORS = {
    "coseg-prefix": ("prefix.safetensors", ()),
    "coseg-xatten": ("xatten.safetensors", ()),
    "coseg-no-training": ("clipseg", ("variant=authors",)),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_models(folder, "b16")
    write_voc(folder / "data", BATCHES * BATCH)
    return folder


def request(world: Path, predictor: str, protocol: str, results: Path) -> RunRequest:
    weights, settings = PREDICTORS[predictor]
    return RunRequest(
        predictor,
        (world / "data/voc20.toml",),
        protocols=(protocol,),
        settings=settings,
        weights=str(world / weights),
        data_root=world / "data",
        results=results,
        batch_size=BATCH,
    )


def alone(world: Path, predictor: str, protocol: str) -> tuple[Any, list[list[Any]]]:
    """The predictor, prepared, and the pictures of each of its calls on the images that come after the first batch."""
    asked = request(world, predictor, protocol, world)
    recipe = Recipe(resolve_predictor(predictor), asked.settings, asked.weights)
    built = recipe.build("real")
    dataset: Dataset = load_dataset(world / "data/voc20.toml", world / "data")
    [family] = group_protocols((protocol,), predictor, "voc20", Input())
    built.prepare(dataset.vocabulary, get_protocol(protocol).method.text)
    calls = [
        [read_sample(dataset, family, image_id, built.input_size).views[0] for image_id in batch.image_ids]
        for batch in plan(dataset.image_ids, BATCH)
    ]
    return built, calls[1:]


class Ticks:
    """A reporter that keeps when each batch was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def remark(self, line: str) -> None:
        """Nobody is told."""

    @contextmanager
    def progress(self, title: str, total: int, done: int) -> Iterator[Tick]:
        yield lambda _: self.times.append(time.perf_counter())


def looking(world: Path) -> float:
    """Seconds that looking at the files of one image takes before a run."""
    dataset = load_dataset(world / "data/voc20.toml", world / "data")
    [seconds] = in_turns([lambda: (content_digests([dataset]), check_files([dataset]))], 2)
    return seconds / len(dataset)


@pytest.mark.parametrize("protocol", ["standard", "coseg-authors"])
@pytest.mark.parametrize("predictor", PREDICTORS)
def test_a_run_costs_little_more_than_its_predictor(predictor: str, protocol: str, world: Path, tmp_path: Path) -> None:
    built, calls = alone(world, predictor, protocol)
    asked = request(world, predictor, protocol, tmp_path)
    torch.set_num_threads(asked.threads)
    images = BATCH * len(calls)
    ran: list[float] = []

    def predict() -> None:
        for pictures in calls:
            built.predict(pictures)

    def whole() -> None:
        ticks = Ticks()
        run(replace(asked, fresh=True), ticks)
        ran.append(ticks.times[-1] - ticks.times[0])

    built.predict(calls[0])
    own, _ = in_turns([predict, whole], ROUNDS)
    passed, look = min(ran), looking(world) * images
    ratio = (passed + look) / own
    sys.stdout.write(
        f"\n{predictor}, {protocol}, batches of {BATCH}, {asked.threads} threads: {images} images alone {own:.2f} s, "
        f"in a run {passed:.2f} s and looking at their files {look:.2f} s, ratio {ratio:.3f}\n"
    )
    assert ratio <= BAR
