"""The labels that a predictor proposed for an image, before any pixel: recall at k, precision and F1.

With T_k the k best of the proposed labels (channel ``ranked``; all of them where they are fewer) and G the classes of
the image's ground truth: recall@k = |T_k & G| / |G|. Precision and F1 are those of
:mod:`cosegbench.measures.label_sets` over all proposed labels. Means over the images that show a class; an image
without a proposal counts as 0.
Source: recall@k of retrieval, here with a set of right answers; CoSeg's no-training pipeline proposes k = 20.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from cosegbench.evidence import RANKED, Evidence
from cosegbench.kernels.base import image_class_sums
from cosegbench.measures.base import Definition, Setting
from cosegbench.measures.label_sets import SOURCE, Part, agreement
from cosegbench.statistics import Counts

DEPTHS = (1, 5, 10, 20)
"""The k of recall@k; 20 is the paper's."""

_TREATMENT = "pixels play no part but for the ground truth; images without a class are left out; no proposal gives 0"


def proposed(evidence: Evidence, _: Setting, part: Part, depth: int | None = None) -> Counts:
    """One of the three over the best ``depth`` proposals, all of them for None."""
    images, size = len(evidence), evidence.num_classes
    pairs = image_class_sums(evidence)
    true = pairs.sums.true > 0
    truth = pairs.image[true] * size + pairs.label[true]
    table = evidence.table(RANKED)
    starts = np.searchsorted(table.image, np.arange(images))
    rank = np.arange(table.image.size) - starts[table.image]
    kept = rank < (size if depth is None else depth)
    image, label = table.image[kept], table.column("label")[kept]
    right = np.isin(image * size + label, truth)
    both, said, shown = (
        np.bincount(each, minlength=images) for each in (image[right], image, pairs.image[true])
    )  # fmt: skip
    return agreement(images, both, said, shown, part)


RECALLS = tuple(
    Definition(
        key=f"proposals-recall-{depth}",
        name=f"recall@{depth} of the proposed labels",
        formula=f"share of the classes that an image shows among its {depth} best proposals; mean over images",
        treatment=_TREATMENT,
        source="recall@k of retrieval with a set of right answers",
        compute=partial(proposed, part="recall", depth=depth),
        channel=RANKED,
    )
    for depth in DEPTHS
)
_OF_ALL: dict[Part, str] = {
    "precision": "share of an image's proposed labels that it shows; mean over images",
    "f1": "2 |T & G| / (|T| + |G|) of an image; mean over images",
}
PRECISION, F1 = (
    Definition(
        key=f"proposals-{part}",
        name=f"{'F1' if part == 'f1' else part} of all proposed labels",
        formula=formula,
        treatment=_TREATMENT,
        source=SOURCE,
        compute=partial(proposed, part=part),
        channel=RANKED,
    )
    for part, formula in _OF_ALL.items()
)
