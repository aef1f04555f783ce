"""CoSeg's training targets: up to N binary masks of an image by area, padded with "unlabeled" and empty masks."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Targets:
    """What the N queries of each image should say and draw.

    Args:
        ids: (B, N) int64 class indices, largest area first; K stands for "unlabeled".
        masks: (B, N, S, S) float32 of 0 and 1; empty for padding.
    """

    ids: torch.Tensor
    masks: torch.Tensor

    @property
    def present(self) -> torch.Tensor:
        """(B, N) bool: not padding. Relies on padding having empty masks and present classes having none."""
        return self.masks.flatten(2).any(-1)


def area_targets(labels: torch.Tensor, count: int, num_classes: int) -> Targets:
    """Targets of label maps.

    Args:
        labels: (B, S, S) integers; 0..K-1, anything else is no class.
        count: N; an image with more classes keeps the N largest.
        num_classes: K.

    Returns:
        Equal areas stand in ascending order of class index.
    """
    batch = labels.shape[0]
    flat = labels.flatten(1).long()
    flat = torch.where((flat >= 0) & (flat < num_classes), flat, num_classes)
    areas = torch.zeros(batch, num_classes + 1, dtype=torch.long, device=labels.device)
    areas.scatter_add_(1, flat, torch.ones_like(flat))
    areas = areas[:, :num_classes]
    order = areas.argsort(dim=1, descending=True, stable=True)[:, :count]
    ids = torch.where(areas.gather(1, order) > 0, order, num_classes)
    if ids.shape[1] < count:
        ids = torch.nn.functional.pad(ids, (0, count - ids.shape[1]), value=num_classes)
    masks = flat.view(labels.shape).unsqueeze(1) == ids[:, :, None, None]
    masks &= (ids < num_classes)[:, :, None, None]
    return Targets(ids, masks.float())
