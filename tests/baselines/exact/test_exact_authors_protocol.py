"""``run --protocol coseg-authors`` from files of the real formats to the record, against the rule written out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from fakes import make_coco, make_context, make_voc
from PIL import Image

from baselines.exact.authors import Answer, authors_score, classes_asked, served_twice, square, text_embedding
from cosegbench import MaskSet
from cosegbench.cli import main

SIDE = 24
CLASS_OF = {"coseg-prefix": "CoSegPrefix", "coseg-xatten": "CoSegXatten", "coseg-no-training": "CoSegNoTraining"}
DATASETS = Path(__file__).resolve().parents[3] / "datasets"
Labels = dict[str, npt.NDArray[np.uint16]]

# predictor, column, threshold (None: exclusive masks), vocabulary that is scored
CELLS: list[tuple[str, str, float | None, str]] = [
    ("coseg-prefix", "voc20", 0.2, "voc20"),
    ("coseg-prefix", "context459", 0.3, "context459"),
    ("coseg-prefix", "coco-things", 0.3, "coco-stuff"),
    ("coseg-xatten", "context459", None, "context459"),
    ("coseg-xatten", "coco-things", 0.3, "coco-things"),
    ("coseg-no-training", "voc20", 0.2, "voc20"),
    ("coseg-no-training", "context459", 0.2, "context459"),
    ("coseg-no-training", "coco-things", 0.1, "coco-things"),
    # not shown in the notebooks: the paper's threshold
    ("coseg-prefix", "context59", 0.3, "context59"),
    ("coseg-xatten", "voc20", 0.3, "voc20"),
    ("coseg-xatten", "context59", 0.3, "context59"),
    ("coseg-no-training", "context59", 0.3, "context59"),
]


@dataclass(frozen=True)
class Column:
    """How a column's files lie. The last image is there, and ``--limit`` leaves it out, as a cut data root needs."""

    write: Callable[..., Path]
    image_ids: tuple[str, ...]
    photographs: str
    vocabulary: str
    nothing: int | None = None
    excluded: tuple[str, ...] = ()


CONTEXT = Column(
    make_context,
    ("2008_000002", "2008_000008", "2010_001606", "2010_006082", "2010_006084"),
    "VOCdevkit/VOC2010/JPEGImages",
    "context459",
)
COLUMNS = {
    "voc20": Column(
        make_voc,
        ("2007_000033", "2007_000042", "2008_000123", "2011_003276", "2011_003277"),
        "VOCdevkit/VOC2012/JPEGImages",
        "voc20",
        nothing=0,
    ),
    "context459": CONTEXT,
    "context59": replace(CONTEXT, excluded=("2010_001606",)),  # only Context-459 was scored on the list of 5105
    "coco-things": Column(
        make_coco,
        ("000000000139", "000000000285", "000000000632", "000000581615", "000000581781"),
        "coco/images/val2017",
        "coco-stuff",
        nothing=0,
    ),
}


def names_of(vocabulary: str) -> dict[int, str]:
    with (DATASETS / f"vocab/{vocabulary}.csv").open(newline="", encoding="utf-8") as stream:
        return {int(row["native_id"]): row["name"] for row in csv.DictReader(stream)}


def label_maps(column: Column, seed: int) -> Labels:
    """Many classes of equal areas, odd sizes, wide and tall, and where the format has a "no class", one without."""
    natives = sorted(names_of(column.vocabulary))
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(natives)
    crowded = np.kron(np.resize(chosen[:36], (6, 6)), np.ones((4, 4), int))
    tied = np.pad(crowded, ((0, 0), (5, 8)), constant_values=int(chosen[0]))
    wide, tall = (np.kron(rng.choice(chosen[:6], shape), np.ones((7, 5), int)) for shape in ((5, 13), (11, 4)))
    outside = np.full((30, 70), int(chosen[1]) if column.nothing is None else column.nothing)
    outside[:, :10] = chosen[2]  # left of the crop
    maps = [tied, wide[:33, :61], tall[:75, :19], outside, tied]
    return {image_id: each.astype(np.uint16) for image_id, each in zip(column.image_ids, maps, strict=True)}


def answers_for(labels: Labels, seed: int) -> dict[str, Answer]:
    """20 tokens an image; probabilities in tenths, so that many lie exactly at a threshold, and masks that overlap."""
    rng = np.random.default_rng(seed)
    return {
        image_id: Answer(
            rng.normal(size=(20, 6)),
            np.kron(rng.integers(0, 7, (20, 8, 8)), np.ones((3, 3), int)).astype(np.float32) / np.float32(10),
        )
        for image_id in labels
    }


def prepared_predictor(answers: dict[str, Answer]) -> type:
    """Returns what was prepared, and keeps what it was shown."""

    class Prepared:
        """Says what it was told to say."""

        input_size = SIDE
        seen: dict[str, Image.Image] = {}  # noqa: RUF012

        def prepare(self, vocabulary: Any, text: Any) -> None:
            self.text = np.stack([text_embedding(text.sentence(name)) for name in vocabulary.names])
            self.text /= np.linalg.norm(self.text, axis=1, keepdims=True)

        def predict(self, images: Sequence[Image.Image]) -> list[MaskSet]:
            return [self.one(image) for image in images]

        def one(self, image: Image.Image) -> MaskSet:
            answer = answers[image.info["image_id"]]
            self.seen[image.info["image_id"]] = image
            tokens = answer.tokens / np.linalg.norm(answer.tokens, axis=1, keepdims=True)
            return MaskSet(answer.masks, tokens @ self.text.T)

    return Prepared


@pytest.mark.parametrize(("predictor", "column", "threshold", "scored"), CELLS)
def test_a_run_scores_as_the_authors_did(
    predictor: str,
    column: str,
    threshold: float | None,
    scored: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = COLUMNS[column]
    labels = label_maps(files, seed=len(column))
    files.write(tmp_path / "data", labels)
    labels = {image_id: each for image_id, each in labels.items() if image_id not in files.excluded}
    del labels[files.image_ids[-1]]
    answers = answers_for(labels, seed=len(predictor))
    prepared = prepared_predictor(answers)
    monkeypatch.setattr(f"cosegbench_baselines.predictors.{CLASS_OF[predictor]}", prepared)

    record = run(predictor, column, tmp_path, len(labels))

    expected = authors_score(labels, answers, names_of(scored), threshold, SIDE)
    found = record["scores"]["coseg-authors"]
    assert found["miou"] == pytest.approx(expected, rel=1e-12)
    assert 1 < found["miou"] < 99
    check_material(labels, answers, names_of(scored))
    assert set(prepared.seen) == set(labels)  # type: ignore[attr-defined]
    for image_id, shown in prepared.seen.items():  # type: ignore[attr-defined]
        photograph = Image.open(tmp_path / "data" / files.photographs / f"{image_id}.jpg").convert("RGB")
        np.testing.assert_array_equal(shown, square(photograph, SIDE, Image.Resampling.BILINEAR))


def run(predictor: str, column: str, folder: Path, images: int) -> dict[str, Any]:
    """The record, as the command prints it."""
    words = ["run", "--predictor", predictor, "--dataset", column, "--protocol", "coseg-authors", "--threads", "1"]
    words += ["--data-root", str(folder / "data"), "--results", str(folder / "results"), "--limit", str(images)]
    done = CliRunner().invoke(main, [*words, "--json", "-"])
    assert done.exit_code == 0, done.output
    [record] = json.loads(done.stdout)
    assert record["dataset"]["images"] == images
    return dict(record)


def check_material(labels: Labels, answers: dict[str, Answer], names: dict[int, str]) -> None:
    """The data holds what the rule treats specially; otherwise the comparison would say nothing."""
    crops = {
        image_id: np.asarray(square(Image.fromarray(each.astype(np.int32)), SIDE, Image.Resampling.NEAREST))
        for image_id, each in labels.items()
    }
    present = {image_id: set(np.unique(crop).tolist()) & set(names) for image_id, crop in crops.items()}
    areas = {
        image_id: [int((crop == native).sum()) for native in present[image_id]] for image_id, crop in crops.items()
    }
    assert any(len(set(each)) < len(each) for each in areas.values())  # ties in area
    assert any(served_twice(crops[image_id], answers[image_id], names) for image_id in crops)
    if len(names) > 100:
        assert max(map(len, present.values())) > 20
        assert max(len(classes_asked(crop, names)) for crop in crops.values()) == 20
    if len(names) in (20, 80):
        assert min(map(len, present.values())) == 0  # an image without a class
