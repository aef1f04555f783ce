"""COCO instances JSON of drawn scenes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.paint import Mask
from cosegbench.miniature.polygons import mask_polygons
from cosegbench.miniature.world import CONCEPTS, concept
from cosegbench.miniature.writers import encode_rle


class InstancesDocument:
    """The JSON of one split, scene by scene; scenes are not kept. Every visible thing is one annotation.

    Args:
        split: for the description.
    """

    def __init__(self, split: str) -> None:
        self.split = split
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def add(self, image_id: int, scene: Scene) -> None:
        """One image and its things, those in front first."""
        height, width = scene.concepts.shape
        name = f"{image_id:012d}.jpg"
        self.images.append({"id": image_id, "width": width, "height": height, "file_name": name, "license": 1})
        for thing, mask in reversed(scene.instances):
            self.annotations.append(_annotation(len(self.annotations) + 1, image_id, thing, mask))

    def document(self) -> dict[str, Any]:
        """The whole, ready for JSON."""
        return {
            "info": {"description": f"cosegbench miniature {self.split}", "version": "1"},
            "licenses": [{"id": 1, "name": "Apache-2.0", "url": ""}],
            "images": self.images,
            "annotations": self.annotations,
            "categories": [
                {"id": c.coco, "name": c.name, "supercategory": "thing"}
                for c in CONCEPTS
                if c.kind == "thing" and c.seen
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
