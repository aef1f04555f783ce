"""What a trained system scores on held-out training pictures: the figures by which recipes are chosen.

A quick look at the model's own resolution. Published figures come from ``cosegbench run`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from cosegbench_baselines.coseg import Segments
from cosegbench_baselines.training.pictures import LabelledPictures
from cosegbench_baselines.training.processes import ALONE, Processes

THRESHOLD = 0.3
"""The paper's."""


@dataclass(slots=True)
class Tally:
    """Running counts over pictures of K classes."""

    classes: int
    pairs: torch.Tensor = field(init=False)
    found: int = 0
    said: int = 0
    true: int = 0

    def __post_init__(self) -> None:
        self.pairs = torch.zeros(self.classes + 1, self.classes, dtype=torch.long)

    def add(self, segments: Segments, labels: torch.Tensor) -> None:
        """Count one batch; ``labels`` (B, S, S), anything outside 0..K-1 is ignored."""
        best, names = segments.similarity.max(-1)
        names = torch.where(segments.nothing > best, self.classes, names)
        for masks, named, truth in zip(segments.masks, names, labels.long(), strict=True):
            drawn = masks * (named < self.classes).view(-1, 1, 1)
            value, index = drawn.max(0)
            prediction = torch.where(value > THRESHOLD, named[index], self.classes)
            valid = (truth >= 0) & (truth < self.classes)
            flat = prediction[valid] * self.classes + truth[valid]
            self.pairs += torch.bincount(flat, minlength=self.pairs.numel()).view(self.pairs.shape).cpu()
            said, true = set(named.tolist()) - {self.classes}, set(truth[valid].unique().tolist())
            self.found, self.said, self.true = (
                self.found + len(said & true),
                self.said + len(said),
                self.true + len(true),
            )

    def merge(self, processes: Processes) -> None:
        """Add up what several processes counted."""
        labels = torch.tensor([self.found, self.said, self.true])
        together = torch.cat([labels, self.pairs.flatten()]).to(processes.device)
        together = processes.sums(together).cpu()
        self.found, self.said, self.true = together[:3].tolist()
        self.pairs = together[3:].view(self.pairs.shape)

    def facts(self) -> dict[str, float]:
        """Mean IoU (void counts as missed, mean over classes with ground truth), label recall and label precision."""
        hits = self.pairs[:-1].diagonal().double()
        union = self.pairs.sum(0) + self.pairs[:-1].sum(1) - hits
        there = self.pairs.sum(0) > 0
        return {
            "miou": round(float((hits / union.clamp(min=1))[there].mean() * 100), 2),
            "label_recall": round(self.found / max(1, self.true), 4),
            "label_precision": round(self.found / max(1, self.said), 4),
        }


def measure(
    pictures: LabelledPictures,
    predict: Callable[[torch.Tensor], Segments],
    classes: int,
    batch: int = 32,
    processes: Processes = ALONE,
) -> dict[str, float]:
    """Figures over all of ``pictures``.

    Args:
        pictures: held out.
        predict: (B, 3, S, S) uint8 pixels -> segments.
        classes: K.
        batch: pictures at a time; how many processes there are changes no batch.
        processes: that share the batches; all of them receive the same figures.
    """
    tally = Tally(classes)
    starts = range(0, len(pictures), batch)
    for start in starts[processes.rank :: processes.world]:
        squares = pictures.batch(range(start, min(start + batch, len(pictures))))
        tally.add(predict(squares.pixels), squares.labels.to(processes.device))
    tally.merge(processes)
    return tally.facts()
