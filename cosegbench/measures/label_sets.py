"""Which classes an image was said to show, whatever their pixels: precision, recall and F1 of label sets.

With P the classes predicted anywhere in an image's scored pixels and G those of its ground truth: precision = |P & G| /
|P|, recall = |P & G| / |G|, F1 = 2 |P & G| / (|P| + |G|), each a mean over the images that show a class. An image
where nothing was predicted counts as 0 in all three, so that abstaining never gains; void is no label. A class that
was predicted on ignored pixels only is not in the evidence and does not count. One pixel is enough.
Source: the example-based measures of multi-label classification (Godbole and Sarawagi, PAKDD 2004; Tsoumakas and
Katakis, 2007); 0/0 = 0 as scikit-learn's default has it.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.evidence.channels import IntArray
from cosegbench.kernels.base import FloatArray, image_class_sums
from cosegbench.measures.base import Definition, Setting, mean_over_images
from cosegbench.statistics import Counts

Part = Literal["precision", "recall", "f1"]

SOURCE = "example-based measures (Godbole and Sarawagi, PAKDD 2004)"
_FORMULAS: dict[Part, str] = {
    "precision": "share of an image's predicted classes that it shows; mean over images",
    "recall": "share of the classes that an image shows that are predicted in it; mean over images",
    "f1": "2 |P & G| / (|P| + |G|) of an image; mean over images",
}


def label_set(evidence: Evidence, _: Setting, part: Part) -> Counts:
    """One of the three from the label maps."""
    pairs = image_class_sums(evidence)
    images = len(evidence)
    given, true = pairs.sums.predicted > 0, pairs.sums.true > 0
    both, said, shown = (np.bincount(pairs.image[each], minlength=images) for each in (given & true, given, true))
    return agreement(images, both, said, shown, part)


def agreement(images: int, both: IntArray, said: IntArray, shown: IntArray, part: Part) -> Counts:
    """The mean over the images that show a class.

    Args:
        images: n.
        both: (n,) labels that are said and shown.
        said: (n,) labels that are said.
        shown: (n,) labels that are shown.
        part: which of the three.
    """
    (image,) = np.nonzero(shown)
    wholes = {"precision": said, "recall": shown, "f1": said + shown}
    whole = wholes[part][image]
    values: FloatArray = np.zeros(image.size)
    np.divide((2 if part == "f1" else 1) * both[image], whole, out=values, where=whole > 0)
    return mean_over_images(images, image, values)


def _definition(part: Part) -> Definition:
    return Definition(
        key=f"labels-{part}",
        name=f"{'F1' if part == 'f1' else part} of the classes in the label map",
        formula=_FORMULAS[part],
        treatment="void is no label; ignored pixels are left out; images without a class are left out; 0/0 is 0",
        source=SOURCE,
        compute=partial(label_set, part=part),
    )


PRECISION, RECALL, F1 = (_definition(part) for part in ("precision", "recall", "f1"))
