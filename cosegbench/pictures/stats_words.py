"""The counts of a split as text for people, and in full for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from cosegbench.dataset import Dataset
from cosegbench.pictures.label_stats import LabelStats

SHOWN_CLASSES = 12
SHOWN_PAIRS = 10


def as_json(dataset: Dataset, stats: LabelStats) -> dict[str, Any]:
    """Everything: the histogram, every class, every pair that occurs, strongest PMI first."""
    return {
        "dataset": dataset.id,
        "split": dataset.split,
        "options": dict(dataset.options),
        "images": int(stats.per_image.size),
        "whole_split": dataset.whole,
        "classes_per_image": {
            "histogram": {str(number): images for number, images in stats.histogram.items()},
            "mean": stats.mean,
            "standard_deviation": stats.deviation,
            "mean_plus_2_sd": stats.bound,
            "k": stats.k,
        },
        "ignored_share": stats.ignored_share,
        "classes": [
            {
                "index": index,
                "name": name,
                "pixels": int(stats.pixels[index]),
                "share": float(stats.shares[index]),
                "images": int(stats.images[index]),
            }
            for index, name in enumerate(stats.names)
        ],
        "pairs": [
            {
                "first": stats.names[pair.first],
                "second": stats.names[pair.second],
                "images": pair.images,
                "pmi_bits": pair.pmi,
            }
            for pair in stats.pairs()
        ],
        "strong_from_images": stats.least,
    }


def as_text(dataset: Dataset, stats: LabelStats) -> str:
    """The same for people: the histogram, the largest classes, the strongest pairs."""
    from tabulate import tabulate

    number = stats.per_image.size
    images = "1 image" if number == 1 else f"{number} images"
    part = "" if dataset.whole else " (the first of the split)"
    head = [
        f"{dataset.id}, split {dataset.split}: {images}{part}, {len(stats.names)} classes",
        f"classes an image: mean {stats.mean:.2f}, standard deviation {stats.deviation:.2f}, "
        f"mean + 2 sd {stats.bound:.2f}, k {stats.k}",
        f"pixels not scored: {100 * stats.ignored_share:.1f} %",
    ]
    histogram = [(classes, count, f"{100 * count / number:.1f}") for classes, count in stats.histogram.items()]
    parts = ["\n".join(head), tabulate(histogram, ("classes", "images", "%"))]
    parts.append(_areas(stats))
    parts.append(_pairs(stats))
    return "\n\n".join(parts)


def _areas(stats: LabelStats) -> str:
    from tabulate import tabulate

    order = np.argsort(-stats.pixels, kind="stable")[:SHOWN_CLASSES].tolist()
    rows = [(stats.names[i], f"{100 * stats.shares[i]:.2f}", str(stats.images[i])) for i in order]
    table = tabulate(
        rows, ("class", "% of pixels", "images"), disable_numparse=True, colalign=("left", "right", "right")
    )
    left = len(stats.names) - len(rows)
    absent = int((stats.images == 0).sum())
    more = [f"and {left} more"] if left else []
    return "\n".join([table, ", ".join([*more, f"classes in no image: {absent}"])])


def _pairs(stats: LabelStats) -> str:
    from tabulate import tabulate

    found = stats.strongest(SHOWN_PAIRS)
    text = f"strongest pairs, of those in {stats.least} or more images"
    if not found:
        return f"{text}: none"
    rows = [(stats.names[p.first], stats.names[p.second], str(p.images), f"{p.pmi:.2f}") for p in found]
    headers = ("class", "class", "images", "PMI (bits)")
    return f"{text}:\n" + tabulate(rows, headers, disable_numparse=True, colalign=("left", "left", "right", "right"))
