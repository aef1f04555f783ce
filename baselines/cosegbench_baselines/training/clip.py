"""The miniature's CLIP, trained from scratch on the miniature's captions.

Contrastive in both directions as Radford et al. 2021, with one change for a world with few sentences: equal captions in
a batch are encoded once and are positives of every picture that they describe (the supervised contrastive form of
Khosla et al. 2020: the mean over positives of the log softmax).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cosegbench.errors import UnknownNameError
from cosegbench.text import UNLABELED, TextRule
from cosegbench.training import TrainRequest
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.pixels import CLIP_PIXELS, normalise
from cosegbench_baselines.small_clip import ClipShape, build_clip
from cosegbench_baselines.tokens import build_word_tokenizer, load_word_tokenizer, token_ids
from cosegbench_baselines.training.captions import Captioned, centred, held_apart, open_captions, shifted, unique_texts
from cosegbench_baselines.training.clip_measure import zero_shot
from cosegbench_baselines.training.loop import Losses, WholeBatch, fit
from cosegbench_baselines.training.overrides import override
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.processes import joined
from cosegbench_baselines.training.progress import in_words
from cosegbench_baselines.training.ranges import check_ranges
from cosegbench_baselines.training.run import Run, identity_of, whole_batches_only
from cosegbench_baselines.training.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ClipSchedule(Schedule):
    """As :class:`Schedule`, with patch dropping (Li et al. 2023, "FLIP").

    Args:
        keep: share of the patches that the tower sees in the first steps, drawn anew for each picture.
        full_from: share of the steps after which it sees all of them.
        entailed: see :func:`cosegbench_baselines.training.captions.unique_texts`.
        start: folder, beside the checkpoint, of a CLIP to go on from; empty starts from random weights.
        holdout: share of the captioned training pictures that is measured on and never trained on.
    """

    steps: int = 800
    batch: int = 128
    lr: float = 1e-3
    min_lr: float = 1e-5
    warmup: int = 100
    weight_decay: float = 0.05
    beta2: float = 0.98
    clip_norm: float = 1.0
    keep: float = 0.5
    full_from: float = 0.8
    entailed: bool = False
    start: str = ""
    holdout: float = 0.05


CLIP_RECIPES: Mapping[str, ClipSchedule] = {
    "base": ClipSchedule(),
    "miniature": ClipSchedule(steps=300, lr=5e-4, warmup=20, full_from=0.6, entailed=True, start="base"),
}
"""``base`` is plain CLIP; ``miniature`` goes on from it until scenes, too, are found by the names of what they show."""

MARGIN = 8
"""Pixels by which the pictures are larger than the crops that are trained on."""
MAX_SCALE = math.log(100.0)
"""CLIP never lets its logit scale exceed 100."""


def contrastive_loss(logits: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Mean over pictures and over texts of -mean over positives of the log softmax.

    Args:
        logits: (B, M) scaled cosines.
        positive: (B, M) bool.
    """
    weight = positive.float()
    by_image = (logits.log_softmax(1) * weight).sum(1) / weight.sum(1)
    by_text = (logits.log_softmax(0) * weight).sum(0) / weight.sum(0)
    return -(by_image.mean() + by_text.mean()) / 2


def image_embedding(model: Any, pixels: torch.Tensor, keep: float = 1.0) -> torch.Tensor:
    """Image embeddings (B, width) from a random share ``keep`` of the patches of each picture."""
    tower = model.vision_model
    hidden = tower.embeddings(pixels)
    if keep < 1:
        patches = hidden.shape[1] - 1
        kept = torch.rand(len(hidden), patches, device=hidden.device).argsort(1)[:, : max(1, round(keep * patches))] + 1
        rows = torch.cat([torch.zeros_like(kept[:, :1]), kept], 1).unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        hidden = hidden.gather(1, rows)
    hidden = tower.encoder(inputs_embeds=tower.pre_layrnorm(hidden)).last_hidden_state
    embedding: torch.Tensor = model.visual_projection(tower.post_layernorm(hidden[:, 0]))
    return embedding


def train_clip(request: TrainRequest) -> Path:
    """Train the miniature's CLIP; writes ``clip.safetensors``, ``clip.json`` and ``tokenizer.json``.

    The data set is not used: ``miniature/captions_{train,val}.jsonl`` lie beside the data sets. ``out`` is a folder, or
    a path whose folder is taken. The recipe is ``base`` or ``miniature``, options are fields of :class:`ClipSchedule`.

    Raises:
        UnknownNameError: no such recipe.
        MissingDataError: there are no captions.
        RequestError: several processes or parts: every picture of a batch is compared with every text of it.
    """
    with joined(request) as (own, processes):
        set_up(own.device, own.threads)
        if own.recipe not in CLIP_RECIPES:
            raise UnknownNameError("recipe of clip", own.recipe, CLIP_RECIPES)
        schedule = override(CLIP_RECIPES[own.recipe], own.options)
        check_ranges(schedule)
        whole_batches_only("clip", schedule, processes)
        return _train(own, schedule)


def _train(request: TrainRequest, schedule: ClipSchedule) -> Path:
    folder = request.out.parent if request.out.suffix == ".safetensors" else request.out
    captions = open_captions(request.data_root, "train")
    start = load_checkpoint(folder / schedule.start / "clip", "clip") if schedule.start else None
    what = f"clip {captions.digest} {start.digest if start else None}"
    identity = identity_of(what, request.seed, schedule)
    run = Run(request, "clip", schedule, Places(folder / "clip"), identity)
    if run.is_finished():
        return run.places.checkpoint
    shape = ClipShape()
    every = captions.load(shape.image_size + MARGIN, run.log)
    train, kept = held_apart(every, schedule.holdout)
    run.log(f"{len(train.captions)} captioned pictures to learn from, {len(kept.captions)} held out.")
    tokenizer = _write_tokenizer(every, folder / "tokenizer.json")
    torch.manual_seed(request.seed)
    model = build_clip(shape, len(tokenizer)).to(request.device)
    if start is not None:
        model.load_state_dict(dict(start.tensors))
    spent = fit(model, WholeBatch(_losses(model, tokenizer, train, shape, schedule, request.device)), run)
    measured = _measure(FrozenClip(model, tokenizer), kept, request.data_root, shape, every)
    run.log(f"held out: {in_words(measured['measured_on_held_out'])}")
    facts = {
        "shape": asdict(shape),
        "schedule": asdict(schedule),
        "captions_sha256": train.digest,
        "data": {"trained_on": len(train.captions), "held_out": len(kept.captions)},
        **measured,
        "spent": spent.facts(),
        "start": None
        if start is None
        else {key: start.info[key] for key in ("sha256", "measured_on_held_out", "spent", "command")},
    }
    return run.keep(model.state_dict(), "clip", facts)


def _write_tokenizer(data: Captioned, path: Path) -> Any:
    """The tokenizer of every word of the captions, written and read back."""
    sentences = sorted({text for texts in data.captions for text in texts})
    path.parent.mkdir(parents=True, exist_ok=True)
    build_word_tokenizer([*sentences, TextRule().sentence(UNLABELED)]).save(str(path))
    return load_word_tokenizer(path)


def _measure(
    clip: FrozenClip, kept: Captioned, data_root: Path, shape: ClipShape, every: Captioned
) -> dict[str, dict[str, float]]:
    """What it recognises in pictures that it did not learn from."""
    val = open_captions(data_root, "val").load(shape.image_size)
    names = sorted(set(every.concepts) - {""})
    on_val = {name: value for name, value in zero_shot(clip, val, names).items() if name == "closeup_accuracy"}
    return {"measured_on_held_out": zero_shot(clip, centred(kept, shape.image_size), names), "measured_on_val": on_val}


def _losses(
    model: Any, tokenizer: Any, data: Captioned, shape: ClipShape, schedule: ClipSchedule, device: str
) -> Callable[[int, np.random.Generator], Losses]:
    ids_of = _token_cache(tokenizer, data, shape.tokens)

    def losses(step: int, rng: np.random.Generator) -> Losses:
        picks = rng.choice(len(data.captions), min(schedule.batch, len(data.captions)), replace=False)
        known = [data.captions[pick] for pick in picks]
        texts, positive = unique_texts(
            [texts[rng.integers(len(texts))] for texts in known], known, entailed=schedule.entailed
        )
        pixels = normalise(shifted(data.pixels[picks], shape.image_size, rng).to(device), CLIP_PIXELS)
        ids = nn.utils.rnn.pad_sequence([ids_of[text] for text in texts], batch_first=True).to(device)
        keep = schedule.keep if step < schedule.full_from * schedule.steps else 1.0
        image = nn.functional.normalize(image_embedding(model, pixels, keep), dim=-1)
        text = nn.functional.normalize(model.text_projection(model.text_model(input_ids=ids).pooler_output), dim=-1)
        scale = model.logit_scale.clamp(max=MAX_SCALE).exp()
        return {"total": contrastive_loss(scale * image @ text.T, positive.to(device)), "scale": scale.detach()}

    return losses


def _token_cache(tokenizer: Any, data: Captioned, limit: int) -> dict[str, torch.Tensor]:
    """Ids of every caption, unpadded (the padding id is 0)."""
    sentences = sorted({text for texts in data.captions for text in texts})
    return {text: token_ids(tokenizer, [text], limit)[0] for text in sentences}
