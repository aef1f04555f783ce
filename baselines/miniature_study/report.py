"""``README.md`` of the study: what was measured, in the order of the questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from miniature_study import context, models, scores
from miniature_study.brief import brief
from miniature_study.reading import Study
from miniature_study.text import code, short, table
from miniature_study.weights import Training

_HEAD = """\
# What was measured on the miniature

Written by `make results` from the records in `records/` and their evidence; no figure and no sentence is typed in, and
the sentences are chosen by the figures. `table.md` and `table.csv` are what `cosegbench table` prints of the same
records, digests and marks included. The miniature is a drawn world with tiny models (`docs/miniature.md`): its figures
say how the systems behave there and that the toolkit works end to end, not how CoSeg does on photographs.
"""

_LOOK_ALIKES = """\
Of the pixels of one class of each pair: the share given to it, to its twin, and to anything else or nothing, under
`standard`. "Right one" is own / (own + twin), 50 % by chance. No-training and the trained models differ in more than
context (who draws the masks, and from what it learnt), so whole systems are compared. A verdict is given where wins and
losses over images differ by more than two standard deviations of a fair coin."""

_RECALL = """\
Of the classes that an image shows, the share among the first k labels proposed for it. For prefix and xatten these are
the names of the masks that draw something, by similarity; for no-training CLIP's own ranking. A dash: equal scores
leave the order open."""

_NOT = """\
- Intervals and tests: the paired counts above are over images, with nothing said about chance differences.
- Anything on photographs: CoSeg's weights were never published and the real data sets are not part of this project.
- More than the training seeds named above; the drawn world itself has one seed.
"""


def readme(
    main: Study, others: Sequence[Study], columns: Sequence[str], labels: Path | None, training: Training
) -> str:
    """The whole text.

    Args:
        main: the records of the shipped weights.
        others: those of other training seeds.
        columns: of the tables, in order.
        labels: folder ``<row>/<column>.jsonl`` of kept first stages, or None.
        training: the shipped checkpoints and how they came about.
    """
    blocks = [_HEAD, "## In short", brief(main, others, columns), "## What was run", _extent(main, columns)]
    blocks += ["## mIoU", *scores.figures(main, others, columns)]
    blocks += ["## Things and stuff", *_or_none(scores.kinds(main, columns))]
    blocks += ["## Seen and unseen", *_or_none(scores.training(main, columns))]
    blocks += ["## Pairs that look alike", _LOOK_ALIKES, *_or_none(context.look_alikes(main))]
    blocks += ["## Label recall", _RECALL, *_or_none(context.label_recall(main, columns, labels))]
    blocks += ["## The models", *models.models(training)]
    blocks += ["## Two training seeds", *scores.seeds(main, others, columns)]
    blocks += ["## Not measured", _NOT]
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def _extent(main: Study, columns: Sequence[str]) -> str:
    body = []
    for column in columns:
        result = next((each for each in main.results if each.record.dataset.id == column), None)
        if result is not None:
            about = result.record.dataset
            body.append([short(column), str(about.images), str(len(about.classes)), about.content_digest[:12]])
    digests = sorted(
        {
            (row.name, result.record.predictor.weights_digest)
            for row in main.systems
            for result in main.results
            if result.path.parent.name == row.name and result.record.predictor.weights_digest
        }
    )
    lines = [f"- {code(name)}: weights {digest[:12]}" for name, digest in digests if digest]
    return "\n\n".join([table(["column", "images", "classes", "labels"], body), "\n".join(lines)])


def _or_none(blocks: Sequence[str]) -> Sequence[str]:
    return blocks or ["Not measured in these records."]
