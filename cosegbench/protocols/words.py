"""Protocols in words: every field as a sentence, and what two protocols do differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cosegbench.kernels import get_kernel
from cosegbench.protocols.fields import COLUMN, Cell
from cosegbench.protocols.protocol import Protocol

KERNEL_WORDS: dict[str, Mapping[Any, str]] = {
    "accumulate": {
        "data-set": "counts are summed over all images before they are divided",
        "image-class": "every image and class is divided by itself",
    },
    "average_over": {
        "gt": "classes with ground truth",
        "gt-or-prediction": "classes with ground truth or prediction",
        "all": "all classes of the vocabulary",
        "gt-by-image": "classes with ground truth, image by image",
        "image-class-pairs": "(image, class) pairs with ground truth or prediction",
        "oracle-by-image": "the classes that an image shows, image by image",
    },
    "void": {
        "false-negative": "a miss: the pixel stays in its true class's area",
        "vanishes": "the pixel counts neither for nor against any class, so that a model can gain by abstaining",
        "undefined": "undefined: every pixel must have a predicted class",
        "none": "does not exist: every class has its own binary mask",
    },
    "ignore": {
        "left-out": "left out",
        "undefined": "undefined: every pixel must have a true class",
        "not-in-true-areas": "left out of the true areas; a mask that covers them is larger for it",
    },
    "absent": {
        "left-out": "left out of the mean; its false positives lower the classes that they cover",
        "zero-if-predicted": "0 where it is predicted, otherwise left out",
        "zero": "0",
        "not-asked-for": "left out: only classes that the ground truth shows are asked for",
    },
}
"""Field of a kernel -> value -> what it means."""


@dataclass(frozen=True, slots=True)
class Line:
    """One field of one half.

    Args:
        half: ``"evaluation"`` or ``"method"``.
        field: its name.
        value: plain.
        words: what it means.
    """

    half: Literal["evaluation", "method"]
    field: str
    value: Any
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two protocols set differently, each side in words."""

    half: Literal["evaluation", "method"]
    field: str
    first: str
    second: str


def explain(protocol: Protocol) -> tuple[Line, ...]:
    """Every field of both halves in words, the evaluation half first."""
    evaluation, method = protocol.evaluation.fields, protocol.method.fields
    lines = [Line("evaluation", name, value, _evaluation_words(name, value)) for name, value in evaluation.items()]
    lines += [
        Line("method", name, value, _method_words(name, value, protocol))
        for name, value in method.items()
        if name != "cells"
    ]
    return tuple(lines)


def cell_words(cell: Cell) -> str:
    """One cell, as a sentence."""
    predictor = "any predictor" if cell.predictor == "*" else cell.predictor
    dataset = "any data set" if cell.dataset == "*" else cell.dataset
    return f"{predictor} on {dataset}: {cell.note}"


def diff(first: Protocol, second: Protocol) -> tuple[Difference, ...]:
    """The fields in which two protocols differ; empty where they mean the same."""
    found = [
        Difference(one.half, one.field, one.words, other.words)
        for one, other in zip(explain(first), explain(second), strict=True)
        if one.value != other.value
    ]
    if first.method.cells != second.method.cells:
        found.append(Difference("method", "cells", _cells_words(first), _cells_words(second)))
    return tuple(found)


def comparable(first: Protocol, second: Protocol) -> bool:
    """Whether figures of the two may share a column: their evaluation halves agree, here and in every cell."""
    settings = [
        {
            (cell.predictor, cell.dataset, cell.view, cell.view_options)
            for cell in protocol.method.cells
            if cell.setting != "masks"
        }
        for protocol in (first, second)
    ]
    return first.evaluation.digest == second.evaluation.digest and settings[0] == settings[1]


def _cells_words(protocol: Protocol) -> str:
    return "; ".join(cell_words(cell) for cell in protocol.method.cells) or "the same for every predictor and data set"


_EVALUATION_WORDS: dict[str, Mapping[Any, str]] = {
    "view": {COLUMN: "the column's own classes and images"},
    "candidates": {
        "vocabulary": "the model chooses among all names of the view",
        "ground-truth": "the model is asked only for the classes that the image's ground truth shows",
    },
    "largest_classes": {None: "all classes of an image"},
    "resolution": {
        "original": "at the size of the label file",
        "input": "at the size that the predictor sees; labels by nearest neighbour",
    },
    "background": {
        "void-becomes-background": "void becomes background where the view scores one, otherwise stays void",
        "not-asked-for": "never asked for",
    },
    "out_of_range": {"error": "a target value outside the card is an error, never clipped or aliased"},
    "epsilon": {0: "nothing is added to a denominator"},
    "rounding": {"none": "nothing is rounded before it is printed"},
}


def _evaluation_words(name: str, value: Any) -> str:
    if name == "kernel":
        return f"{value}: {get_kernel(value).formula}"
    fixed = _EVALUATION_WORDS.get(name) or KERNEL_WORDS.get(name) or {}
    if not isinstance(value, list) and value in fixed:
        return fixed[value]
    if name == "view_options":
        return ", ".join(f"{key}={setting}" for key, setting in value) or "the defaults of the data set's card"
    if name == "largest_classes":
        return f"the {value} largest classes of an image"
    return str(value)


def _method_words(name: str, value: Any, protocol: Protocol) -> str:
    if name == "assignment":
        return _assignment_words(value, protocol)
    if name == "exclusive":
        return _exclusive_words(value, protocol)
    if name == "text":
        return f'"{value["template"]}", one sentence a class'
    fixed: Mapping[str, str] = {
        "synonyms": "not used",
        "geometry": _GEOMETRIES[protocol.method.geometry.input],
        "window": _window_words(value) if name == "window" else "",
        "reduction": "scores and masks are resized bilinearly, then the arg max is taken; ties go to the lower index",
        "tuned_per_data_set": "settings differ by predictor and data set" if value else "one setting for all",
    }
    return fixed.get(name, str(value))


_GEOMETRIES = {
    "whole": "the whole image; a predictor with a square input squashes what it is shown by itself",
    "square-crop": "the central square of the short side, resized to the predictor's own input size",
    "central-square": "the central square of the short side; what lies outside it is void",
}


def _window_words(value: Any) -> str:
    if not isinstance(value, Mapping):
        return "one pass over what the predictor is shown, no sliding window"
    size = "as large as the predictor's own input" if value["size"] is None else f"of {value['size']} pixels"
    stride = "half of that" if value["stride"] is None else f"{value['stride']} pixels"
    return (
        f"square windows {size} slide by {stride}, the last one flush with the border; masks become class scores "
        "window by window, scores are averaged where windows overlap"
    )


def _assignment_words(value: Mapping[str, Any], protocol: Protocol) -> str:
    limit = "no threshold" if value["threshold"] is None else f"mask probability > {value['threshold']}"
    if protocol.evaluation.candidates == "ground-truth":
        cut = "arg max instead of a threshold" if protocol.method.exclusive else limit
        return f"each class gets the mask most similar to its name; {cut}"
    nothing = "; a mask nearest to 'nothing' draws nothing" if value["nothing"] == "draws-nothing" else ""
    return f"a pixel goes to its most probable mask, {limit}, otherwise void; a mask bears its nearest name{nothing}"


def _exclusive_words(value: bool, protocol: Protocol) -> str:
    if protocol.evaluation.candidates != "ground-truth":
        return "does not apply: a label map has no overlaps"
    return "every pixel goes to its most probable paired mask" if value else "masks may overlap"
