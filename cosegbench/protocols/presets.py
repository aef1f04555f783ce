"""The protocols that have names."""

from __future__ import annotations

from dataclasses import replace

from cosegbench.assignment import PAPER_THRESHOLD, AssignmentRule
from cosegbench.geometry import Geometry
from cosegbench.kernels import DEFAULT, KERNELS, Kernel
from cosegbench.kernels.coseg_oracle import EXCLUSIVE
from cosegbench.kernels.coseg_oracle import KERNEL as ORACLE
from cosegbench.pairing import MAX_CLASSES
from cosegbench.protocols.fields import Cell, Evaluation, Method
from cosegbench.protocols.protocol import Protocol
from cosegbench.protocols.words import KERNEL_WORDS
from cosegbench.text import AUTHORS_TEMPLATE, TextRule

_ORACLE = Evaluation(
    kernel=ORACLE.name, candidates="ground-truth", largest_classes=MAX_CLASSES, background="not-asked-for"
)

_UNSEEN = f"threshold {PAPER_THRESHOLD}, the paper's: the notebooks do not show which was used"

_AUTHORS_CELLS = (
    Cell("*", "*", _UNSEEN, threshold=PAPER_THRESHOLD),
    Cell("coseg-prefix", "voc20", "threshold 0.2, seen in the notebooks", threshold=0.2),
    Cell("coseg-prefix", "context459", "threshold 0.3, seen in the notebooks", threshold=0.3),
    Cell("coseg-prefix", "coco-things", "threshold 0.3, seen in the notebooks", threshold=0.3),
    Cell("coseg-prefix", "coco-things", "all COCO-Stuff classes that occur, not the 80 things", view="coco-stuff"),
    Cell("coseg-xatten", "coco-things", "threshold 0.3, seen in the notebooks", threshold=0.3),
    Cell("coseg-xatten", "context459", "no threshold: arg max over the paired masks", exclusive=True),
    Cell("coseg-no-training", "voc20", "threshold 0.2, seen in the notebooks", threshold=0.2),
    Cell("coseg-no-training", "context459", "threshold 0.2, seen in the notebooks", threshold=0.2),
    Cell("coseg-no-training", "coco-things", "threshold 0.1, seen in the notebooks", threshold=0.1),
    Cell("*", "context459", "all 5105 images of the list", view_options=(("images", "5105"),)),
)


def _summary(kernel: Kernel) -> str:
    averaged = KERNEL_WORDS["average_over"][kernel.average_over]
    codes = {"void": kernel.void, "absent": kernel.absent}
    return "; ".join([f"mean over {averaged}", *(f"{name}: {code.replace('-', ' ')}" for name, code in codes.items())])


def _of_kernel(kernel: Kernel) -> Protocol:
    oracle = kernel.name in (ORACLE.name, EXCLUSIVE.name)
    evaluation = replace(_ORACLE, kernel=kernel.name) if oracle else Evaluation(kernel=kernel.name)
    return Protocol(
        name=kernel.name,
        summary=_summary(kernel),
        source=kernel.source,
        evaluation=evaluation,
        method=Method(exclusive=kernel.name == EXCLUSIVE.name),
    )


STANDARD = replace(
    _of_kernel(KERNELS[DEFAULT]),
    name="standard",
    summary="the default: whole vocabulary, original resolution, void is an error, mean over classes with ground truth",
)

COSEG_AUTHORS = Protocol(
    name="coseg-authors",
    summary="what the CoSeg authors ran: the ground truth chooses the labels, a binary mask a class, mean by image",
    source="ToviTu/CoSeg: CV_eval.ipynb, CV_eval_xatten.ipynb, CV_archi_no_training.ipynb",
    evaluation=replace(_ORACLE, resolution="input"),
    method=Method(
        text=TextRule(AUTHORS_TEMPLATE),
        geometry=Geometry("square-crop"),
        assignment=AssignmentRule(PAPER_THRESHOLD),
        tuned_per_data_set=True,
        cells=_AUTHORS_CELLS,
    ),
    notes=(
        "This is an oracle: no pixel is ever given a class by the model, false positives of absent classes cost "
        "nothing, and classes weigh by how often they occur. Its figures do not compare with open-vocabulary mIoU.",
        "The authors' models see 224 x 224 pixels (prefix, xatten) or 352 x 352 (no-training); here the input size is "
        "the model's own.",
    ),
)

COSEG_PAPER = Protocol(
    name="coseg-paper",
    summary="what the CoSeg paper states, the rest as in standard",
    source='Tu et al., "Exploring Semantic Coexistence in Open-Vocabulary Segmentation"',
    method=Method(
        cells=tuple(
            Cell("*", name, "all 5105 images, the number that the paper prints", view_options=(("images", "5105"),))
            for name in ("context59", "context459")
        )
    ),
    unstated=(
        "evaluation.kernel",
        "evaluation.candidates",
        "evaluation.resolution",
        "evaluation.background",
        "method.geometry",
        "method.assignment.nothing",
    ),
    notes=(
        'The paper states "the mean of class-wise IoU" without the unlabeled background, the template "a photo of a '
        '<name>", 20 queries, one threshold of 0.3 and 80 things for COCO. It does not say how counts are accumulated, '
        "what absent classes, void pixels and overlapping masks count, at which resolution, or whether all names are "
        "candidates.",
        "The figures that it prints come from another protocol, coseg-authors.",
    ),
)

PRESETS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (STANDARD, COSEG_AUTHORS, COSEG_PAPER, *(_of_kernel(kernel) for kernel in KERNELS.values()))
}
"""Every named protocol; the default first."""
