"""The losses of CoSeg: the paper's, the authors' code's, and how queries are paired with targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from cosegbench_baselines.coseg import CoSegOutput
from cosegbench_baselines.targets import Targets

Language = Literal["in-sequence", "in-sequence-literal", "vocabulary"]
Pairing = Literal["area", "matching"]


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Terms and weights of the training loss; the defaults are the paper's.

    Args:
        language: ``in-sequence`` contrasts the labels of one image (paper), each label once in the denominator;
            ``in-sequence-literal`` is the printed formula, where padding repeats "unlabeled" in the denominator;
            ``vocabulary`` is the cross entropy over all labels of the authors' code.
        pairing: ``area`` gives target i to query i (paper); ``matching`` gives targets to queries by least cost.
        tau: temperature of the language loss.
        mask_weight: factor of the binary cross entropy.
        language_weight: factor of the language loss.
        dice_weight: factor of the dice loss; the paper has none, the authors' code 0.18.
    """

    language: Language = "in-sequence"
    pairing: Pairing = "area"
    tau: float = 0.08
    mask_weight: float = 1.0
    language_weight: float = 0.08
    dice_weight: float = 0.0


def cosine_logits(tokens: torch.Tensor, anchors: torch.Tensor, tau: float) -> torch.Tensor:
    """Cosines of (..., N, d) tokens with (..., M, d) anchors, over tau."""
    return functional.normalize(tokens, dim=-1) @ functional.normalize(anchors, dim=-1).transpose(-1, -2) / tau


def in_sequence_loss(
    tokens: torch.Tensor, anchors: torch.Tensor, ids: torch.Tensor, tau: float, *, literal: bool = False
) -> torch.Tensor:
    """-1/N sum_i log softmax_j(token_i . anchor_j / tau) at j = i, averaged over the images.

    Args:
        tokens: (B, N, d) predicted.
        anchors: (B, N, d) text embeddings of the targets.
        ids: (B, N) class indices; equal ids have equal anchors.
        tau: temperature.
        literal: keep every repetition of an anchor in the denominator. Otherwise row i contrasts its own anchor with
            each other distinct label once: padding repeats "unlabeled", and a positive among its own negatives could
            never reach a loss of zero.
    """
    logits = cosine_logits(tokens, anchors, tau)
    count = ids.shape[1]
    own = torch.eye(count, dtype=torch.bool, device=ids.device)
    if not literal:
        same = ids.unsqueeze(2) == ids.unsqueeze(1)
        repeated = (same & own.new_ones(count, count).tril(-1)).any(2)  # an earlier place holds the same id
        logits = logits.masked_fill((same | repeated.unsqueeze(1)) & ~own, -torch.inf)
    return -logits.log_softmax(-1).diagonal(dim1=1, dim2=2).mean()


def vocabulary_loss(tokens: torch.Tensor, anchors: torch.Tensor, ids: torch.Tensor, tau: float) -> torch.Tensor:
    """Cross entropy of (B, N, d) tokens over all (K+1, d) anchors, "unlabeled" last."""
    logits = cosine_logits(tokens, anchors, tau)
    return functional.cross_entropy(logits.flatten(0, 1), ids.flatten())


def dice_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1) over the last two axes, one value a mask."""
    return _dice(logits, masks, masks.sum((-2, -1)))


def _dice(logits: torch.Tensor, masks: torch.Tensor, areas: torch.Tensor) -> torch.Tensor:
    probability = logits.sigmoid()
    overlap = (probability * masks).sum((-2, -1))
    return 1 - (2 * overlap + 1) / (probability.sum((-2, -1)) + areas + 1)


def language_loss(tokens: torch.Tensor, ids: torch.Tensor, anchors: torch.Tensor, config: LossConfig) -> torch.Tensor:
    """The language term of ``config`` for (B, N, d) tokens whose targets are ``ids`` (B, N) of (K+1, d) anchors."""
    if config.language == "vocabulary":
        return vocabulary_loss(tokens, anchors, ids, config.tau)
    return in_sequence_loss(tokens, anchors[ids], ids, config.tau, literal=config.language == "in-sequence-literal")


def mask_losses(logits: torch.Tensor, masks: torch.Tensor, config: LossConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Binary cross entropy over all pixels, and dice over the masks that are not empty.

    Without a dice weight, dice is only reported: it takes no part in the backward pass.
    """
    areas = masks.sum((-2, -1))
    present = areas > 0
    shown = logits if config.dice_weight else logits.detach()
    dice = _dice(shown, masks, areas)[present].sum() / present.sum().clamp(min=1)
    return functional.binary_cross_entropy_with_logits(logits, masks), dice


def coseg_loss(
    output: CoSegOutput, targets: Targets, anchors: torch.Tensor, config: LossConfig, *, dice_share: float = 1.0
) -> dict[str, torch.Tensor]:
    """All terms of one batch.

    Args:
        output: of the model.
        targets: of the batch, by area.
        anchors: (K+1, d) text embeddings of all labels, "unlabeled" last.
        config: terms and weights.
        dice_share: factor of the mean dice, for a part of a larger batch (its masks over the mean of a part).

    Returns:
        ``total`` and its unweighted parts ``mask``, ``language`` and ``dice``.
    """
    if config.pairing == "matching":
        targets = matched(targets, matching_cost(output, targets, anchors, config))
    language = language_loss(output.tokens, targets.ids, anchors, config)
    mask, dice = mask_losses(output.masks, targets.masks, config)
    return weighted(language, mask, dice * dice_share, config)


def weighted(
    language: torch.Tensor, mask: torch.Tensor, dice: torch.Tensor, config: LossConfig
) -> dict[str, torch.Tensor]:
    """``total`` and its unweighted parts."""
    total = config.mask_weight * mask + config.language_weight * language + config.dice_weight * dice
    return {"total": total, "mask": mask.detach(), "language": language.detach(), "dice": dice.detach()}


@torch.no_grad()
def matched(targets: Targets, cost: torch.Tensor) -> Targets:
    """Targets in the order of the queries that fit them best (Hungarian matching; Carion et al. 2020).

    Args:
        targets: by area.
        cost: (B, N queries, N targets). Only the columns of classes that are present count; the queries left over
            receive the padding.
    """
    from scipy.optimize import linear_sum_assignment

    order = torch.zeros_like(targets.ids, device="cpu")
    for row, (one, present) in enumerate(zip(cost.cpu(), targets.present.cpu(), strict=True)):
        columns = present.nonzero().flatten()
        queries, chosen = linear_sum_assignment(one[:, columns].numpy())
        order[row] = _complete(torch.from_numpy(queries), columns[chosen], order.shape[1])
    order = order.to(targets.ids.device)
    rows = torch.arange(len(cost), device=order.device).unsqueeze(1)
    return Targets(targets.ids[rows, order], targets.masks[rows, order])


@torch.no_grad()
def language_cost(tokens: torch.Tensor, targets: Targets, anchors: torch.Tensor, tau: float) -> torch.Tensor:
    """(B, N queries, N targets): minus the log probability, over all labels, of each target's label for each query."""
    scores = cosine_logits(tokens, anchors, tau).log_softmax(-1)
    return -scores.gather(2, targets.ids.unsqueeze(1).expand(-1, scores.shape[1], -1))


@torch.no_grad()
def matching_cost(output: CoSegOutput, targets: Targets, anchors: torch.Tensor, config: LossConfig) -> torch.Tensor:
    """(B, N queries, N targets): what the loss would charge for each pair, the masks at a quarter of the resolution."""
    language = language_cost(output.tokens, targets, anchors, config.tau)
    logits = functional.avg_pool2d(output.masks, 4).flatten(2)
    masks = functional.avg_pool2d(targets.masks, 4).flatten(2)
    pixels = logits.shape[-1]
    # binary cross entropy of every query with every target: softplus(x) - x t, summed as a matrix product
    cross = (functional.softplus(logits).sum(-1, keepdim=True) - logits @ masks.transpose(1, 2)) / pixels
    probability = logits.sigmoid()
    overlap = probability @ masks.transpose(1, 2)
    dice = 1 - (2 * overlap + 1) / (probability.sum(-1, keepdim=True) + masks.sum(-1).unsqueeze(1) + 1)
    return config.language_weight * language + config.mask_weight * cross + config.dice_weight * dice


def _complete(queries: torch.Tensor, chosen: torch.Tensor, count: int) -> torch.Tensor:
    """For each query the target that it received; the other targets, all padding, go to the other queries in order."""
    order = torch.full((count,), -1)
    order[queries] = chosen
    left = torch.tensor([target for target in range(count) if target not in set(chosen.tolist())], dtype=torch.long)
    order[order < 0] = left
    return order
