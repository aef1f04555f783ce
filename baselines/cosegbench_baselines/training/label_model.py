"""Training of CoSeg prefix and CoSeg xatten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from cosegbench_baselines.checkpoint import load_checkpoint, save_checkpoint
from cosegbench_baselines.config import Variant
from cosegbench_baselines.coseg import CoSeg, CoSegOutput, Segments, coseg_config, segment
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.losses import coseg_loss, language_cost, language_loss, mask_losses, matched, weighted
from cosegbench_baselines.targets import area_targets
from cosegbench_baselines.training.evaluate import measure
from cosegbench_baselines.training.loop import Losses, fit
from cosegbench_baselines.training.provenance import command_line, find_file
from cosegbench_baselines.training.setting import Setting, data_identity, draw_batch, encode, facts, prepare, stem

if TYPE_CHECKING:
    from cosegbench import Dataset


def train_prefix(
    *,
    dataset: Dataset | None,
    data_root: Path,
    out: Path,
    recipe: str,
    seed: int,
    device: str,
    threads: int,
    options: Mapping[str, str],
    log: Callable[[str], None],
) -> Path:
    """Train CoSeg prefix; see :func:`train_coseg`."""
    del data_root  # the data set knows its own
    return train_coseg("prefix", dataset, out, recipe, seed, device, threads, options, log)


def train_xatten(
    *,
    dataset: Dataset | None,
    data_root: Path,
    out: Path,
    recipe: str,
    seed: int,
    device: str,
    threads: int,
    options: Mapping[str, str],
    log: Callable[[str], None],
) -> Path:
    """Train CoSeg xatten; see :func:`train_coseg`."""
    del data_root  # the data set knows its own
    return train_coseg("xatten", dataset, out, recipe, seed, device, threads, options, log)


def train_coseg(
    variant: Variant,
    dataset: Dataset | None,
    out: Path,
    recipe: str,
    seed: int,
    device: str,
    threads: int,
    options: Mapping[str, str],
    log: Callable[[str], None],
) -> Path:
    """Train one CoSeg system on the masks of a data set's split.

    Args:
        variant: of the label model.
        dataset: images and label maps.
        out: a folder (the file is then ``coseg-<variant>.<recipe>``) or the path of the checkpoint.
        recipe: ``paper`` or ``miniature``.
        seed: of weights, batches, augmentation and dropout.
        device: torch device.
        threads: CPU threads.
        options: ``clip`` (a source of CLIP weights) and every field of :class:`Recipe`.
        log: receives progress.

    Returns:
        The safetensors file; its JSON lies beside it, the curve of the losses in a CSV.

    Raises:
        MissingDataError: no data set was given.
    """
    set_up(device, threads)
    out = out if out.suffix == ".safetensors" else out / f"coseg-{variant}.{recipe}.safetensors"
    setting = prepare(dataset, out.parent, recipe, device, options, log)
    how = setting.recipe
    torch.manual_seed(seed)
    parts = how.sizes.parts()
    clip = setting.loaded.clip
    config = coseg_config(
        clip, label_model={"variant": variant, **parts["label_model"]}, mask_decoder=parts["mask_decoder"]
    )
    model = CoSeg(config, clip.position_rows(config.label_model.queries)).to(device)
    if how.warm.decoder:
        model.decoder.load_state_dict(
            dict(load_checkpoint(find_file(how.warm.decoder, out.parent), "coseg-decoder").tensors)
        )
    model.decoder.requires_grad_(not how.warm.freeze)
    identity = f"{variant} {setting.loaded.digest} {data_identity(setting)} {how}"
    spent = fit(model, _losses(model, setting), how.schedule, seed=seed, state=stem(out), log=log, identity=identity)

    def predict(pixels: torch.Tensor) -> Segments:
        return segment(model, encode(setting, pixels, config.mask_decoder.taps), setting.anchors, snap=how.warm.snap)

    info = {"kind": "coseg", "config": config.to_json(), "snap": how.warm.snap, **facts(setting, recipe, seed)}
    if len(setting.held_out):
        info["measured_on_held_out"] = measure(setting.held_out, predict, len(setting.anchors) - 1)
        log(f"held out: {info['measured_on_held_out']}")
    info["command"] = command_line(f"coseg-{variant}", setting.train.dataset.id, recipe, seed, threads, options)
    return save_checkpoint(out, model.state_dict(), {**info, "threads": threads, "spent": spent.facts()}, half=True)


def _losses(model: CoSeg, setting: Setting) -> Callable[[int, np.random.Generator], Losses]:
    how, anchors = setting.recipe, setting.anchors
    taps, queries = model.config.mask_decoder.taps, model.config.label_model.queries

    def losses(_: int, rng: np.random.Generator) -> Losses:
        pixels, labels = draw_batch(setting, rng)
        features = encode(setting, pixels, taps)
        targets = area_targets(labels, queries, len(anchors) - 1)
        tokens = model.labels(features.patches)
        if how.warm.mask_queries == 0:
            return coseg_loss(CoSegOutput(tokens, model.decoder(features.taps, tokens)), targets, anchors, how.loss)
        if how.loss.pairing == "matching":
            targets = matched(targets, language_cost(tokens, targets, anchors, how.loss.tau))
        language = language_loss(tokens, targets.ids, anchors, how.loss)
        # queries that should draw something come first, in random order
        places = (torch.rand(targets.ids.shape) - targets.present.cpu().float()).argsort(1)[:, : how.warm.mask_queries]
        rows = torch.arange(len(places)).unsqueeze(1)
        logits = model.decoder(features.taps, tokens[rows, places])
        return weighted(language, *mask_losses(logits, targets.masks[rows, places]), how.loss)

    return losses
