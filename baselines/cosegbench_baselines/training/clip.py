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
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from cosegbench.errors import UnknownNameError
from cosegbench.text import UNLABELED, TextRule
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.checkpoint import load_checkpoint, save_checkpoint
from cosegbench_baselines.devices import set_up
from cosegbench_baselines.pixels import CLIP_PIXELS, normalise
from cosegbench_baselines.small_clip import ClipShape, build_clip
from cosegbench_baselines.tokens import build_word_tokenizer, load_word_tokenizer, token_ids
from cosegbench_baselines.training.captions import Captioned, centred, held_apart, load_captions, shifted, unique_texts
from cosegbench_baselines.training.clip_measure import zero_shot
from cosegbench_baselines.training.loop import Losses, Schedule, fit
from cosegbench_baselines.training.provenance import command_line
from cosegbench_baselines.training.recipes import override

if TYPE_CHECKING:
    from cosegbench import Dataset


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


def train_clip(
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
    """Train the miniature's CLIP; writes ``clip.safetensors``, ``clip.json`` and ``tokenizer.json`` into ``out``.

    Args:
        dataset: not used; the captions lie beside the data sets.
        data_root: holds ``miniature/captions_{train,val}.jsonl``.
        out: a folder, or a path whose folder is taken.
        recipe: ``base`` or ``miniature``.
        seed: of weights, batches and augmentation.
        device: torch device.
        threads: CPU threads.
        options: ``steps``, ``batch``, ``lr`` and the other fields of the schedule.
        log: receives progress.
    """
    del dataset
    set_up(device, threads)
    if recipe not in CLIP_RECIPES:
        raise UnknownNameError("recipe of clip", recipe, CLIP_RECIPES)
    schedule = override(CLIP_RECIPES[recipe], options)
    folder = out.parent if out.suffix == ".safetensors" else out
    folder.mkdir(parents=True, exist_ok=True)
    shape = ClipShape()
    every = load_captions(data_root, "train", shape.image_size + MARGIN)
    train, kept = held_apart(every, schedule.holdout)
    log(f"{len(train.captions)} captioned pictures to learn from, {len(kept.captions)} held out.")
    sentences = sorted({text for texts in every.captions for text in texts})
    build_word_tokenizer([*sentences, TextRule().sentence(UNLABELED)]).save(str(folder / "tokenizer.json"))
    tokenizer = load_word_tokenizer(folder / "tokenizer.json")
    torch.manual_seed(seed)
    model = build_clip(shape, len(tokenizer)).to(device)
    start = load_checkpoint(folder / schedule.start / "clip", "clip") if schedule.start else None
    if start is not None:
        model.load_state_dict(dict(start.tensors))
    spent = fit(
        model,
        _losses(model, tokenizer, train, shape, schedule, device),
        schedule,
        seed=seed,
        state=folder / "clip",
        log=log,
        identity=f"clip {train.digest} {start.digest if start else None}",
    )
    clip, val = FrozenClip(model, tokenizer), load_captions(data_root, "val", shape.image_size)
    names = sorted(set(every.concepts) - {""})
    info = {
        "kind": "clip",
        "shape": asdict(shape),
        "recipe": recipe,
        "seed": seed,
        "schedule": asdict(schedule),
        "captions_sha256": train.digest,
        "data": {"trained_on": len(train.captions), "held_out": len(kept.captions)},
        "measured_on_held_out": zero_shot(clip, centred(kept, shape.image_size), names),
        "measured_on_val": {k: v for k, v in zero_shot(clip, val, names).items() if k == "closeup_accuracy"},
        "spent": spent.facts(),
        "start": None
        if start is None
        else {key: start.info[key] for key in ("sha256", "measured_on_held_out", "spent", "command")},
        "threads": threads,
        "command": command_line("clip", None, recipe, seed, threads, options),
    }
    log(f"held out: {info['measured_on_held_out']}")
    return save_checkpoint(folder / "clip", model.state_dict(), info, half=True)


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
