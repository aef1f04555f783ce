"""Label readers, one file an on-disk format. A card chooses by ``[format] kind``."""

from __future__ import annotations

from cosegbench.adapters.base import LabelCounts, LabelReader, LabelSource
from cosegbench.adapters.context_mat import ContextMat
from cosegbench.adapters.detail_json import DetailJson
from cosegbench.adapters.instances_json import InstancesJson
from cosegbench.adapters.label_png import LabelPng
from cosegbench.adapters.stuffthingmaps import StuffThingMaps
from cosegbench.adapters.voc_palette import VocPalette

READERS: dict[str, type[LabelReader]] = {
    "label-png": LabelPng,
    "voc-palette": VocPalette,
    "stuffthingmaps": StuffThingMaps,
    "context-mat": ContextMat,
    "instances-json": InstancesJson,
    "detail-json": DetailJson,
}
"""Format kind -> reader."""

__all__ = ["READERS", "LabelCounts", "LabelReader", "LabelSource", "open_labels"]


def open_labels(source: LabelSource) -> LabelReader:
    """The reader of a card's format.

    Raises:
        CardError: the format's values contradict each other or the vocabulary.
    """
    return READERS[source.format.kind](source)
