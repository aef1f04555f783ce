"""The no-training pipeline at ViT-B/16, against ``CLIPSegForImageSegmentation`` with the image repeated for each label.

Run with ``pytest tests/benchmarks/test_no_training_speed.py -s``. Weights are random. The pipeline is timed from the
photograph to the masks; the peer only in its call, with pixels and token ids made before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from baselines.exact.reference import pixels_of, tokens_of
from full_size import in_turns, photograph, write_models
from torch.utils.flop_counter import FlopCounterMode

from cosegbench import MaskSet, Vocabulary
from cosegbench.cards import load_card
from cosegbench.text import AUTHORS_TEMPLATE, PAPER_TEMPLATE, TextRule
from cosegbench_baselines.pixels import normalise, squash
from cosegbench_baselines.predictors import CoSegNoTraining

BARS = {"authors": 9.0, "paper": 7.0}
"""At k = 20: how many times the peer's throughput."""

CLOSE = 1e-5
ROUNDS = {1: 5, 5: 3, 20: 2, 171: 1}
TEXT = {"authors": TextRule(AUTHORS_TEMPLATE), "paper": TextRule(PAPER_TEMPLATE)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_models(folder, "b16")
    return folder


@pytest.fixture(scope="module")
def peer(models: Path) -> Any:
    from transformers import CLIPSegForImageSegmentation

    return CLIPSegForImageSegmentation.from_pretrained(models / "clipseg", dtype=torch.float32).eval()


def build(models: Path, variant: Any, k: int, names: Vocabulary) -> CoSegNoTraining:
    predictor = CoSegNoTraining(str(models / "clipseg"), str(models / "clip"), variant, k)
    predictor.prepare(names, TEXT[variant])
    return predictor


def repeated(peer: Any, models: Path, pixels: torch.Tensor, sentences: Sequence[str]) -> Callable[[], torch.Tensor]:
    """The obvious way: one call with the image once a label; its inputs are made here."""
    tokens = tokens_of(models / "clipseg", sentences)
    images = pixels.repeat(len(sentences), 1, 1, 1)

    @torch.no_grad()
    def call() -> torch.Tensor:
        masks: torch.Tensor = peer(pixel_values=images, **tokens).logits.sigmoid()
        return masks.reshape(len(sentences), *masks.shape[-2:])

    return call


def floor(predictor: CoSegNoTraining, image: Any, labels: Sequence[int]) -> Callable[[], object]:
    """Only the networks: one pass of each tower to the last layer that is needed, then a decoder pass a label."""
    system = predictor._system
    once, clip = system.clipseg.once, system.clip
    pixels = normalise(squash([image], system.input_size, system.clipseg.pixels.resample), system.clipseg.pixels)
    condition = system._draw_text[list(labels)].unsqueeze(0)
    small = None
    if clip is not None:
        small = normalise(squash([image], clip.clip.image_size, clip.pixels.resample), clip.pixels)

    def call() -> object:
        if clip is not None and small is not None:
            clip.clip.encode_image(small, patches=False)
        taps, _ = once.encode(pixels, pooled=clip is None)
        return once.decode(taps, condition)

    return call


def arithmetic(work: Callable[[], object]) -> float:
    """10^9 floating point operations in linear layers and convolutions; attention's own products are not counted."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e9


def product_rate() -> float:
    """10^9 operations a second in the tower's widest matrix product: what this machine gives at best."""
    tokens, weights = torch.randn(485, 768), torch.randn(3072, 768)
    [seconds] = in_turns([lambda: torch.nn.functional.linear(tokens, weights)], 20)
    return 2 * 485 * 768 * 3072 / seconds / 1e9


@pytest.mark.parametrize("k", ROUNDS)
@pytest.mark.parametrize("variant", BARS)
def test_one_pass_an_image_is_many_times_as_fast_as_one_a_label(variant: str, k: int, models: Path, peer: Any) -> None:
    names = load_card("coco-stuff").vocabulary()
    predictor, image = build(models, variant, k, names), photograph(0)
    labels = predictor.rank_labels([image])[0].labels
    sentences = TEXT[variant].sentences([names.names[label] for label in labels])
    theirs = repeated(peer, models, pixels_of(models / "clipseg", image), sentences)
    found: dict[str, Any] = {}

    def ours() -> None:
        [found["ours"]] = predictor.predict([image])

    def reference() -> None:
        found["theirs"] = theirs()

    lowest = floor(predictor, image, labels)
    lowest()  # allocates what the others would find allocated
    seconds, peer_seconds, floor_seconds = in_turns([ours, reference, lowest], ROUNDS[k])
    assert isinstance(found["ours"], MaskSet)
    difference = float((found["ours"].masks - found["theirs"]).abs().max())
    ratio, share = peer_seconds / seconds, 100 * floor_seconds / seconds
    work, rate = arithmetic(lowest), product_rate()
    sys.stdout.write(
        f"\n{variant}, k={k}, {torch.get_num_threads()} threads: {seconds:.3f} s an image, CLIPSeg with the image "
        f"{k} times {peer_seconds:.3f} s, ratio {ratio:.1f}; floor {floor_seconds:.3f} s, {share:.0f} % of the "
        f"pipeline; its {work:.0f} GFLOP at the {rate:.0f} GFLOP/s of the widest product would take "
        f"{work / rate:.3f} s; masks differ by at most {difference:.1e}\n"
    )
    assert difference <= CLOSE
    assert k != 20 or ratio >= BARS[variant]
