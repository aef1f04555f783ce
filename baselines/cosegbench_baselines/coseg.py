"""A CoSeg system: a label model and a mask decoder over a frozen CLIP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cosegbench.errors import DataError, RequestError
from cosegbench_baselines.at_once import at_once
from cosegbench_baselines.backbone import FrozenClip, ImageFeatures
from cosegbench_baselines.checkpoint import load_checkpoint
from cosegbench_baselines.config import CoSegConfig
from cosegbench_baselines.label_model import build_label_model
from cosegbench_baselines.mask_decoder import MaskDecoder
from cosegbench_baselines.taps import check_taps, default_taps


@dataclass(frozen=True, slots=True)
class CoSegOutput:
    """Label tokens (B, N, width) and mask logits (B, N, S, S)."""

    tokens: torch.Tensor
    masks: torch.Tensor


class CoSeg(nn.Module):
    """The trained half of CoSeg; the frozen CLIP is not part of it.

    Args:
        config: sizes.
        positions: (N, width) positions of the queries; zeros where they will be read from a checkpoint.
    """

    def __init__(self, config: CoSegConfig, positions: torch.Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        label = config.label_model
        self.labels = build_label_model(
            label, torch.zeros(label.queries, label.width) if positions is None else positions
        )
        self.decoder = MaskDecoder(config.mask_decoder)

    def forward(self, features: ImageFeatures) -> CoSegOutput:
        """Label tokens, and the masks that are conditioned on them."""
        assert features.patches is not None
        tokens = self.labels(features.patches)
        return CoSegOutput(tokens, self.decoder(features.taps, tokens))


@dataclass(frozen=True, slots=True)
class Segments:
    """Inference for B images and K names.

    Args:
        masks: (B, N, S, S) probabilities.
        similarity: (B, N, K) cosines of the label tokens with the names.
        nothing: (B, N) cosines with "unlabeled".
    """

    masks: torch.Tensor
    similarity: torch.Tensor
    nothing: torch.Tensor


@torch.no_grad()
def segment(model: CoSeg, features: ImageFeatures, text: torch.Tensor, *, snap: bool) -> Segments:
    """Masks and their similarities to names.

    Args:
        model: in evaluation mode.
        features: of the images.
        text: (K+1, width) text embeddings, "unlabeled" last.
        snap: condition the decoder on the text embedding of the label nearest to each token, not on the token.
    """
    assert features.patches is not None
    tokens = model.labels(features.patches)
    # in bf16 two labels would tie at the third digit
    with torch.autocast(tokens.device.type, enabled=False):
        cosines = nn.functional.normalize(tokens.float(), dim=-1) @ nn.functional.normalize(text, dim=-1).T
    condition = text[cosines.argmax(-1)] if snap else tokens
    masks = _masks(model.decoder, features.taps, condition)
    return Segments(masks.float().sigmoid_(), cosines[..., :-1], cosines[..., -1])


def _masks(decoder: MaskDecoder, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
    """Mask logits (B, N, S, S); a CPU decodes image by image, because N masks are a batch by themselves."""
    batch, number = condition.shape[:2]
    step = at_once(condition.device, number * taps[0].shape[1])
    found = [
        decoder([tap[start : start + step] for tap in taps], condition[start : start + step])
        for start in range(0, batch, step)
    ]
    return found[0] if len(found) == 1 else torch.cat(found)


def coseg_config(clip: FrozenClip, **changes: Any) -> CoSegConfig:
    """The paper's configuration with the sizes that the CLIP dictates; ``changes`` replace whole halves' fields.

    Args:
        clip: gives widths, patch size and input size.
        changes: ``label_model`` and ``mask_decoder``, mappings of fields to values; no taps, or none named, leaves them
            to the depth of the tower.

    Raises:
        RequestError: a tap that the tower does not have.
    """
    from cosegbench_baselines.config import LabelModelConfig, MaskDecoderConfig

    label = {"width": clip.width, **changes.get("label_model", {})}
    decoder = {"hidden": clip.hidden, "width": clip.width, "patch": clip.patch, **changes.get("mask_decoder", {})}
    decoder["taps"] = decoder.get("taps") or default_taps(clip.layers)
    check_taps(decoder["taps"], clip.layers)
    return CoSegConfig(LabelModelConfig(**label), MaskDecoderConfig(**decoder), clip.image_size)


def load_coseg(path: Path) -> tuple[CoSeg, Mapping[str, Any]]:
    """A CoSeg checkpoint and its JSON.

    Raises:
        MissingWeightsError: a file is not there.
        DataError: the file is not what its JSON says.
    """
    checkpoint = load_checkpoint(path, "coseg")
    try:
        model = CoSeg(CoSegConfig.from_json(checkpoint.info["config"]))
        model.load_state_dict(dict(checkpoint.tensors))
    except (RequestError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"weights {checkpoint.path}: the configuration in its JSON does not describe them ({error})."
        ) from error
    return model.eval().requires_grad_(False), checkpoint.info
