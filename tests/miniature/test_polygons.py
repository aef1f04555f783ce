from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from scipy.ndimage import label

from cosegbench.miniature.instances import segmentation
from cosegbench.miniature.polygons import mask_polygons

MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.booleans())


def _has_hole(mask: np.ndarray) -> bool:
    """Whether some outside part does not reach the border, counting corners as connected."""
    return bool(label(~np.pad(mask, 1), structure=np.ones((3, 3)))[1] > 1)


def _filled(polygons: list[list[float]], shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies inside, by drawing sixteen times larger and looking at the centres."""
    sheet = Image.new("L", (shape[1] * 16, shape[0] * 16))
    for polygon in polygons:
        ImageDraw.Draw(sheet).polygon([16 * value for value in polygon], fill=1)
    return np.asarray(sheet)[8::16, 8::16].astype(bool)


@settings(max_examples=200, deadline=None)
@given(mask=MASKS)
def test_polygons_fill_to_the_mask_and_a_hole_gives_none(mask: np.ndarray) -> None:
    polygons = mask_polygons(mask)
    if _has_hole(mask):
        assert polygons is None
    else:
        assert polygons is not None
        assert np.array_equal(_filled(polygons, mask.shape), mask)


@settings(max_examples=100, deadline=None)
@given(mask=MASKS)
def test_a_segmentation_decodes_to_the_mask(mask: np.ndarray) -> None:
    code = segmentation(mask)
    if isinstance(code, list):
        code = coco_mask.merge(coco_mask.frPyObjects(code, *mask.shape))
    assert np.array_equal(coco_mask.decode(code).astype(bool), mask)


def test_a_rectangle_has_four_corners() -> None:
    mask = np.zeros((6, 7), bool)
    mask[1:4, 2:6] = True
    (polygon,) = mask_polygons(mask) or []
    assert sorted(zip(polygon[::2], polygon[1::2], strict=True)) == [(2, 1), (2, 4), (6, 1), (6, 4)]
