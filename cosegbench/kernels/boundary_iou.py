"""``boundary-iou``: how well outlines are drawn, a class. IoU of boundary bands, over the data set.

The band of a class in a map is what of its area lies within d pixels of its outline; d is 2% of the image's diagonal,
rounded as Python rounds, at least 1, and distance counts rows and columns (a square). The image's border is an outline
too. Both as in the authors' code, which erodes d times by a 3 x 3 square of ones behind a frame of zeros. The authors
score segments one by one and average over them; here the bands' pixels are summed over all images before they are
divided, as every rule for classes does.

Void pixels are misses where a true band lies, have no band themselves, and end the masks beside them. Ignored pixels
are left out of every band and make none: a mask does not end where they begin, in the target or in the prediction. So
nothing depends on what is predicted there, and a prediction that is right wherever it is scored gets 100. A class
without a true band is left out of the mean; its false bands only displace others.

A ring with the right outline and an empty middle has the right band, so the authors take the smaller of IoU and
Boundary IoU where they average. ``min_mIoU`` beside the figure is that mean, the smaller one taken class by class after
the sums. ``band_share`` is the share of the true pixels that lie in a true band: where much is ignored, few outlines
are left to score. Both need channel ``pairs``.

Source: Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021, and
bowenc0221/boundary-iou-api. Bands of classes of whole label maps, and ignore: cosegbench.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import BOUNDARY, PAIRS, Evidence
from cosegbench.kernels.base import Kernel, Score, class_sums, mean, percent, ratio, sum_by


def compute(evidence: Evidence) -> Score:
    """IoU_c = both_c / (true_c + predicted_c - both_c), in pixels of bands; mean over true_c > 0."""
    table = evidence.table(BOUNDARY)
    both, predicted, true = (
        sum_by(table.column("label"), table.column(name), evidence.num_classes)
        for name in ("intersection", "predicted", "true")
    )
    present = true > 0
    iou = ratio(both, true + predicted - both)
    iou[~present] = float("nan")
    extra: dict[str, float | None] = {"min_mIoU": None, "band_share": None}
    if PAIRS in evidence.channels:
        sums = class_sums(evidence)
        smaller = np.minimum(iou[present], ratio(sums.hit, sums.union)[present])
        area = int(sums.true.sum())
        extra = {"min_mIoU": percent(smaller), "band_share": 100 * int(true.sum()) / area if area else None}
    return Score(KERNEL.name, mean(iou[present]), iou, present, extra)


KERNEL = Kernel(
    name="boundary-iou",
    compute=compute,
    formula=(
        "pixels in both boundary bands / pixels in either, a class, summed over all images, the band being 2% of the "
        "image's diagonal wide; mean over the classes with a true band"
    ),
    source="Cheng et al., CVPR 2021 (Boundary IoU); summed by class: cosegbench",
    channel=BOUNDARY,
    accumulate="data-set",
    average_over="gt",
    void="false-negative",
    ignore="left-out",
    absent="left-out",
)
