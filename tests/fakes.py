"""Small data roots of the true layouts and formats, written into a temporary folder. ``from fakes import ...``.

Labels are given as arrays of native ids, as the data sets' authors number them; each writer stores them as they do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cosegbench.locate import data_file

Labels = Mapping[str, np.ndarray]
UNLABELED = 0
VOC_BORDER = 255


def write_photograph(
    path: Path, shape: tuple[int, int], *, mode: str = "RGB", form: str = "JPEG", seed: int = 0
) -> Path:
    """A photograph of (height, width) ``shape``; noise on a gradient, so that it has some bytes to lose."""
    rng = np.random.default_rng(seed)
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = rng.integers(0, 256, (*shape, bands), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if bands == 1 else pixels, mode=mode).save(path, format=form)
    return path


def truncate(path: Path, keep: float = 0.5) -> None:
    """Keep only the first part of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def write_palette_png(path: Path, indices: np.ndarray) -> Path:
    """A palette PNG whose colours say nothing about the index."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(indices.astype(np.uint8), mode="L")
    image.putpalette([(37 * i + 11) % 256 for i in range(768)])
    image.save(path)
    return path


def write_gray_png(path: Path, values: np.ndarray) -> Path:
    """A gray PNG of 8 or 16 bits, as the array's type says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, format="PNG")
    return path


def write_mat(path: Path, values: np.ndarray, variable: str = "LabelMap") -> Path:
    """A MATLAB 5 file with one compressed variable."""
    from scipy.io import savemat

    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {variable: values}, do_compression=True)
    return path


def random_labels(ids: int, values: list[int], *, seed: int = 0, prefix: str = "2007_") -> dict[str, np.ndarray]:
    """``ids`` label maps of odd sizes made of blocks of ``values``."""
    rng = np.random.default_rng(seed)
    found = {}
    for i in range(ids):
        height, width = int(rng.integers(9, 30)), int(rng.integers(9, 30))
        blocks = rng.choice(values, (-(-height // 4), -(-width // 4)))
        found[f"{prefix}{i:06d}"] = np.kron(blocks, np.ones((4, 4), int))[:height, :width].astype(np.uint16)
    return found


def make_voc(root: Path, labels: Labels, split: str = "val", *, year: int = 2012, photographs: bool = True) -> Path:
    """VOCdevkit/VOC2012: palette PNGs (0 background, 1..20, 255 border), the split's list, photographs."""
    devkit = root / f"VOCdevkit/VOC{year}"
    _write_list(devkit / f"ImageSets/Segmentation/{split}.txt", labels)
    for image_id, label in labels.items():
        write_palette_png(devkit / f"SegmentationClass/{image_id}.png", label)
        if photographs:
            write_photograph(devkit / f"JPEGImages/{image_id}.jpg", label.shape)
    return root


def make_coco(root: Path, labels: Labels, split: str = "val", *, photographs: bool = True) -> Path:
    """coco/stuffthingmaps: gray PNGs with value = COCO id - 1, unlabeled (0 here) stored as 255."""
    for image_id, label in labels.items():
        stored = np.where(label == UNLABELED, 255, label.astype(int) - 1).astype(np.uint8)
        write_gray_png(root / f"coco/stuffthingmaps/{split}2017/{image_id}.png", stored)
        if photographs:
            write_photograph(root / f"coco/images/{split}2017/{image_id}.jpg", label.shape)
    return root


def make_instances(root: Path, labels: Labels, split: str = "val") -> Path:
    """coco/annotations/instances: one run-length annotation for each class of each label map."""
    images, annotations = [], []
    for number, (image_id, label) in enumerate(labels.items(), 1):
        height, width = label.shape
        images.append({"id": number, "file_name": f"{image_id}.jpg", "height": height, "width": width})
        for value in np.unique(label[label > 0]):
            annotations.append(region(len(annotations) + 1, number, int(value), label == value))
    content = {"images": images, "annotations": annotations, "categories": categories("coco-things")}
    return write_json(root / f"coco/annotations/instances_{split}2017.json", content)


def make_context(root: Path, labels: Labels, split: str = "val", *, photographs: bool = True) -> Path:
    """pascal_context/trainval: uint16 ``LabelMap`` files with ids 1..459, and VOC2010's lists and photographs."""
    devkit = root / "VOCdevkit/VOC2010"
    _write_list(devkit / f"ImageSets/Main/{split}.txt", labels)
    for image_id, label in labels.items():
        write_mat(root / f"pascal_context/trainval/{image_id}.mat", label.astype(np.uint16))
        if photographs:
            write_photograph(devkit / f"JPEGImages/{image_id}.jpg", label.shape)
    return root


def make_detail(root: Path, labels: Labels, split: str = "val") -> Path:
    """pascal_context/trainval_merged.json in the layout of PASCAL in Detail."""
    images, annotations = [], []
    for image_id, label in labels.items():
        height, width = label.shape
        number = int(image_id.replace("_", ""))
        entry = {"image_id": number, "file_name": f"{image_id}.jpg", "height": height, "width": width, "phase": split}
        images.append(entry)
        for value in np.unique(label[label > 0]):
            annotations.append(region(len(annotations) + 1, number, int(value), label == value))
    names = [{"category_id": c["id"], "name": c["name"]} for c in categories("context59")]
    for category in names:
        category["name"] = {"table": "diningtable"}.get(category["name"], category["name"])
    content = {"images": images, "annos_segmentation": annotations, "categories": names}
    return write_json(root / "pascal_context/trainval_merged.json", content)


def region(number: int, image: int, category: int, mask: np.ndarray, *, crowd: int = 0) -> dict[str, object]:
    """One annotation with uncompressed run lengths: down the columns, zeros first."""
    flat = mask.ravel(order="F").astype(int)
    changes = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *changes, flat.size]).tolist()
    if flat[0]:
        counts = [0, *counts]
    segmentation = {"size": list(mask.shape), "counts": counts}
    return {"id": number, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": crowd}


def categories(vocabulary: str) -> list[dict[str, object]]:
    """A JSON file's ``categories``, from one of the shipped vocabularies."""
    from cosegbench.cards import load_card

    return [{"id": entry.native_id, "name": entry.name} for entry in load_card(vocabulary).vocabulary().classes]


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def loose_card(folder: Path, base: str, **replacements: str) -> Path:
    """A copy of a built-in card without the counts and digests of the real data set; other texts may be replaced."""
    text = data_file("datasets", f"{base}.toml").read_text(encoding="utf-8")
    pinned = ("count = ", "ids_sha256 = ")
    text = "\n".join(line for line in text.splitlines() if not line.startswith(pinned)) + "\n"
    text = text.replace('vocabulary = "', f'vocabulary = "{data_file("datasets").as_posix()}/')
    for old, new in replacements.items():
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{base}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def plain_card(folder: Path, classes: int, *, offset: int = 0, extra: str = "", split: str = "val") -> Path:
    """A user's own card: plain label PNGs in ``labels/``, photographs in ``photos/``, native id = index + 1."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["index,native_id,name", *(f"{i},{i + 1},class {i}" for i in range(classes))]
    (folder / "mine.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "mine.toml"
    path.write_text(
        f"""schema_version = 1
id = "mine"
title = "A card of my own"
vocabulary = "mine.csv"
background = "ignore"

[layout]
images = "photos/{{id}}.jpg"

[format]
kind = "label-png"
labels = "labels/{{id}}.png"
offset = {offset}
background = [{offset}]
{extra}
[splits.{split}]
""",
        encoding="utf-8",
    )
    return path


def make_plain(root: Path, labels: Labels, *, dtype: type[np.generic] = np.uint16, photographs: bool = True) -> Path:
    """The files of :func:`plain_card`; values are stored as they are."""
    for image_id, label in labels.items():
        write_gray_png(root / f"labels/{image_id}.png", label.astype(dtype))
        if photographs:
            write_photograph(root / f"photos/{image_id}.jpg", label.shape)
    return root


def _write_list(path: Path, labels: Labels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{image_id}\n" for image_id in labels), encoding="utf-8")
