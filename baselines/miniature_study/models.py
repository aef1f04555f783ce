"""What the study says of the models: size, cost, and what was measured on training pictures that were kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cosegbench.miniature.world import CONCEPTS
from miniature_study.text import code, figure, listing, percent, table
from miniature_study.weights import Checkpoint, Training, closeup_accuracy

_CHOICES = """\
That CLIP needs a second part was first seen on validation images, which the columns score. The comparison was then
repeated on training pictures that none of the variants learnt from; this is what it gave. Close-ups: named right, of
all concepts. Scenes: of the concepts that a scene's captions name, the share among CLIP's k best."""

_RECALL_AT = (1, 3, 5, 10, 20)


def models(training: Training) -> list[str]:
    """The blocks of the section."""
    weights = training.checkpoints
    if not weights:
        return ["The weights are not there, so nothing is said about them."]
    blocks = [_table(weights), _cost(training)]
    accuracy = closeup_accuracy(weights)
    if accuracy is not None:
        blocks.append(
            f"Zero-shot accuracy of the small CLIP on the validation close-ups: **{accuracy:.2f}** "
            f"(chance {1 / len(CONCEPTS):.3f}, {len(CONCEPTS)} concepts)."
        )
    recipes = sorted({str(checkpoint.info["recipe"]) for checkpoint in weights if "recipe" in checkpoint.info})
    blocks.append(f"Recipes: {listing([*map(code, recipes)])}; the commands stand in the JSON beside each.")
    return [*blocks, *_choices(training)]


def _table(weights: Sequence[Checkpoint]) -> str:
    body = []
    for checkpoint in weights:
        spent, held = checkpoint.spent, checkpoint.held_out
        body.append(
            [
                code(checkpoint.name),
                str(checkpoint.info.get("seed", "-")),
                figure(checkpoint.size / 1e6, 2),
                str(spent.get("steps", "-")),
                figure(spent.get("wall_minutes")),
                figure(spent.get("core_minutes")),
                figure(held.get("miou")),
                percent(held.get("label_recall")),
                percent(held.get("label_precision")),
                str(checkpoint.info.get("sha256", "-"))[:12],
            ]
        )
    head = ["checkpoint", "seed", "MB", "steps", "wall min", "core min"]
    return table([*head, "held-out mIoU", "recall, %", "precision, %", "sha256"], body)


def _cost(training: Training) -> str:
    weights, whole = training.checkpoints, training.whole
    core = sum(each.spent.get("core_minutes", 0.0) for each in weights)
    text = f"{sum(checkpoint.size for checkpoint in weights) / 1e6:.1f} MB and {core:.0f} core minutes in all. "
    if whole:
        text += (
            f"`make miniature-weights` took {whole['wall_minutes']:.0f} minutes from start to finish "
            f"on {whole['cores']} cores. "
        )
    return text + "Held-out figures are a quick look at the model's own size with the paper's threshold, no protocol's."


def _choices(training: Training) -> list[str]:
    """How far CLIP comes by its parts, and by the variants that were measured beside them."""
    rows = [(about, info) for about, info in training.clips if "measured_on_held_out" in info]
    if not rows:
        return []
    head = ["CLIP", "steps", "close-ups, %", *(f"scenes @{k}, %" for k in _RECALL_AT)]
    body = [[about, *_clip_cells(info)] for about, info in rows]
    return ["### What was chosen, and on what", _CHOICES, table(head, body)]


def _clip_cells(info: Mapping[str, Any]) -> list[str]:
    held = info["measured_on_held_out"]
    recall = [percent(held.get(f"scene_recall_at_{k}")) for k in _RECALL_AT]
    return [str(info.get("spent", {}).get("steps", "-")), percent(held.get("closeup_accuracy")), *recall]
