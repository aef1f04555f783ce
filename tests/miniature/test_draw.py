from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from cosegbench import load_dataset
from cosegbench.miniature import MARKER, SMALL_SIZES, draw_miniature
from cosegbench.miniature.writers import voc_palette

VIEWS = ("coco-things", "coco-stuff", "voc20", "context59", "context459")


def _digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_seed_gives_the_same_bytes_in_every_file(small_root: Path, tmp_path: Path) -> None:
    draw_miniature(tmp_path, 0, sizes=SMALL_SIZES)
    assert _digests(tmp_path) == _digests(small_root)


def test_another_seed_gives_other_images(small_root: Path, tmp_path: Path) -> None:
    draw_miniature(tmp_path, 1, sizes=replace(SMALL_SIZES, closeups_train=0, closeups_val=0))
    ours, theirs = _digests(tmp_path), _digests(small_root)
    images = [name for name in ours if name.endswith((".jpg", ".mat"))]
    assert images
    assert all(ours[name] != theirs[name] for name in images)


def test_an_image_does_not_depend_on_how_many_others_are_drawn(small_root: Path, tmp_path: Path) -> None:
    draw_miniature(tmp_path, 0, sizes=replace(SMALL_SIZES, coco_train=2, coco_val=5, closeups_train=0, closeups_val=0))
    ours, theirs = _digests(tmp_path), _digests(small_root)
    both = [name for name in ours.keys() & theirs.keys() if name.endswith((".jpg", ".png", ".mat"))]
    assert len(both) > 20
    assert all(ours[name] == theirs[name] for name in both)


@pytest.mark.parametrize("view", VIEWS)
def test_every_label_is_read_by_the_real_adapters_and_has_the_size_of_its_image(small_root: Path, view: str) -> None:
    dataset = load_dataset(f"miniature-{view}", small_root)
    assert dataset.world == "miniature"
    for image_id in dataset.image_ids:
        _, target = dataset.sample(image_id)
        assert target.dtype == np.uint16
        assert set(np.unique(target).tolist()) <= {*range(len(dataset.vocabulary)), 65535}


def test_the_instances_paint_the_same_things_as_the_pixel_maps(small_root: Path) -> None:
    maps = load_dataset("miniature-coco-things", small_root, "train")
    instances = load_dataset("miniature-coco-things", small_root, "train", route="instances")
    for image_id in maps.image_ids:
        stored, painted = maps.target(image_id), instances.target(image_id)
        # Slivers of a hidden thing are labeled in the map and are no instance.
        assert (stored != painted).sum() < 12 * 3


def test_instances_hold_polygons_and_boxes_around_them(small_root: Path) -> None:
    document = json.loads((small_root / "coco/annotations/instances_train2017.json").read_text())
    assert any(isinstance(each["segmentation"], list) for each in document["annotations"])
    sizes = {each["id"]: (each["height"], each["width"]) for each in document["images"]}
    for each in document["annotations"]:
        code = each["segmentation"]
        if isinstance(code, list):
            code = coco_mask.merge(coco_mask.frPyObjects(code, *sizes[each["image_id"]]))
        assert int(coco_mask.area(code)) == each["area"]
        assert coco_mask.toBbox(code).tolist() == each["bbox"]


def test_voc_labels_are_palette_images_with_void_borders(small_root: Path) -> None:
    files = sorted((small_root / "VOCdevkit/VOC2012/SegmentationClass").glob("*.png"))
    assert len(files) == SMALL_SIZES.voc_train + SMALL_SIZES.voc_val
    for path in files:
        with Image.open(path) as image:
            assert image.mode == "P"
            assert (image.getpalette() or [])[:63] == voc_palette()[:63]
            values = np.asarray(image)
        assert values.max() == 255
        objects = values[(values > 0) & (values < 255)]
        assert objects.size > 0
        assert objects.max() <= 20


def test_the_voc_palette_is_the_published_one() -> None:
    palette = voc_palette()
    assert palette[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert palette[20 * 3 : 21 * 3] == [0, 64, 128]
    assert palette[255 * 3 :] == [224, 224, 192]


def test_context_labels_are_sixteen_bit_and_use_ids_above_255(small_root: Path) -> None:
    from scipy.io import loadmat

    maps = [loadmat(path)["LabelMap"] for path in sorted((small_root / "pascal_context/trainval").glob("*.mat"))]
    assert {each.dtype for each in maps} == {np.dtype(np.uint16)}
    assert max(int(each.max()) for each in maps) > 255


def test_image_sizes_are_odd_and_differ(small_root: Path) -> None:
    sizes = {Image.open(path).size for path in (small_root / "coco/images/train2017").glob("*.jpg")}
    assert len(sizes) > 1
    assert all(96 <= side <= 144 for size in sizes for side in size)


def test_captions_name_files_that_are_there(small_root: Path) -> None:
    for split in ("train", "val"):
        rows = _rows(small_root / f"miniature/captions_{split}.jsonl")
        assert {row["kind"] for row in rows} == {"scene", "close-up"}
        assert all((small_root / row["image"]).is_file() and row["captions"] for row in rows)


def test_phrases_have_masks_of_the_size_of_their_image(small_root: Path) -> None:
    rows = _rows(small_root / "miniature/phrases_train.jsonl")
    for row in rows:
        mask = coco_mask.decode({**row["mask"], "counts": row["mask"]["counts"].encode()})
        width, height = Image.open(small_root / row["image"]).size
        assert mask.shape == (height, width)
        assert mask.sum() >= 0.02 * mask.size


def test_the_marker_says_what_was_drawn(small_root: Path) -> None:
    marker = json.loads((small_root / MARKER).read_text())
    assert marker["seed"] == 0
    assert marker["sizes"]["coco_train"] == SMALL_SIZES.coco_train


def test_a_drawing_that_breaks_off_leaves_no_marker(
    small_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MARKER).parent.mkdir(parents=True)
    (tmp_path / MARKER).write_text("{}")

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("cosegbench.miniature.writers.write_context_mat", full_disk)
    with pytest.raises(OSError, match="no space"):
        draw_miniature(tmp_path, 0, sizes=SMALL_SIZES)
    assert not (tmp_path / MARKER).exists()
