"""COCO instances JSON of drawn scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.paint import Mask
from cosegbench.miniature.polygons import mask_polygons
from cosegbench.miniature.world import CONCEPTS, concept
from cosegbench.miniature.writers import encode_rle


def instances_json(scenes: Sequence[tuple[int, Scene]], split: str) -> dict[str, Any]:
    """The document of one split: every visible seen thing is one annotation, in front ones first."""
    images = [
        {
            "id": image_id,
            "width": scene.pixels.shape[1],
            "height": scene.pixels.shape[0],
            "file_name": f"{image_id:012d}.jpg",
            "license": 1,
        }
        for image_id, scene in scenes
    ]
    annotations: list[dict[str, Any]] = []
    for image_id, scene in scenes:
        for name, mask in reversed(scene.instances):
            annotations.append(_annotation(len(annotations) + 1, image_id, name, mask))
    return {
        "info": {"description": f"cosegbench miniature {split}", "version": "1"},
        "licenses": [{"id": 1, "name": "Apache-2.0", "url": ""}],
        "images": images,
        "annotations": annotations,
        "categories": [
            {"id": c.coco, "name": c.name, "supercategory": "thing"} for c in CONCEPTS if c.kind == "thing" and c.seen
        ],
    }


def _annotation(number: int, image_id: int, name: str, mask: Mask) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return {
        "id": number,
        "image_id": image_id,
        "category_id": concept(name).coco,
        "segmentation": segmentation(mask),
        "area": int(mask.sum()),
        "bbox": [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y],
        "iscrowd": 0,
    }


def segmentation(mask: Mask) -> list[list[float]] | dict[str, Any]:
    """Polygons where pycocotools fills them to exactly this mask, else compressed run lengths."""
    from pycocotools import mask as coco_mask

    code, polygons = encode_rle(mask), mask_polygons(mask)
    if polygons:
        filled = coco_mask.merge(coco_mask.frPyObjects(polygons, *mask.shape))
        if filled["counts"].decode("ascii") == code["counts"]:
            return polygons
    return code
