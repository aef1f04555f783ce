"""Training of CoSeg prefix and CoSeg xatten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from cosegbench.training import TrainRequest
from cosegbench_baselines.checkpoint import Checkpoint, load_checkpoint
from cosegbench_baselines.config import Variant
from cosegbench_baselines.coseg import CoSeg, CoSegOutput, Segments, coseg_config, segment
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.losses import coseg_loss, language_cost, language_loss, mask_losses, matched, weighted
from cosegbench_baselines.targets import area_targets
from cosegbench_baselines.training.evaluate import measure
from cosegbench_baselines.training.feed import Feed
from cosegbench_baselines.training.loop import Losses, fit
from cosegbench_baselines.training.parts import Part
from cosegbench_baselines.training.pictures import Squares
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import Processes, joined
from cosegbench_baselines.training.progress import in_words
from cosegbench_baselines.training.provenance import find_file
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


def train_prefix(request: TrainRequest) -> Path:
    """Train CoSeg prefix; see :func:`train_coseg`."""
    return train_coseg("prefix", request)


def train_xatten(request: TrainRequest) -> Path:
    """Train CoSeg xatten; see :func:`train_coseg`."""
    return train_coseg("xatten", request)


def train_coseg(variant: Variant, request: TrainRequest) -> Path:
    """Train one CoSeg system on the masks of a data set's split.

    Args:
        variant: of the label model.
        request: recipes are ``paper``, ``authors`` and ``miniature``; options are ``clip`` (a source of CLIP weights)
            and every field of :class:`cosegbench_baselines.training.recipes.Recipe`; where ``out`` is a folder the file
            is ``coseg-<variant>.<recipe>`` in it.

    Returns:
        The safetensors file; its JSON lies beside it, the curve of the losses in a CSV.

    Raises:
        MissingDataError: no data set was given.
        RequestError: another training's files are at ``out``, or the processes cannot share a batch.
    """
    with joined(request) as (own, processes):
        set_up(own.device, own.threads)
        return _train(variant, own, processes)


def _train(variant: Variant, request: TrainRequest, processes: Processes) -> Path:
    places = Places.of(request.out, f"coseg-{variant}.{request.recipe}")
    setting = prepare(request, places.folder, variant)
    how = setting.recipe
    mine = processes.mine(how.schedule.parts)
    start = load_checkpoint(find_file(how.warm.decoder, places.folder), "coseg-decoder") if how.warm.decoder else None
    begins = start.digest if start else None
    what = f"{variant} {setting.loaded.digest} {data_identity(setting)} start={begins} {how}"
    identity = identity_of(what, request.seed, how.schedule)
    run = Run(request, f"coseg-{variant}", how.schedule, places, identity, processes)
    if run.is_finished():
        return places.checkpoint
    setting.train.keep(run.log)
    setting.held_out.keep()
    torch.manual_seed(request.seed)
    model = _build(variant, setting, start)

    def predict(pixels: torch.Tensor) -> Segments:
        features = encode(setting, pixels, model.config.mask_decoder.taps)
        return segment(model, features, setting.anchors, snap=how.warm.snap)

    def score() -> dict[str, float]:
        return measure(setting.held_out, predict, setting.classes, processes=processes)

    spent = fit(model, CoSegWork(model, setting, feed_for(setting, mine)), run, score)
    about = {
        "config": model.config.to_json(),
        "snap": how.warm.snap,
        "decoder": None if start is None else {"source": how.warm.decoder, "sha256": start.digest},
        **(facts(setting) if processes.first else {}),
        "spent": spent.facts(),
    }
    if len(setting.held_out):
        about["measured_on_held_out"] = measured = score()
        run.log(f"held out: {in_words(measured)}")
    return run.keep(model.state_dict(), "coseg", about)


def _build(variant: Variant, setting: Setting, start: Checkpoint | None) -> CoSeg:
    """The model before its first step."""
    how, clip = setting.recipe, setting.loaded.clip
    parts = how.sizes.parts()
    label = {"variant": variant, **parts["label_model"]}
    config = coseg_config(clip, label_model=label, mask_decoder=parts["mask_decoder"])
    model = CoSeg(config, clip.position_rows(config.label_model.queries)).to(setting.device)
    if start is not None:
        model.decoder.load_state_dict(dict(start.tensors))
    model.decoder.requires_grad_(not how.warm.freeze)
    return model


@dataclass(frozen=True, slots=True)
class CoSegWork:
    """One part of a batch: targets by area, all queries or some of them drawn, the losses of the recipe."""

    model: CoSeg
    setting: Setting
    feed: Feed

    def draw(self, part: Part) -> tuple[Squares, int]:
        """Pictures and label maps; the masks are expanded from these later, on the device."""
        squares = draw_squares(self.setting, self.feed, part)
        queries = self.model.config.label_model.queries
        most = min(queries, self.setting.recipe.warm.mask_queries or queries)
        return squares, masks_drawn(squares.labels, most, self.setting.classes)

    def losses(self, drawn: Squares, share: float) -> Losses:
        """Loss parts; the mean over masks that are not empty is scaled by ``share``."""
        how, anchors, model = self.setting.recipe, self.setting.anchors, self.model
        with autocast(self.setting):
            features = encode(self.setting, drawn.pixels, model.config.mask_decoder.taps)
            assert features.patches is not None  # only passes cut short have none
            tokens = model.labels(features.patches)
        targets = area_targets(drawn.labels, model.config.label_model.queries, self.setting.classes)
        if how.warm.mask_queries == 0:
            with autocast(self.setting):
                masks = model.decoder(features.taps, tokens)
            output = CoSegOutput(tokens.float(), masks.float())
            return coseg_loss(output, targets, anchors, how.loss, dice_share=share)
        said = tokens.float()
        if how.loss.pairing == "matching":
            targets = matched(targets, language_cost(said, targets, anchors, how.loss.tau))
        language = language_loss(said, targets.ids, anchors, how.loss)
        # queries that should draw something come first, in random order
        places = (torch.rand(targets.ids.shape) - targets.present.cpu().float()).argsort(1)[:, : how.warm.mask_queries]
        rows = torch.arange(len(places)).unsqueeze(1)
        with autocast(self.setting):
            logits = model.decoder(features.taps, tokens[rows, places]).float()
        mask, dice = mask_losses(logits, targets.masks[rows, places], how.loss)
        return weighted(language, mask, dice * share, how.loss)


def masks_drawn(labels: torch.Tensor, most: int, classes: int) -> int:
    """How many masks of label maps are drawn and not empty: the classes of each image, at most ``most``.

    Args:
        labels: (B, S, S); anything outside 0..K-1 is no class.
        most: queries that draw; those with something to draw come first.
        classes: K.
    """
    flat = labels.flatten(1).long()
    flat = torch.where((flat >= 0) & (flat < classes), flat, classes)
    there = torch.zeros(len(flat), classes + 1, dtype=torch.bool, device=labels.device).scatter_(1, flat, True)
    return int(there[:, :classes].sum(1).clamp(max=most).sum())
