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
        language: ``in-sequence`` contrasts the labels of one image (paper), each distinct label once in the denominator;
            ``in-sequence-literal`` is the formula as printed, where padding repeats "unlabeled" in the denominator;
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
    probability = logits.sigmoid()
    overlap = (probability * masks).sum((-2, -1))
    return 1 - (2 * overlap + 1) / (probability.sum((-2, -1)) + masks.sum((-2, -1)) + 1)


def coseg_loss(
    output: CoSegOutput, targets: Targets, anchors: torch.Tensor, config: LossConfig
) -> dict[str, torch.Tensor]:
    """All terms of one batch.

    Args:
        output: of the model.
        targets: of the batch, by area.
        anchors: (K+1, d) text embeddings of all labels, "unlabeled" last.
        config: terms and weights.

    Returns:
        ``total`` and its unweighted parts ``mask``, ``language`` and ``dice``. The dice term is the mean over the masks
        that are not padding: an empty target has no overlap to measure.
    """
    if config.pairing == "matching":
        targets = matched(output, targets, anchors, config)
    mask = functional.binary_cross_entropy_with_logits(output.masks, targets.masks)
    if config.language == "vocabulary":
        language = vocabulary_loss(output.tokens, anchors, targets.ids, config.tau)
    else:
        literal = config.language == "in-sequence-literal"
        language = in_sequence_loss(output.tokens, anchors[targets.ids], targets.ids, config.tau, literal=literal)
    present = targets.present
    dice = dice_loss(output.masks, targets.masks)[present].sum() / present.sum().clamp(min=1)
    total = config.mask_weight * mask + config.language_weight * language + config.dice_weight * dice
    return {"total": total, "mask": mask.detach(), "language": language.detach(), "dice": dice.detach()}


@torch.no_grad()
def matched(output: CoSegOutput, targets: Targets, anchors: torch.Tensor, config: LossConfig) -> Targets:
    """Targets in the order of the queries that fit them best (Hungarian matching; Carion et al. 2020).

    The cost of a pair is what the loss would charge for it: language, binary cross entropy and dice with their weights,
    the masks compared at a quarter of the resolution. Queries left over receive the padding.
    """
    from scipy.optimize import linear_sum_assignment

    cost = matching_cost(output, targets, anchors, config)
    order = torch.arange(targets.ids.shape[1]).repeat(len(cost), 1)
    for row, (one, present) in enumerate(zip(cost.cpu(), targets.present.cpu(), strict=True)):
        columns = present.nonzero().flatten()
        queries, chosen = linear_sum_assignment(one[:, columns].numpy())
        order[row] = _complete(torch.from_numpy(queries), columns[chosen], order.shape[1])
    order = order.to(targets.ids.device)
    rows = torch.arange(len(cost), device=order.device).unsqueeze(1)
    return Targets(targets.ids[rows, order], targets.masks[rows, order])


def matching_cost(output: CoSegOutput, targets: Targets, anchors: torch.Tensor, config: LossConfig) -> torch.Tensor:
    """(B, N queries, N targets) costs."""
    language = -cosine_logits(output.tokens, anchors, config.tau).log_softmax(-1)
    language = language.gather(2, targets.ids.unsqueeze(1).expand(-1, language.shape[1], -1))
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
