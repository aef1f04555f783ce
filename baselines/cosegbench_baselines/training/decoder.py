"""Training of CoSeg's mask decoder alone, on the text embeddings of true and of absent labels."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from cosegbench.training import TrainRequest
from cosegbench_baselines.coseg import coseg_config
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.losses import mask_losses, weighted
from cosegbench_baselines.mask_decoder import MaskDecoder
from cosegbench_baselines.training.feed import Feed
from cosegbench_baselines.training.loop import Losses, fit
from cosegbench_baselines.training.parts import Part
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import Processes, joined
from cosegbench_baselines.training.run import Run, identity_of
from cosegbench_baselines.training.setting import (
    Setting,
    autocast,
    data_identity,
    draw_squares,
    encode,
    facts,
    feed_for,
    prepare,
)


def train_decoder(request: TrainRequest) -> Path:
    """Train the mask decoder that the ``miniature`` recipe starts from.

    Recipes and options are those of :func:`cosegbench_baselines.training.label_model.train_coseg`. The file is
    ``coseg-decoder`` in ``out``; ``decoder_labels`` are asked of a picture, a third of them or more absent.
    """
    with joined(request) as (own, processes):
        set_up(own.device, own.threads)
        return _train(own, processes)


def _train(request: TrainRequest, processes: Processes) -> Path:
    places = Places.of(request.out, "coseg-decoder")
    setting = prepare(request, places.folder)
    how = setting.recipe
    mine = processes.mine(how.schedule.parts)
    what = f"decoder {setting.loaded.digest} {data_identity(setting)} {how}"
    identity = identity_of(what, request.seed, how.schedule)
    run = Run(request, "coseg-decoder", how.schedule, places, identity, processes)
    if run.is_finished():
        return places.checkpoint
    setting.train.keep(run.log)
    torch.manual_seed(request.seed)
    config = coseg_config(setting.loaded.clip, mask_decoder=how.sizes.parts()["mask_decoder"]).mask_decoder
    decoder = MaskDecoder(config).to(request.device)
    spent = fit(decoder, _DecoderWork(decoder, setting, feed_for(setting, mine)), run)
    about = {"config": asdict(config), **(facts(setting) if processes.first else {}), "spent": spent.facts()}
    return run.keep(decoder.state_dict(), "coseg-decoder", about)


class _Asked(NamedTuple):
    """Pixels (B, 3, S, S), label maps (B, S, S), and the labels asked of each picture (B, count)."""

    pixels: torch.Tensor
    labels: torch.Tensor
    ids: torch.Tensor


@dataclass(frozen=True, slots=True)
class _DecoderWork:
    decoder: MaskDecoder
    setting: Setting
    feed: Feed

    def draw(self, part: Part) -> tuple[_Asked, int]:
        squares = draw_squares(self.setting, self.feed, part)
        ids, masks = ask(squares.labels, self.setting.recipe.warm.decoder_labels, self.setting.classes)
        return _Asked(squares.pixels, squares.labels, ids), int(masks.flatten(2).any(-1).sum())

    def losses(self, drawn: _Asked, share: float) -> Losses:
        setting, anchors = self.setting, self.setting.anchors
        with autocast(setting):
            taps = encode(setting, drawn.pixels, self.decoder.config.taps).taps
            logits = self.decoder(taps, anchors[drawn.ids]).float()
        mask, dice = mask_losses(logits, masks_of(drawn.labels, drawn.ids), setting.recipe.loss)
        return weighted(logits.new_zeros(()), mask, dice * share, setting.recipe.loss)


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
    return ids, masks_of(labels, ids)


def masks_of(labels: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """(B, count, S, S) float32: where the label maps (B, S, S) hold the ids (B, count)."""
    return (labels.unsqueeze(1) == ids[:, :, None, None]).float()
