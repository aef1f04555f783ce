"""A protocol as data: two halves, each with a digest, and the cells where its authors did something else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cosegbench.assignment import AssignmentRule
from cosegbench.geometry import Geometry, Window
from cosegbench.kernels import DEFAULT, get_kernel
from cosegbench.text import TextRule

COLUMN = "column"
"""The view or image list that the table's column itself names."""

AS_GIVEN = "float"
"""Masks in the floating point type in which the predictor gave them."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is measured. Two figures may share a column only if these agree.

    How void, ignored pixels and absent classes count, and over what the mean runs, follows from ``kernel``; the names,
    images and labels themselves are the data set's, whose digests stand in every record.

    Args:
        kernel: the averaging rule (:mod:`cosegbench.kernels`).
        view: id of the data set view that is scored, or ``"column"``.
        view_options: data set options that differ from the card's defaults, (name, value) pairs.
        candidates: ``"vocabulary"``: the model may choose from all names of the view; ``"ground-truth"``: it is asked
            for the classes that occur in the image.
        largest_classes: at most so many classes of an image, by area; None: all.
        resolution: ``"original"``: at the label file's own size; ``"input"``: at the size that the predictor sees.
        background: what void becomes on a view whose background is a class.
        out_of_range: what a target value outside the card does.
        epsilon: what is added to the denominator of an IoU.
        rounding: what is rounded before it is printed.
    """

    kernel: str = DEFAULT
    view: str = COLUMN
    view_options: tuple[tuple[str, str], ...] = ()
    candidates: Literal["vocabulary", "ground-truth"] = "vocabulary"
    largest_classes: int | None = None
    resolution: Literal["original", "input"] = "original"
    background: Literal["void-becomes-background", "not-asked-for"] = "void-becomes-background"
    out_of_range: Literal["error"] = "error"
    epsilon: int = 0
    rounding: Literal["none"] = "none"

    @property
    def fields(self) -> dict[str, Any]:
        """Plain values, with the kernel's treatment of classes, void and ignore spelt out."""
        kernel = get_kernel(self.kernel)
        spelt = {name: getattr(kernel, name) for name in ("accumulate", "average_over", "void", "ignore", "absent")}
        fields: dict[str, Any] = plain(self)
        return fields | spelt

    @property
    def digest(self) -> str:
        """SHA-256 over :attr:`fields`."""
        return digest(self.fields)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a protocol does differently for one predictor on one column; unset fields change nothing.

    Args:
        predictor: its id, or ``"*"``.
        dataset: id of the column, or ``"*"``. A miniature column takes the row of the data set that it stands for.
        note: why, in words; shown with the figure.
        threshold: mask threshold.
        exclusive: exclusive masks by arg max.
        view: id of the view that is scored instead of the column's own.
        view_options: data set options.
    """

    predictor: str
    dataset: str
    note: str
    threshold: float | None = None
    exclusive: bool | None = None
    view: str | None = None
    view_options: tuple[tuple[str, str], ...] = ()

    @property
    def setting(self) -> str:
        """What it is about."""
        if self.view is not None:
            return "view"
        return "images" if self.view_options else "masks"


@dataclass(frozen=True, slots=True)
class Method:
    """How the predictor is used: a property of the row.

    Args:
        text: template; no synonyms are used.
        synonyms: how synonyms enter.
        geometry: what of the image the predictor sees.
        window: how the image is cut for inference; where windows slide, scores are averaged where they overlap.
        reduction: when scores are resized: before the arg max.
        assignment: how masks become labels; its threshold also cuts the oracle's masks.
        exclusive: whether the oracle's masks are made exclusive by arg max instead of cut at the threshold.
        tuned_per_data_set: whether a setting was chosen data set by data set.
        cells: what differs for one predictor on one column; none are left after ``Protocol.for_cell``.
        masks: the masks as the predictor gave them, or what was saved of them, in words
            (:attr:`cosegbench.protocols.Replay.label`).
    """

    text: TextRule = field(default_factory=TextRule)
    synonyms: Literal["none"] = "none"
    geometry: Geometry = field(default_factory=Geometry)
    window: Literal["whole"] | Window = "whole"
    reduction: Literal["resize-then-arg-max"] = "resize-then-arg-max"
    assignment: AssignmentRule = field(default_factory=AssignmentRule)
    exclusive: bool = False
    tuned_per_data_set: bool = False
    cells: tuple[Cell, ...] = ()
    masks: str = AS_GIVEN

    @property
    def fields(self) -> dict[str, Any]:
        """Plain values; ``masks`` only where they were saved, so that the digests of runs are what they were."""
        fields: dict[str, Any] = plain(self)
        if self.masks == AS_GIVEN:
            del fields["masks"]
        return fields

    @property
    def digest(self) -> str:
        """SHA-256 over :attr:`fields`."""
        return digest(self.fields)


def plain(value: Any) -> Any:
    """Dataclasses and tuples as what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def digest(value: Any) -> str:
    """SHA-256 over the plain form, keys sorted; equal data, equal digest."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
