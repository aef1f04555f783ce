"""The figures of a run on the full-size root, computed again from its saved predictions without the toolkit.

``python tests/benchmarks/check_full_size_run.py DATA RESULTS PREDICTIONS``, where ``run --suite cross-dataset
--results RESULTS --save-predictions PREDICTIONS/<predictor>`` was done for each predictor. Labels are read here by
Pillow and scipy, masks are compared class by class, and every class's IoU must be the record's.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import loadmat

VOCABULARIES = Path(__file__).resolve().parents[2] / "datasets/vocab"
LABELS = {
    "coco-things": "coco/stuffthingmaps/val2017/{}.png",
    "voc20": "VOCdevkit/VOC2012/SegmentationClass/{}.png",
    "context59": "pascal_context/trainval/{}.mat",
    "context459": "pascal_context/trainval/{}.mat",
}
STORED_LESS_ONE = "coco-things"
"""Its label maps store the id minus one."""

CLOSE = 1e-9


def stored(path: Path) -> np.ndarray:
    """Label values (H, W) as the file holds them; of a palette PNG the indices."""
    if path.suffix == ".mat":
        return loadmat(path)["LabelMap"].astype(np.int64)
    with Image.open(path) as image:
        return np.asarray(image).astype(np.int64)


def class_ious(column: str, data: Path, predictions: Path) -> list[float | None]:
    """IoU in percent of each class over all images; None without ground truth. A pixel without a class is a miss."""
    with (VOCABULARIES / f"{column}.csv").open(encoding="utf-8") as stream:
        ids = [int(row["native_id"]) - (column == STORED_LESS_ONE) for row in csv.DictReader(stream)]
    overlap, predicted, true = Counter[int](), Counter[int](), Counter[int]()
    for path in sorted((predictions / column).glob("*.png")):
        label = stored(data / LABELS[column].format(path.stem))
        said = stored(path)[np.isin(label, ids)]
        label = label[np.isin(label, ids)]
        for index, value in enumerate(ids):
            here, there = label == value, said == index
            overlap[index] += int((here & there).sum())
            predicted[index] += int(there.sum())
            true[index] += int(here.sum())
    union = {index: predicted[index] + true[index] - overlap[index] for index in true}
    return [100 * overlap[i] / union[i] if true[i] else None for i in range(len(ids))]


def compare(column: str, record: Path, data: Path, predictions: Path) -> str:
    """What differs from a record, or how many images and classes agree.

    Raises:
        SystemExit: anything differs.
    """
    score = json.loads(record.read_text(encoding="utf-8"))
    images, told = score["dataset"]["images"], score["scores"]["standard"]
    found = class_ious(column, data, predictions)
    there = [value for value in found if value is not None]
    pairs = zip(found, told["iou"], strict=True)
    wrong = [(a, b) for a, b in pairs if (a is None) != (b is None) or (a is not None and abs(a - b) > CLOSE)]
    saved = len(list((predictions / column).glob("*.png")))
    if wrong or saved != images or not math.isclose(sum(there) / len(there), told["miou"], abs_tol=CLOSE):
        sys.exit(f"{record} is not what its predictions say: {saved} of {images} images, {wrong[:3]}.")
    return f"{images} images, {len(there)} classes, mIoU {told['miou']:.4f}"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "results", "predictions"):
        words.add_argument(name, type=Path)
    given = words.parse_args()
    for record in sorted(given.results.glob("*/*.open-vocabulary.json")):
        column, predictor = record.name.split(".")[0], record.parent.name
        agrees = compare(column, record, given.data, given.predictions / predictor)
        sys.stdout.write(f"{predictor} {column}: {agrees}, as computed again\n")


if __name__ == "__main__":
    main()
