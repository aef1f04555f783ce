"""From one prediction to the evidence of one picture of a probe: ``pairs`` and the set of labels, for any predictor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cosegbench.assignment import AssignmentRule, assign, fill_void
from cosegbench.evidence import Evidence
from cosegbench.labels import VOID, LabelArray
from cosegbench.prediction import MaskSet, Prediction
from cosegbench.protocols import ranked_labels

if TYPE_CHECKING:
    from cosegbench.vocabulary import Vocabulary


def look(
    unit: str, prediction: Prediction, target: LabelArray, rule: AssignmentRule, vocabulary: Vocabulary
) -> Evidence:
    """Channels ``pairs`` and ``ranked`` of one picture.

    The labels that a predictor proposes are the names of its masks that draw something, best first; without masks, the
    classes of its label map, by pixels.

    Args:
        unit: what the picture is called.
        prediction: of the picture.
        target: (H, W) uint16.
        rule: how masks become labels.
        vocabulary: of predictor and target.

    Raises:
        PredictorError: the prediction breaks the contract.
        LabelError: the target is wrong.
    """
    size = (target.shape[0], target.shape[1])
    labels = assign(prediction, size, rule, len(vocabulary), vocabulary.background, unit)
    evidence = Evidence(len(vocabulary))
    evidence.add(unit, labels, target)
    proposed = ranked_labels(prediction, rule) if isinstance(prediction, MaskSet) else _by_area(labels)
    evidence.add_ranked(unit, *proposed)
    return evidence


def look_through(
    unit: str,
    prediction: Prediction,
    target: LabelArray,
    rule: AssignmentRule,
    asked: Vocabulary,
    scored: Vocabulary,
    meaning: LabelArray,
) -> Evidence:
    """Channel ``pairs`` in the classes of the data set, of a predictor that was asked with other names.

    Args:
        unit: what the picture is called.
        prediction: in the classes of ``asked``.
        target: (H, W) uint16 in the classes of ``scored``.
        rule: how masks become labels.
        asked: K' classes.
        scored: K classes; where it has a background, void becomes it.
        meaning: (K',) uint16, the scored class that each asked one stands for, or VOID for none.

    Raises:
        PredictorError: the prediction breaks the contract.
        LabelError: the target is wrong.
    """
    labels = assign(prediction, (target.shape[0], target.shape[1]), rule, len(asked), None, unit)
    table = np.append(meaning, np.uint16(VOID))
    evidence = Evidence(len(scored))
    evidence.add(unit, fill_void(table[np.minimum(labels, len(asked))], scored.background), target)
    return evidence


def _by_area(labels: LabelArray) -> tuple[list[int], list[float]]:
    values, pixels = np.unique(labels[labels != VOID], return_counts=True)
    order = np.argsort(-pixels, kind="stable")
    return values[order].tolist(), pixels[order].astype(float).tolist()
