"""cosegbench: a protocol-exact referee for open-vocabulary segmentation.

The names below are the public interface. They are imported on first use, so that ``import cosegbench`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset, load_dataset
    from cosegbench.evidence import Evidence
    from cosegbench.kernels import Score, score
    from cosegbench.labels import IGNORE, VOID
    from cosegbench.prediction import LabelMap, MaskSet, Prediction, Predictor, RankedLabels, ScoreMap
    from cosegbench.registry import register_predictor
    from cosegbench.text import TextRule
    from cosegbench.training import TrainRequest
    from cosegbench.vocabulary import Vocabulary

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "dataset",
    "Evidence": "evidence",
    "IGNORE": "labels",
    "LabelMap": "prediction",
    "MaskSet": "prediction",
    "Prediction": "prediction",
    "Predictor": "prediction",
    "RankedLabels": "prediction",
    "Score": "kernels",
    "ScoreMap": "prediction",
    "TextRule": "text",
    "TrainRequest": "training",
    "VOID": "labels",
    "Vocabulary": "vocabulary",
    "load_dataset": "dataset",
    "register_predictor": "registry",
    "score": "kernels",
}

__all__ = [
    "IGNORE",
    "VOID",
    "Dataset",
    "Evidence",
    "LabelMap",
    "MaskSet",
    "Prediction",
    "Predictor",
    "RankedLabels",
    "Score",
    "ScoreMap",
    "TextRule",
    "TrainRequest",
    "Vocabulary",
    "load_dataset",
    "register_predictor",
    "score",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cosegbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"cosegbench.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, whether imported yet or not."""
    return sorted({*globals(), *__all__})
