"""Drawing the whole data root."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.miniature import corpora, writers
from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.closeups import draw_closeup
from cosegbench.miniature.instances import InstancesDocument
from cosegbench.miniature.scenes import Wish, draw_scene
from cosegbench.miniature.textures import Generator
from cosegbench.miniature.world import CONCEPTS, WORLD_VERSION


@dataclass(frozen=True, slots=True)
class MiniatureSizes:
    """How many images of each part are drawn.

    Attributes:
        coco_train, coco_val: COCO-like scenes (seen concepts only), with pixel maps, instances and captions.
        voc_train, voc_val: VOC-like scenes (at least one VOC thing).
        context_train, context_val: Context-like scenes (all concepts, the unseen ones more often).
        caption_scenes: scenes of all concepts that only captions and phrases cover; mask training never sees them.
        closeups_train, closeups_val: close-ups of every concept.
    """

    coco_train: int = 2400
    coco_val: int = 200
    voc_train: int = 40
    voc_val: int = 120
    context_train: int = 40
    context_val: int = 150
    caption_scenes: int = 1400
    closeups_train: int = 78
    closeups_val: int = 10


DEFAULT_SIZES = MiniatureSizes()
SMALL_SIZES = MiniatureSizes(4, 3, 2, 3, 2, 4, 4, 1, 1)
"""A handful of images, for tests."""

MARKER = "miniature/world.json"
"""Written last; says what was drawn, and by its presence that the root is whole."""

_ALL_NAMES = tuple(concept.name for concept in CONCEPTS)
_SEEN_NAMES = tuple(concept.name for concept in CONCEPTS if concept.seen)
_VOC_NAMES = tuple(concept.name for concept in CONCEPTS if concept.voc)
_ALL, _SEEN, _VOC = frozenset(_ALL_NAMES), frozenset(_SEEN_NAMES), frozenset(_VOC_NAMES)

SEEN_ONLY = Wish(_SEEN)
VOC_LIKE = Wish(_SEEN, _VOC, 2.0)
EVERYTHING = Wish(_ALL, _ALL - _SEEN, 1.5)

# One number a part: an image depends on the seed, its part and its position, on nothing else.
_STREAMS = {
    name: number
    for number, name in enumerate(
        (
            "coco/train",
            "coco/val",
            "voc/train",
            "voc/val",
            "context/train",
            "context/val",
            "captions",
            "close/train",
            "close/val",
        )
    )
}


def image_rng(seed: int, part: str, index: int) -> Generator:
    """The random stream of one image."""
    return np.random.default_rng(np.random.SeedSequence([seed, _STREAMS[part], index]))


def draw_miniature(out: Path, seed: int = 0, *, sizes: MiniatureSizes = DEFAULT_SIZES) -> None:
    """Draws the miniature's data root into `out`: images, labels, lists, captions, close-ups and phrases.

    The same seed and sizes give the same bytes in every file. Existing files of the same names are overwritten.
    Layout and formats are those of the real data sets; what they lack lies under ``miniature/``:
    ``captions_train.jsonl`` and ``captions_val.jsonl`` ({"image", "captions", "kind", and for close-ups "concept"}),
    ``phrases_train.jsonl`` ({"image", "phrase", "mask" as compressed RLE}), their images, and ``world.json``.

    Args:
        out: folder of the data root, made where needed.
        seed: any integer from 0.
        sizes: how many images of each part.

    Raises:
        OSError: the folder cannot be written.
    """
    (out / MARKER).unlink(missing_ok=True)
    coco_rows = {split: _draw_coco(out, seed, split, count) for split, count in _splits(sizes, "coco")}
    for split, count in _splits(sizes, "voc"):
        _draw_voc(out, seed, split, count)
    for split, count in _splits(sizes, "context"):
        _draw_context(out, seed, split, count)
    extra = _draw_caption_scenes(out, seed, sizes.caption_scenes)
    close = {split: _draw_closeups(out, seed, split, count) for split, count in _splits(sizes, "closeups")}
    writers.write_jsonl(out / "miniature/captions_train.jsonl", [*coco_rows["train"], *extra, *close["train"]])
    writers.write_jsonl(out / "miniature/captions_val.jsonl", [*coco_rows["val"], *close["val"]])
    marker = {"world_version": WORLD_VERSION, "seed": seed, "sizes": asdict(sizes)}
    writers.write_bytes(out / MARKER, (json.dumps(marker, indent=1, sort_keys=True) + "\n").encode())


def _splits(sizes: MiniatureSizes, part: str) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("train", int(getattr(sizes, f"{part}_train"))), ("val", int(getattr(sizes, f"{part}_val")))


def _draw_coco(out: Path, seed: int, split: str, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    instances = InstancesDocument(f"{split}2017")
    for index in range(count):
        rng = image_rng(seed, f"coco/{split}", index)
        scene = draw_scene(rng, SEEN_ONLY, _turn(_SEEN_NAMES, index))
        # Sparse ids of up to six digits, as in COCO; train and val never share one.
        image_id = 7 * index + (1 if split == "train" else 3) + 138
        image = f"coco/images/{split}2017/{image_id:012d}.jpg"
        writers.write_jpeg(out / image, scene.pixels)
        writers.write_stuffthing(out / f"coco/stuffthingmaps/{split}2017/{image_id:012d}.png", scene)
        rows.append({"image": image, "captions": corpora.captions(rng, scene), "kind": "scene"})
        instances.add(image_id, scene)
    text = json.dumps(instances.document(), separators=(",", ":"))
    writers.write_bytes(out / f"coco/annotations/instances_{split}2017.json", text.encode())
    return rows


def _draw_voc(out: Path, seed: int, split: str, count: int) -> None:
    root, names = out / "VOCdevkit/VOC2012", []
    for index in range(count):
        scene = _voc_scene(image_rng(seed, f"voc/{split}", index), _turn(_VOC_NAMES, index))
        names.append(f"{2007 + index % 5}_{index * 13 + (33 if split == 'val' else 27):06d}")
        writers.write_jpeg(root / f"JPEGImages/{names[-1]}.jpg", scene.pixels)
        writers.write_voc_png(root / f"SegmentationClass/{names[-1]}.png", scene)
    writers.write_lines(root / f"ImageSets/Segmentation/{split}.txt", sorted(names))


def _voc_scene(rng: Generator, feature: str) -> Scene:
    """A scene with at least one VOC object in view, since the real set has no image without."""
    while True:
        scene = draw_scene(rng, VOC_LIKE, feature)
        if any(name in _VOC and mask.mean() > 0.02 for name, mask in scene.instances):
            return scene


def _turn(names: tuple[str, ...], index: int) -> str:
    """Each concept leads a scene in turn, so that every split shows all of its concepts about equally often."""
    return names[index % len(names)]


def _draw_context(out: Path, seed: int, split: str, count: int) -> None:
    root, names = out / "VOCdevkit/VOC2010", []
    for index in range(count):
        scene = draw_scene(image_rng(seed, f"context/{split}", index), EVERYTHING, _turn(_ALL_NAMES, index))
        names.append(f"{2008 + index % 3}_{index * 11 + (123 if split == 'val' else 2):06d}")
        writers.write_jpeg(root / f"JPEGImages/{names[-1]}.jpg", scene.pixels)
        writers.write_context_mat(out / f"pascal_context/trainval/{names[-1]}.mat", scene)
    writers.write_lines(root / f"ImageSets/Main/{split}.txt", sorted(names))


def _draw_caption_scenes(out: Path, seed: int, count: int) -> list[dict[str, Any]]:
    """Scenes with captions and phrases but no pixel maps: the stand-in of web captions and of PhraseCut."""
    rows: list[dict[str, Any]] = []
    cut: list[dict[str, Any]] = []
    for index in range(count):
        rng = image_rng(seed, "captions", index)
        scene = draw_scene(rng, EVERYTHING, _turn(_ALL_NAMES, index))
        image = f"miniature/images/{index:06d}.jpg"
        writers.write_jpeg(out / image, scene.pixels)
        rows.append({"image": image, "captions": corpora.captions(rng, scene), "kind": "scene"})
        cut += corpora.phrases(rng, scene, image)
    writers.write_jsonl(out / "miniature/phrases_train.jsonl", cut)
    return rows


def _draw_closeups(out: Path, seed: int, split: str, each: int) -> list[dict[str, Any]]:
    rows = []
    for index in range(each * len(CONCEPTS)):
        rng = image_rng(seed, f"close/{split}", index)
        concept = CONCEPTS[index % len(CONCEPTS)]
        scene = draw_closeup(rng, concept.name)
        image = f"miniature/closeups/{split}/{index:06d}.jpg"
        writers.write_jpeg(out / image, scene.pixels)
        captions = corpora.closeup_captions(rng, concept)
        rows.append({"image": image, "captions": captions, "kind": "close-up", "concept": concept.name})
    return rows
