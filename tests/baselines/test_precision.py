from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cosegbench.errors import RequestError
from cosegbench_baselines.clipseg import ClipSegOnce, ClipSegShape, build_clipseg
from cosegbench_baselines.coseg import CoSeg, coseg_config, segment
from cosegbench_baselines.precision import check_precision, computing, store
from cosegbench_baselines.predictors import CoSegNoTraining, CoSegPrefix
from cosegbench_baselines.training.clipseg import restart


def test_bf16_is_refused_where_it_is_not_computed() -> None:
    for kind in (CoSegPrefix, CoSegNoTraining):
        with pytest.raises(RequestError, match=r"bf16 needs a CUDA GPU .*'cpu' is none.*float32"):
            kind(weights="miniature", precision="bf16")


@pytest.mark.parametrize(("capability", "refused"), [((7, 5), True), ((8, 0), False), ((9, 0), False)])
def test_a_gpu_without_bf16_is_refused(
    capability: tuple[int, int], refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    if refused:
        with pytest.raises(RequestError, match="'cuda:0' is none"):
            check_precision("bf16", "cuda:0")
    else:
        check_precision("bf16", "cuda:0")


def test_a_precision_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RequestError, match=r"'fp8'; expected one of float32, bf16"):
        check_precision("fp8", "cpu")


def test_convolutions_do_not_fall_to_tf32_in_float32_and_the_setting_is_put_back() -> None:
    before = torch.backends.cudnn.allow_tf32
    with computing("float32", "cpu"):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before


def test_only_weights_of_products_are_stored_in_bf16(loaded: Any) -> None:
    model = CoSeg(coseg_config(loaded.clip, label_model={"blocks": 2, "feedforward": 32, "queries": 5}))
    store(model, "float32")
    assert {each.dtype for each in model.parameters()} == {torch.float32}
    store(model, "bf16")
    assert model.decoder.reduces[0].weight.dtype == torch.bfloat16
    assert model.decoder.head[0].weight.dtype == torch.bfloat16
    assert model.decoder.blocks[0].norm1.weight.dtype == torch.float32
    assert model.labels.queries.dtype == torch.float32


@pytest.mark.parametrize("variant", ["prefix", "xatten"])
def test_coseg_in_bf16_stays_near_float32_and_returns_float32(variant: str, loaded: Any, small: Any) -> None:
    """On a CPU, whose bf16 rounds as a GPU's does; the bound is of this size, docs/checkpoints.md has ViT-B/16's."""
    torch.manual_seed(0)
    small["label_model"]["variant"] = variant
    model = CoSeg(coseg_config(loaded.clip, **small), loaded.clip.position_rows(5)).eval()
    pixels, text = torch.randn(2, 3, 16, 16), torch.randn(4, 16)

    def found(precision: Any) -> Any:
        with computing(precision, "cpu"):
            return segment(model, loaded.clip.encode_image(pixels, (1, 2, 3)), text, snap=False)

    exact = found("float32")
    store(model, "bf16")
    near = found("bf16")
    for one, other in ((exact.masks, near.masks), (exact.similarity, near.similarity)):
        assert other.dtype == torch.float32
        difference = float((one - other).abs().max())
        assert 0 < difference < 0.03


def test_clipseg_in_bf16_stays_near_float32(loaded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = build_clipseg(loaded.clip.model, ClipSegShape(image_size=24, reduce=8, layers=(0, 1, 2), heads=2))
    model.decoder.apply(restart)
    once = ClipSegOnce(model, 24)
    pixels, text = torch.randn(1, 3, 24, 24), torch.randn(1, 3, 16)

    def found(precision: Any) -> torch.Tensor:
        with computing(precision, "cpu"):
            taps, _ = once.encode(pixels)
            return once.decode(taps, text).float().sigmoid()

    exact = found("float32")
    store(model.clip.vision_model, "bf16")
    store(model.decoder, "bf16")
    assert 0 < float((exact - found("bf16")).abs().max()) < 0.03
