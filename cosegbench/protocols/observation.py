"""From one prediction to one image's evidence: what a run loop does for every image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.assignment import (
    AssignmentRule,
    Mosaic,
    assign,
    fill_void,
    mask_names,
    masks_to_labels,
    refuse_labels,
    resize_masks,
)
from cosegbench.assignment.arrays import to_numpy
from cosegbench.assignment.checks import check_masks
from cosegbench.errors import ProtocolError
from cosegbench.evidence import BINARY, BINARY_EXCLUSIVE, BOUNDARY, PAIRS, RANKED, Evidence
from cosegbench.labels import LabelArray, check_label_map
from cosegbench.pairing import pair_classes
from cosegbench.prediction import LabelMap, MaskSet, Prediction
from cosegbench.protocols.protocol import Protocol

if TYPE_CHECKING:
    from cosegbench.vocabulary import Vocabulary

_SHARED_MASKS = 32
"""Up to so many masks are resized once for every use; more are resized one by one, to bound the memory."""

_FROM_MASKS = (BINARY, BINARY_EXCLUSIVE, RANKED)


def observe(
    protocols: Sequence[Protocol],
    prediction: Prediction | Mosaic,
    target: LabelArray,
    image_id: str,
    vocabulary: Vocabulary,
) -> Evidence:
    """Everything that the protocols of one family need to know about one image.

    A run loop, for each (predictor, column), takes ``protocol.for_cell(predictor id, column id)`` of every protocol,
    groups the results by ``family``, loads ``protocol.view(column)``, calls ``predictor.prepare(vocabulary,
    protocol.method.text)``, shows ``protocol.method.geometry.prepare_image(image, input_size)`` to the predictor and
    gives this function ``prepare_target(target, input_size)`` of the same geometry. With a central square or a sliding
    window it shows parts of the image instead, and gives this function a mosaic of their predictions. The evidence
    serves every protocol of the family (``family_protocols``), also ones that were not asked for; boundaries, which
    cost time, are counted only where they were.

    Args:
        protocols: at least one, all of one pass, each the result of ``for_cell``. What they need is required; other
            channels of the family are filled where the prediction's kind allows it.
        prediction: what the predictor returned for the prepared image, or for the parts of it that it was shown.
        target: (H, W) uint16, the prepared target.
        image_id: the image's id.
        vocabulary: the view's classes, for their number and background.

    Returns:
        Evidence of this one image.

    Raises:
        ProtocolError: no protocol, protocols of different passes or with cells, or one that needs masks where the
            predictor returns none, or scores of windows where it returns label maps.
        PredictorError: the prediction breaks the contract.
        LabelError: the target is wrong.
    """
    protocol = _one_pass(protocols)
    masks = prediction if isinstance(prediction, MaskSet) else None
    _require(protocols, masks, prediction)
    if protocol.method.window != "whole" and _has_labels(prediction):
        refuse_labels(image_id)
    evidence = Evidence(len(vocabulary))
    size = (target.shape[0], target.shape[1])
    rule = protocol.method.assignment
    if masks is None:
        labels = assign(prediction, size, rule, len(vocabulary), vocabulary.background, image_id)
        _observe_labels(evidence, protocols, labels, target, image_id)
        return evidence
    check_masks(masks, len(vocabulary), image_id)
    check_label_map(target, len(vocabulary), what="target", where=image_id)
    if masks.masks.shape[0] <= _SHARED_MASKS:
        masks = resize_masks(masks, size)
    if PAIRS in protocol.keeps:
        labels = fill_void(masks_to_labels(masks, size, rule), vocabulary.background)
        _observe_labels(evidence, protocols, labels, target, image_id)
    _observe_masks(evidence, protocol, masks, target, image_id, vocabulary.background)
    return evidence


def ranked_labels(masks: MaskSet, rule: AssignmentRule) -> tuple[list[int], list[float]]:
    """The classes that the drawn masks bear, most similar first (ties: lower index), and their similarities."""
    names = mask_names(masks, rule)
    best = to_numpy(masks.similarity).max(axis=1, initial=-np.inf).astype(np.float64)
    scores: dict[int, float] = {}
    for name, score in zip(names.tolist(), best.tolist(), strict=True):
        if name >= 0:
            scores[name] = max(score, scores.get(name, -np.inf))
    ordered = sorted(scores, key=lambda name: (-scores[name], name))
    return ordered, [scores[name] for name in ordered]


def _observe_labels(
    evidence: Evidence, protocols: Sequence[Protocol], labels: LabelArray, target: LabelArray, image_id: str
) -> None:
    evidence.add(image_id, labels, target)
    if any(protocol.rule.channel == BOUNDARY for protocol in protocols):
        evidence.add_boundary(image_id, labels, target)


def _observe_masks(
    evidence: Evidence, protocol: Protocol, masks: MaskSet, target: LabelArray, image_id: str, background: int | None
) -> None:
    rule = protocol.method.assignment
    if RANKED in protocol.keeps:
        evidence.add_ranked(image_id, *ranked_labels(masks, rule))
    if not {BINARY, BINARY_EXCLUSIVE} & set(protocol.keeps):
        return
    pairing = pair_classes(masks, target, background)
    forms = {BINARY_EXCLUSIVE: pairing.exclusive()}
    if rule.threshold is not None:  # without one, masks cannot be cut
        forms[BINARY] = pairing.thresholded(rule.threshold)
    for channel, counts in forms.items():
        columns = (counts.classes, counts.intersection, counts.predicted, counts.true)
        evidence.add_binary(image_id, *columns, channel=channel)


def _has_labels(prediction: Prediction | Mosaic) -> bool:
    parts = [part.prediction for part in prediction.parts] if isinstance(prediction, Mosaic) else [prediction]
    return any(isinstance(part, LabelMap) for part in parts)


def _one_pass(protocols: Sequence[Protocol]) -> Protocol:
    if not protocols:
        raise ProtocolError("no protocol was given.")
    for protocol in protocols:
        protocol.require_cell()
    if len({protocol.pass_digest for protocol in protocols}) > 1:
        names = ", ".join(protocol.name for protocol in protocols)
        raise ProtocolError(f"protocols {names} need different inference passes; group them by family.")
    return protocols[0]


def _require(protocols: Sequence[Protocol], masks: MaskSet | None, prediction: object) -> None:
    for protocol in protocols:
        if masks is None and protocol.rule.channel in _FROM_MASKS:
            raise ProtocolError(
                f"protocol {protocol.name!r} pairs masks with classes and needs a MaskSet; the predictor returned "
                f"{type(prediction).__name__}."
            )
