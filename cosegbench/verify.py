"""Looking at every file of a split: all problems at once, each with its file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from cosegbench.adapters import LabelCounts
from cosegbench.dataset import Dataset, in_threads
from cosegbench.errors import CosegbenchError, DataError
from cosegbench.photographs import check_photograph
from cosegbench.presence import miscounted


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found.

    Args:
        problems: one line each, with the file; empty where all is well.
        images: how many images were looked at.
        pixels: class name -> ground truth pixels, in the vocabulary's order.
        classes_without_gt: names of the classes that no pixel has. Not a problem: 114 of Context-459's have none.
        ignored_share: ignored pixels among all pixels, 0 to 1.
        unused: stored value -> pixels, for values that the format defines, that should not occur, and that are ignored.
        classes_per_image: mean number of distinct classes in an image.
        images_digest: SHA-256 over a line ``id sha256`` for every photograph, sorted by id; empty where they were not
            looked at, or one is broken.
    """

    problems: tuple[str, ...]
    images: int = 0
    pixels: Mapping[str, int] = field(default_factory=dict)
    classes_without_gt: tuple[str, ...] = ()
    ignored_share: float = 0.0
    unused: Mapping[int, int] = field(default_factory=dict)
    classes_per_image: float = 0.0
    images_digest: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def raise_problems(self, what: str) -> None:
        """Turn problems into an error.

        Args:
            what: names the data set in the first line.

        Raises:
            DataError: there are problems; lists them all.
        """
        if self.problems:
            raise DataError(f"{what}: {len(self.problems)} problem(s) in the data.", self.problems)


def verify(
    dataset: Dataset, *, photographs: bool = True, progress: Callable[[int], object] | None = None
) -> VerifyReport:
    """Check layout and counts, then decode every label and every photograph of the split.

    Args:
        dataset: what to look at; of a subset, counts are not checked.
        photographs: whether photographs are needed.
        progress: called with 1 after each image.

    Returns:
        The report; nothing that is wrong with the data is raised.
    """
    # Without a folder, every single file would be reported as well.
    if problems := dataset.blocking(photographs=photographs):
        return VerifyReport(tuple(problems))
    problems, image_ids = list(miscounted(dataset)), dataset.image_ids
    try:
        dataset.labels.has("")  # reads the index of a region file once, before the threads need it
    except CosegbenchError as error:
        return VerifyReport((*problems, str(error)))
    totals = np.zeros(len(dataset.vocabulary), np.int64)
    ignored = pixels = present = 0
    unused: Counter[int] = Counter()
    digests: dict[str, str] = {}
    checked = in_threads(partial(_check_image, dataset, photographs), image_ids)
    for image_id, (lines, counts, digest) in zip(image_ids, checked, strict=True):
        problems.extend(lines)
        if digest:
            digests[image_id] = digest
        if counts is not None:
            totals += counts.classes
            ignored += counts.ignored
            pixels += counts.shape[0] * counts.shape[1]
            present += int(np.count_nonzero(counts.classes))
            unused.update(counts.unused)
        if progress is not None:
            progress(1)
    names = dataset.vocabulary.names
    return VerifyReport(
        problems=tuple(problems),
        images=len(image_ids),
        pixels=dict(zip(names, totals.tolist(), strict=True)),
        classes_without_gt=tuple(name for name, total in zip(names, totals, strict=True) if total == 0),
        ignored_share=ignored / pixels if pixels else 0.0,
        unused=dict(sorted(unused.items())),
        classes_per_image=present / len(image_ids) if image_ids else 0.0,
        images_digest=_images_digest(digests) if len(digests) == len(image_ids) else "",
    )


def _images_digest(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{image_id} {digest}\n" for image_id, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _check_image(dataset: Dataset, photographs: bool, image_id: str) -> tuple[list[str], LabelCounts | None, str]:
    """What is wrong with one image, what its label holds, and the photograph's digest, where they are read."""
    problems: list[str] = []
    counts: LabelCounts | None = None
    try:
        counts = dataset.labels.count(image_id)
    except CosegbenchError as error:
        problems.append(str(error))
    if not photographs:
        return problems, counts, ""
    try:
        shape, orientation, digest = check_photograph(dataset.image_path(image_id), image_id)
    except CosegbenchError as error:
        problems.append(str(error))
        return problems, counts, ""
    if counts is not None and counts.shape != shape:
        turned = " (its EXIF orientation turns it; labels belong to the image as stored)" if orientation > 4 else ""
        problems.append(
            f"{dataset.labels.path(image_id)}: label has (height, width) {counts.shape}, "
            f"photograph {dataset.image_path(image_id)} has {shape}{turned}."
        )
    return problems, counts, digest
