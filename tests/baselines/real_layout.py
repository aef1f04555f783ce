"""A data root in the layout of the real data sets, drawn, and CoSeg checkpoints of random weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from baselines.exact.folders import write_clip, write_clipseg
from cosegbench.miniature import writers
from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.draw import EVERYTHING, SEEN_ONLY, VOC_LIKE, image_rng
from cosegbench.miniature.scenes import Wish, draw_scene
from cosegbench.miniature.textures import Generator
from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.sources import LoadedClip, load_clip

WIDTH, HEIGHT = 500, 375
LOUD_QUERIES, LOUD_MASKS = 50.0, 4.0
"""So that queries of random weights name different classes, and their masks fall on both sides of the threshold."""


def _enlarge(scene: Scene, rng: Generator) -> Scene:
    """A small scene at 500x375, with the grain that gives a JPEG the bytes of a photograph."""
    picture = Image.fromarray(scene.pixels).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 10, (HEIGHT, WIDTH, 1))
    rows = np.arange(HEIGHT) * scene.concepts.shape[0] // HEIGHT
    columns = np.arange(WIDTH) * scene.concepts.shape[1] // WIDTH
    nearest = np.ix_(rows, columns)
    return replace(
        scene,
        pixels=np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8),
        concepts=scene.concepts[nearest],
        instances=tuple((name, mask[nearest]) for name, mask in scene.instances),
    )


def _scene(part: str, index: int, wish: Wish) -> Scene:
    """The scene of one image: another seed than the miniature's, every concept the leading one in turn."""
    rng, names = image_rng(1, part, index), sorted(wish.boost or wish.allowed)
    return _enlarge(draw_scene(rng, wish, names[index % len(names)]), rng)


def draw_root(root: Path, images: int) -> None:
    """COCO, VOC 2012 and Context in the layout of their archives; Context serves two columns, as it does in reality."""
    voc, context, ids = root / "VOCdevkit/VOC2012", root / "VOCdevkit/VOC2010", dict[str, list[str]]()
    for index in range(images):
        scene, name = _scene("coco/val", index, SEEN_ONLY), f"{139 + 113 * index:012d}"
        writers.write_jpeg(root / f"coco/images/val2017/{name}.jpg", scene.pixels)
        writers.write_stuffthing(root / f"coco/stuffthingmaps/val2017/{name}.png", scene)
        scene, name = _scene("voc/val", index, VOC_LIKE), f"{2007 + index % 5}_{33 + 17 * index:06d}"
        writers.write_jpeg(voc / f"JPEGImages/{name}.jpg", scene.pixels)
        writers.write_voc_png(voc / f"SegmentationClass/{name}.png", scene)
        ids.setdefault("voc", []).append(name)
        scene, name = _scene("context/val", index, EVERYTHING), f"{2008 + index % 3}_{2 + 19 * index:06d}"
        writers.write_jpeg(context / f"JPEGImages/{name}.jpg", scene.pixels)
        writers.write_context_mat(root / f"pascal_context/trainval/{name}.mat", scene)
        ids.setdefault("context", []).append(name)
    writers.write_lines(voc / "ImageSets/Segmentation/val.txt", sorted(ids["voc"]))
    writers.write_lines(context / "ImageSets/Main/val.txt", sorted(ids["context"]))


def write_weights(
    folder: Path,
    sizes: dict[str, Any],
    tokenizer: Path | None = None,
    label_model: Mapping[str, Any] | None = None,
    mask_decoder: Mapping[str, Any] | None = None,
) -> None:
    """``clip`` and ``clipseg`` in the published layout, and checkpoints of both trained systems that refer to it.

    Args:
        folder: of all four.
        sizes: of the towers.
        tokenizer: folder of CLIP's own; None for letters.
        label_model: fields of both systems that are not the paper's.
        mask_decoder: likewise.
    """
    write_clip(folder / "clip", sizes, published=tokenizer)
    write_clipseg(folder / "clipseg", sizes, published=tokenizer)
    loaded = load_clip(str(folder / "clip"))
    for variant in ("prefix", "xatten"):
        changes = {"label_model": {"variant": variant, **(label_model or {})}, "mask_decoder": mask_decoder or {}}
        _write_coseg(folder / f"coseg-{variant}.safetensors", loaded, changes)


def _write_coseg(path: Path, loaded: LoadedClip, changes: Mapping[str, Any]) -> None:
    """An untrained CoSeg in the files that a training leaves."""
    torch.manual_seed(0)
    config = coseg_config(loaded.clip, **changes)
    model = CoSeg(config, loaded.clip.position_rows(config.label_model.queries))
    with torch.no_grad():
        model.labels.queries.mul_(LOUD_QUERIES)
        for layer in (model.decoder.head[2], model.decoder.head[4]):
            layer.weight.mul_(LOUD_MASKS)
    info = {
        "kind": "coseg",
        "config": config.to_json(),
        "recipe": "random",
        "settings": {"loss": {"tau": 0.08}},
        "seed": 0,
        "snap": False,
        "data": {"dataset": "none"},
        "clip": {"source": "clip", "sha256": loaded.digest},
    }
    save_checkpoint(path, model.state_dict(), info)
