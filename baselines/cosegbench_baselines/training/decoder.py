"""Training of CoSeg's mask decoder alone, on the text embeddings of true and of absent labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.coseg import coseg_config
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.losses import mask_losses, weighted
from cosegbench_baselines.mask_decoder import MaskDecoder
from cosegbench_baselines.training.loop import Losses, fit
from cosegbench_baselines.training.provenance import command_line
from cosegbench_baselines.training.setting import data_identity, draw_batch, encode, facts, prepare, stem

if TYPE_CHECKING:
    from cosegbench import Dataset


def train_decoder(
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
    """Train the mask decoder that the ``miniature`` recipe starts from.

    Arguments, recipes and options are those of :func:`cosegbench_baselines.training.label_model.train_coseg`. The file
    is ``coseg-decoder`` in ``out``; ``decoder_labels`` are asked of a picture, a third of them or more absent.
    """
    del data_root  # the data set knows its own
    set_up(device, threads)
    out = out if out.suffix == ".safetensors" else out / "coseg-decoder.safetensors"
    setting = prepare(dataset, out.parent, recipe, device, options, log)
    how = setting.recipe
    torch.manual_seed(seed)
    config = coseg_config(setting.loaded.clip, mask_decoder=how.sizes.parts()["mask_decoder"]).mask_decoder
    decoder = MaskDecoder(config).to(device)
    classes = len(setting.anchors) - 1

    def losses(_: int, rng: np.random.Generator) -> Losses:
        pixels, labels = draw_batch(setting, rng)
        ids, masks = ask(labels, how.warm.decoder_labels, classes)
        logits = decoder(encode(setting, pixels, config.taps).taps, setting.anchors[ids])
        return weighted(logits.new_zeros(()), *mask_losses(logits, masks), how.loss)

    identity = f"decoder {setting.loaded.digest} {data_identity(setting)} {how}"
    spent = fit(decoder, losses, how.schedule, seed=seed, state=stem(out), log=log, identity=identity)
    command = command_line("coseg-decoder", setting.train.dataset.id, recipe, seed, threads, options)
    about = {**facts(setting, recipe, seed), "threads": threads, "spent": spent.facts(), "command": command}
    return save_checkpoint(
        out, decoder.state_dict(), {"kind": "coseg-decoder", "config": asdict(config), **about}, half=True
    )


def ask(labels: torch.Tensor, count: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """For each picture ``count`` distinct labels, at most two thirds of them present, and their masks.

    Args:
        labels: (B, S, S) class indices; anything outside 0..K-1 is no class.
        count: at most K.
        classes: K.

    Returns:
        ids (B, count) and masks (B, count, S, S) float32, empty for the absent.
    """
    flat = labels.flatten(1).long()
    flat = torch.where((flat >= 0) & (flat < classes), flat, classes)
    present = torch.zeros(len(flat), classes + 1, device=labels.device).scatter_(1, flat, 1.0)[:, :classes]
    keys = torch.rand(present.shape, device=labels.device)
    positives = math.ceil(2 * count / 3)
    # the first places are present labels in random order, then absent ones by rising key; those asked as absent come
    # from the other end of the keys
    first = (keys - present).argsort(1)[:, :positives]
    absent = (2 * present - keys).argsort(1)[:, : count - positives]
    ids = torch.cat([first, absent], 1)
    return ids, (labels.unsqueeze(1) == ids[:, :, None, None]).float()
