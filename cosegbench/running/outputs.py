"""Calling a predictor: whatever it raises or returns wrongly is named with the images that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from cosegbench.assignment.arrays import is_array, is_tensor
from cosegbench.errors import CosegbenchError, PredictorError
from cosegbench.plugins import describe_failure
from cosegbench.prediction import LabelMap, MaskSet, Prediction, ScoreMap

if TYPE_CHECKING:
    from PIL import Image

_TYPES = (LabelMap, ScoreMap, MaskSet)
_EXPECTED = "one LabelMap, ScoreMap or MaskSet for each image"


def call_predict(predictor: Any, images: Sequence[Image.Image], image_ids: Sequence[str]) -> list[Prediction]:
    """Predict one batch and check that the answer is a sequence of as many predictions as images.

    Arrays are looked at later, when they are reduced (:func:`cosegbench.assignment.assign`).

    Raises:
        PredictorError: the predictor raised, or returned something else; names the image and what came.
    """
    where = f"images {name_images(image_ids)}"
    answer = guarded(predictor, "predict", where, images)
    if isinstance(answer, _TYPES):
        raise PredictorError(
            f"{where}: predict returned a bare {type(answer).__name__}; expected a list with {_EXPECTED}."
        )
    if not hasattr(answer, "__len__") or not hasattr(answer, "__getitem__") or isinstance(answer, str | bytes | dict):
        raise PredictorError(f"{where}: predict returned {_describe(answer)}; expected a list with {_EXPECTED}.")
    if len(answer) != len(images):
        raise PredictorError(
            f"{where}: predict returned {len(answer)} predictions for {len(images)} images; expected {_EXPECTED}."
        )
    for image_id, prediction in zip(image_ids, answer, strict=True):
        if not isinstance(prediction, _TYPES):
            hint = " Wrap the array in LabelMap(labels)." if hasattr(prediction, "shape") else ""
            raise PredictorError(
                f"image {image_id!r}: predict returned {_describe(prediction)}; expected {_EXPECTED}.{hint}"
            )
    return list(answer)


def own(prediction: Prediction) -> Prediction:
    """The same prediction in memory of its own, because the predictor may use its buffers again in its next call.

    Copies lie where the arrays lie. On an accelerator the copy is queued on the caller's stream, behind what computes
    the arrays and before what the next call queues.
    """
    arrays = {
        name: value.detach().clone() if is_tensor(value) else value.copy()
        for name, value in _arrays(prediction).items()
    }
    return replace(prediction, **arrays)


def size_of(prediction: Prediction) -> int:
    """Bytes that :func:`own` copies."""
    arrays = _arrays(prediction).values()
    return sum(each.numel() * each.element_size() if is_tensor(each) else each.nbytes for each in arrays)


def _arrays(prediction: Prediction) -> dict[str, Any]:
    """Its arrays by field; what is none, which is refused when the prediction is looked at, is left out."""
    values = {each.name: getattr(prediction, each.name) for each in fields(prediction)}
    return {name: value for name, value in values.items() if is_array(value)}


def guarded(predictor: Any, method: str, where: str, *arguments: Any) -> Any:
    """Call a method of a predictor.

    Raises:
        PredictorError: it raised; says what, where in its file, and for which images. Errors of our own pass through.
    """
    try:
        return getattr(predictor, method)(*arguments)
    except CosegbenchError:
        raise
    except (Exception, SystemExit) as error:  # a predictor may raise anything, and must not end our process
        name = type(predictor).__name__
        raise PredictorError(f"{where}: {name}.{method} raised {describe_failure(error)}.") from error


def name_images(image_ids: Sequence[str]) -> str:
    """The first few ids, and how many more there are."""
    shown = ", ".join(repr(image_id) for image_id in image_ids[:4])
    return shown if len(image_ids) <= 4 else f"{shown} and {len(image_ids) - 4} more"


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"a bare {type(value).__name__} of shape {tuple(shape)} and type {getattr(value, 'dtype', '?')}"
    return "None" if value is None else f"a {type(value).__name__}"
