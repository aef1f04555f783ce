"""How far bf16 is from float32 at ViT-B/16, on a GPU where there is one, else on the CPU, which rounds alike.

Run with ``pytest tests/benchmarks/test_bf16_difference.py -s``. Weights are random.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from transformers import CLIPConfig, CLIPModel

from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.clipseg import ClipSegOnce, ClipSegShape, build_clipseg
from cosegbench_baselines.coseg import CoSeg, coseg_config, segment
from cosegbench_baselines.precision import Precision, computing, store
from cosegbench_baselines.training.clipseg import restart

BOUND = 0.05
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def tower() -> FrozenClip:
    torch.manual_seed(0)
    return FrozenClip(CLIPModel(CLIPConfig(vision_config={"patch_size": 16})), None).to(DEVICE)


def say(what: str, exact: torch.Tensor, near: torch.Tensor) -> None:
    difference = (exact - near).abs()
    spread = float(exact.std(correction=0))
    sys.stdout.write(
        f"\n{what} on {DEVICE}: largest difference {float(difference.max()):.1e}, mean {float(difference.mean()):.1e}, "
        f"standard deviation of the values {spread:.1e}\n"
    )
    assert 0 < float(difference.max()) < BOUND


def test_clipsegs_masks_and_image_embedding() -> None:
    clip = tower()
    shape = ClipSegShape(image_size=352, reduce=64, layers=(3, 6, 9), heads=4, feedforward=2048)
    once = ClipSegOnce(build_clipseg(clip.model, shape).to(DEVICE), 352)
    once.model.decoder.apply(restart)
    pixels, text = torch.randn(1, 3, 352, 352, device=DEVICE), torch.randn(1, 5, 512, device=DEVICE)

    def found(precision: Precision) -> tuple[torch.Tensor, torch.Tensor]:
        with computing(precision, DEVICE):
            taps, pooled = once.encode(pixels, pooled=True)
            masks = once.decode(taps, text).float().sigmoid()
        assert pooled is not None
        return masks, torch.nn.functional.normalize(pooled.float(), dim=-1)

    masks, image = found("float32")
    store(once.model.clip.vision_model, "bf16")
    store(once.model.clip.visual_projection, "bf16")
    store(once.model.decoder, "bf16")
    near_masks, near_image = found("bf16")
    say("CLIPSeg's mask probabilities", masks, near_masks)
    say("cosine of the two image embeddings", torch.ones(1), (image * near_image).sum(-1).cpu())


def test_cosegs_masks_and_similarities() -> None:
    clip = tower()
    config = coseg_config(clip)
    model = CoSeg(config, clip.position_rows(20).cpu()).eval().to(DEVICE)
    pixels, text = torch.randn(1, 3, 224, 224, device=DEVICE), torch.randn(60, 512, device=DEVICE)

    def found(precision: Precision) -> Any:
        with computing(precision, DEVICE):
            return segment(model, clip.encode_image(pixels, config.mask_decoder.taps), text, snap=False)

    exact = found("float32")
    for part in (clip.model.vision_model, clip.model.visual_projection, model):
        store(part, "bf16")
    near = found("bf16")
    say("CoSeg prefix' mask probabilities", exact.masks, near.masks)
    say("CoSeg prefix' cosines", exact.similarity, near.similarity)
