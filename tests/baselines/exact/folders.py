"""Checkpoint folders in the layout of the published ones, made from configurations with random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BILINEAR, BICUBIC = 2, 3


@dataclass(frozen=True)
class Tower:
    """Sizes of one transformer of a CLIP."""

    hidden: int
    layers: int
    heads: int
    feedforward: int


SMALL = {"vision": Tower(32, 3, 2, 48), "text": Tower(24, 2, 2, 40), "projection": 16, "reduce": 16, "taps": [0, 1, 2]}
B16 = {
    "vision": Tower(768, 12, 12, 3072),
    "text": Tower(512, 12, 8, 2048),
    "projection": 512,
    "reduce": 64,
    "taps": [3, 6, 9],
}


LOUD_TEXT = {"q_proj": 2.0, "k_proj": 2.0, "out_proj": 4.0}
LOUD_HEAD = 2.0


def loudness(name: str) -> float:
    """Larger text weights and head, so that two names and their masks are far apart.

    The vision tower stays as it is: made louder, it turns float32's rounding into differences of 0.02 in a mask
    (measured against the same network in float64), and no two correct orders of summation agree to 1e-5.
    """
    if "text_model" in name:
        return next((factor for part, factor in LOUD_TEXT.items() if part in name), 1.0)
    return LOUD_HEAD if "transposed_convolution" in name else 1.0


def write_tokenizer(folder: Path, published: Path | None = None) -> int:
    """CLIP's tokenizer files: the published ones where given, else letters without merges.

    Returns:
        The number of tokens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if published is not None:
        for name in ("vocab.json", "merges.txt"):
            shutil.copyfile(published / name, folder / name)
    else:
        letters = [chr(code) for code in range(33, 127)]
        tokens = [*letters, *(f"{letter}</w>" for letter in letters), START, END]
        (folder / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
        (folder / "merges.txt").write_text("#version: 0.2\n")
    facts = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": START, "eos_token": END}
    facts |= {"unk_token": END, "pad_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts))
    return len(json.loads((folder / "vocab.json").read_text()))


def towers(sizes: dict[str, Any], tokens: int, image_size: int) -> dict[str, Any]:
    """The part of a configuration that CLIP and CLIPSeg share."""
    text, vision = sizes["text"], sizes["vision"]
    return {
        "projection_dim": sizes["projection"],
        "text_config": {
            **fields(text),
            "vocab_size": tokens,
            "max_position_embeddings": 77,
            "bos_token_id": tokens - 2,
            "eos_token_id": tokens - 1,
            "pad_token_id": tokens - 1,
        },
        "vision_config": {**fields(vision), "image_size": image_size, "patch_size": 16},
    }


def fields(tower: Tower) -> dict[str, int]:
    return {
        "hidden_size": tower.hidden,
        "num_hidden_layers": tower.layers,
        "num_attention_heads": tower.heads,
        "intermediate_size": tower.feedforward,
    }


def write_weights(folder: Path, kind: Callable[[Any], nn.Module], config: Any, seed: int) -> None:
    """Random half-precision weights for every parameter that ``kind(config)`` has, and the configuration.

    They hide nothing: norms and biases are not 1 and 0, and signals neither die nor saturate.
    """
    with torch.device("meta"):  # only names and shapes are wanted; a first initialisation would be thrown away
        model = kind(config)
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, parameter in model.named_parameters():
        noise = torch.empty(parameter.shape).uniform_(-1, 1, generator=generator)
        if "norm" in name and name.endswith("weight"):
            noise = 1 + 0.3 * noise
        elif parameter.dim() < 2:
            noise *= 0.2
        else:
            # uniform noise of this range keeps the variance of a signal, whatever its width
            noise *= loudness(name) * (3 / parameter[0].numel()) ** 0.5
        tensors[name] = noise.half()
    config.save_pretrained(folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_clip(folder: Path, sizes: dict[str, Any] = SMALL, *, published: Path | None = None, seed: int = 0) -> Path:
    """A ``CLIPModel`` with 224 pixels, its tokenizer and its preprocessing."""
    from transformers import CLIPConfig, CLIPModel

    tokens = write_tokenizer(folder, published)
    write_weights(folder, CLIPModel, CLIPConfig(**towers(sizes, tokens, 224)), seed)
    pixels = {"image_processor_type": "CLIPImageProcessor", "crop_size": 224, "size": 224}
    return write_pixels(folder, CLIP_MEAN, CLIP_STD, BICUBIC, pixels | {"do_center_crop": True, "do_convert_rgb": True})


def write_clipseg(folder: Path, sizes: dict[str, Any] = SMALL, *, published: Path | None = None, seed: int = 1) -> Path:
    """A ``CLIPSegForImageSegmentation`` as the refined checkpoint: towers of 224 pixels, drawing at 352."""
    from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

    tokens = write_tokenizer(folder, published)
    config = CLIPSegConfig(
        **towers(sizes, tokens, 224),
        extract_layers=sizes["taps"],
        reduce_dim=sizes["reduce"],
        decoder_intermediate_size=2048 if sizes is B16 else 24,
        use_complex_transposed_convolution=True,
    )
    write_weights(folder, CLIPSegForImageSegmentation, config, seed)
    size = {"height": 352, "width": 352}
    return write_pixels(
        folder, IMAGENET_MEAN, IMAGENET_STD, BILINEAR, {"image_processor_type": "ViTImageProcessor", "size": size}
    )


def write_pixels(folder: Path, mean: list[float], std: list[float], resample: int, more: dict[str, Any]) -> Path:
    facts = {"do_resize": True, "do_normalize": True, "image_mean": mean, "image_std": std, "resample": resample}
    (folder / "preprocessor_config.json").write_text(json.dumps(facts | more))
    return folder
