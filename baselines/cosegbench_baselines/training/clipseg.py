"""The miniature's CLIPSeg: ``transformers``' decoder on the frozen small CLIP, trained on phrases and their masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cosegbench.text import TextRule
from cosegbench.training import TrainRequest
from cosegbench_baselines.backbone import vision_pass
from cosegbench_baselines.clipseg import ClipSegShape, build_clipseg, decode_labels
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.losses import dice_loss
from cosegbench_baselines.pixels import CLIP_PIXELS, normalise
from cosegbench_baselines.sources import LoadedClip, load_clip
from cosegbench_baselines.training.loop import Losses, WholeBatch, fit
from cosegbench_baselines.training.overrides import override
from cosegbench_baselines.training.phrases import PhraseMasks, choose_phrases, near_phrases, open_phrases
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import joined
from cosegbench_baselines.training.provenance import clip_beside
from cosegbench_baselines.training.ranges import check_ranges
from cosegbench_baselines.training.run import Run, identity_of, whole_batches_only
from cosegbench_baselines.training.schedule import Schedule
from cosegbench_baselines.training.windows import random_window


@dataclass(frozen=True, slots=True)
class ClipSegRecipe(Schedule):
    """As :class:`Schedule`, and what CLIPSeg is asked.

    Args:
        clip: where the CLIP is; empty for the one beside the checkpoint, else the shipped one.
        labels: phrases asked of a picture in a step.
        positives: at most this many of them are true of it; the others have empty masks, as in CLIPSeg's own training.
        dice: factor of the dice loss of the true phrases; the published CLIPSeg has none, and without it small things
            are not drawn in so few steps.
        smallest: smallest random crop, as a share of the side.
        synonym: cosine of text embeddings from which two phrases count as one thing.
    """

    steps: int = 700
    batch: int = 16
    lr: float = 1e-3
    min_lr: float = 1e-5
    warmup: int = 50
    weight_decay: float = 1e-4
    clip: str = ""
    labels: int = 6
    positives: int = 4
    dice: float = 0.5
    smallest: float = 0.7
    synonym: float = 0.85


def train_clipseg(request: TrainRequest) -> Path:
    """Train the miniature's CLIPSeg decoder; writes ``clipseg.safetensors`` and ``clipseg.json``.

    The data set is not used: ``miniature/phrases_train.jsonl`` lies beside the data sets. The recipe is only recorded;
    options are the fields of :class:`ClipSegRecipe`.

    Raises:
        MissingDataError: there are no phrases.
        RequestError: several processes or parts: all pictures of a batch are asked equally many phrases.
    """
    with joined(request) as (own, processes):
        set_up(own.device, own.threads)
        how = override(ClipSegRecipe(), own.options)
        check_ranges(how)
        whole_batches_only("clipseg", how, processes)
        return _train(own, how)


def _train(request: TrainRequest, how: ClipSegRecipe) -> Path:
    places = Places.of(request.out, "clipseg")
    loaded = load_clip(how.clip or clip_beside(places.folder), near=places.folder)
    phrases = open_phrases(request.data_root)
    identity = identity_of(f"clipseg {loaded.digest} {phrases.digest}", request.seed, how)
    run = Run(request, "clipseg", how, places, identity)
    if run.is_finished():
        return places.checkpoint
    shape = ClipSegShape()
    data = phrases.load(shape.image_size, run.log)
    run.log(f"{len(data.phrases)} pictures with {sum(map(len, data.phrases))} phrases.")
    torch.manual_seed(request.seed)
    model = build_clipseg(loaded.clip.model, shape).to(request.device)
    decoder = model.decoder.apply(restart)
    model.clip.requires_grad_(False).eval()
    spent = fit(decoder, WholeBatch(_losses(model, loaded, data, how, request.device)), run)
    facts = {
        "shape": asdict(shape),
        "schedule": asdict(how),
        "clip": {"source": loaded.source, "sha256": loaded.digest},
        "phrases_sha256": data.digest,
        "spent": spent.facts(),
    }
    return run.keep(decoder.state_dict(), "clipseg", facts)


def restart(module: nn.Module) -> None:
    """Torch's own initialisation; ``transformers`` starts this decoder at a standard deviation of 1."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        module.reset_parameters()


def _losses(
    model: Any, loaded: LoadedClip, data: PhraseMasks, how: ClipSegRecipe, device: str
) -> Callable[[int, np.random.Generator], Losses]:
    every = sorted({phrase for phrases in data.phrases for phrase in phrases})
    embeddings = loaded.clip.encode_text(TextRule().sentences(every)).to(device)
    place = {phrase: index for index, phrase in enumerate(every)}
    near = near_phrases(every, embeddings, how.synonym)
    taps = tuple(layer + 1 for layer in model.extract_layers)

    def losses(_: int, rng: np.random.Generator) -> Losses:
        picks = rng.choice(len(data.phrases), min(how.batch, len(data.phrases)), replace=False).tolist()
        asked, masks = [], []
        for pick in picks:
            own = data.phrases[pick]
            true, absent = choose_phrases(own, near, every, how.labels, how.positives, rng)
            asked.append([place[phrase] for phrase in [*(own[t] for t in true), *absent]])
            masks.append(functional.pad(data.masks[pick][true], (0, 0, 0, 0, 0, len(absent))))
        count = min(map(len, asked))  # a corpus of a handful of phrases may not have enough that are absent
        asked, masks = [phrases[:count] for phrases in asked], [each[:count] for each in masks]
        window = random_window(data.pixels.shape[-1], how.smallest, rng)
        mirror = torch.from_numpy(rng.random(len(picks)) < 0.5)
        pixels = normalise(window.pixels(data.pixels[picks], mirror).to(device), CLIP_PIXELS)
        target = window.masks(torch.stack(masks), mirror).to(device)
        with torch.no_grad():
            hidden = vision_pass(model.clip.vision_model, None, pixels, taps).taps
        logits = decode_labels(model.decoder, hidden, embeddings[torch.tensor(asked, device=device)])
        target = functional.interpolate(target, logits.shape[-2:], mode="area")
        present = target.flatten(2).any(-1)
        cross = functional.binary_cross_entropy_with_logits(logits, target)
        dice = dice_loss(logits, target)[present].sum() / present.sum().clamp(min=1)
        return {"total": cross + how.dice * dice, "mask": cross.detach(), "dice": dice.detach()}

    return losses
