"""A data root of the real layout at the real size, and B/16 checkpoints with random weights, to run the real command on.

``python tests/benchmarks/full_size_root.py OUT --images 200`` draws ``OUT/data`` and writes ``OUT/weights``. Then, as on
real data: ``cosegbench run --suite cross-dataset --data-root OUT/data --limit 200 --predictor ...``. The cards are the
real ones and pin the real lists, so a root that is not the whole data set is only run with ``--limit``; one image more
than asked for is drawn, because a limit that leaves nothing out is checked as the whole split.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "baselines")]

from baselines.exact.folders import B16, write_clip, write_clipseg
from cosegbench.miniature import writers
from cosegbench.miniature.canvas import Scene
from cosegbench.miniature.draw import EVERYTHING, SEEN_ONLY, VOC_LIKE, image_rng
from cosegbench.miniature.scenes import Wish, draw_scene
from cosegbench.miniature.textures import Generator
from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.config import Variant
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.sources import LoadedClip, load_clip

WIDTH, HEIGHT = 500, 375
LOUD_QUERIES, LOUD_MASKS = 50.0, 4.0
"""So that queries of random weights name different classes, and their masks fall on both sides of the threshold."""


def enlarge(scene: Scene, rng: Generator) -> Scene:
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


def scene_of(part: str, index: int, wish: Wish) -> Scene:
    """The scene of one image: another seed than the miniature's, every concept the leading one in turn."""
    rng, names = image_rng(1, part, index), sorted(wish.boost or wish.allowed)
    return enlarge(draw_scene(rng, wish, names[index % len(names)]), rng)


def draw_root(root: Path, images: int) -> None:
    """COCO, VOC 2012 and Context in the layout of their archives; Context serves two columns, as it does in reality."""
    voc, context, ids = root / "VOCdevkit/VOC2012", root / "VOCdevkit/VOC2010", dict[str, list[str]]()
    for index in range(images):
        scene, name = scene_of("coco/val", index, SEEN_ONLY), f"{139 + 113 * index:012d}"
        writers.write_jpeg(root / f"coco/images/val2017/{name}.jpg", scene.pixels)
        writers.write_stuffthing(root / f"coco/stuffthingmaps/val2017/{name}.png", scene)
        scene, name = scene_of("voc/val", index, VOC_LIKE), f"{2007 + index % 5}_{33 + 17 * index:06d}"
        writers.write_jpeg(voc / f"JPEGImages/{name}.jpg", scene.pixels)
        writers.write_voc_png(voc / f"SegmentationClass/{name}.png", scene)
        ids.setdefault("voc", []).append(name)
        scene, name = scene_of("context/val", index, EVERYTHING), f"{2008 + index % 3}_{2 + 19 * index:06d}"
        writers.write_jpeg(context / f"JPEGImages/{name}.jpg", scene.pixels)
        writers.write_context_mat(root / f"pascal_context/trainval/{name}.mat", scene)
        ids.setdefault("context", []).append(name)
    writers.write_lines(voc / "ImageSets/Segmentation/val.txt", sorted(ids["voc"]))
    writers.write_lines(context / "ImageSets/Main/val.txt", sorted(ids["context"]))


def write_weights(folder: Path, sizes: Mapping[str, Any], tokenizer: Path | None) -> None:
    """``clip`` and ``clipseg`` in the published layout, and checkpoints of both trained systems that refer to it."""
    write_clip(folder / "clip", dict(sizes), published=tokenizer)
    write_clipseg(folder / "clipseg", dict(sizes), published=tokenizer)
    loaded = load_clip(str(folder / "clip"))
    for variant in ("prefix", "xatten"):
        write_coseg(folder / f"coseg-{variant}.safetensors", variant, loaded)


def write_coseg(path: Path, variant: Variant, loaded: LoadedClip, **label_model: Any) -> None:
    """An untrained CoSeg of the paper's configuration, in the files that a training leaves."""
    torch.manual_seed(0)
    config = coseg_config(loaded.clip, label_model={"variant": variant, **label_model})
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


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("out", type=Path, help="folder of data and weights")
    words.add_argument("--images", type=int, default=200, help="images that --limit can ask for [200]")
    words.add_argument("--tokenizer", type=Path, help="folder of CLIP's vocab.json and merges.txt [letters]")
    given = words.parse_args()
    draw_root(given.out / "data", given.images + 1)
    write_weights(given.out / "weights", B16, given.tokenizer)


if __name__ == "__main__":
    main()
