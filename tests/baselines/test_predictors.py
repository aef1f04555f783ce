from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cosegbench import MaskSet, TextRule, Vocabulary
from cosegbench.errors import DataError, MissingWeightsError, RequestError
from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.clipseg import ClipSegShape, build_clipseg
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.no_training import auto_k
from cosegbench_baselines.predictors import CoSegNoTraining, CoSegPrefix, CoSegXatten
from cosegbench_baselines.reference import RandomLabels, SingleClass
from cosegbench_baselines.training.clipseg import restart

WORDS = Vocabulary.from_names(["dog", "cat", "sea", "sky"])


def pictures(*sizes: tuple[int, int]) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    found = []
    for number, (width, height) in enumerate(sizes):
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        image.info["image_id"] = f"i{number}"
        found.append(image)
    return found


@pytest.fixture(scope="module")
def weights(clip_folder: Path, loaded: Any) -> Path:
    """Random CLIPSeg, prefix and xatten checkpoints beside the tiny CLIP, as the trainers write them."""
    torch.manual_seed(4)
    clip = {"source": ".", "sha256": loaded.digest}
    about = {"snap": False, "recipe": "paper", "seed": 0, "clip": clip, "data": {"dataset": "x"}}
    for variant in ("prefix", "xatten"):
        config = coseg_config(
            loaded.clip,
            label_model={"variant": variant, "queries": 5, "blocks": 2, "heads": 2, "feedforward": 16},
            mask_decoder={"reduce": 8, "taps": (1, 2, 3), "heads": 2, "feedforward": 16},
        )
        model = CoSeg(config, loaded.clip.position_rows(5))
        info = {"kind": "coseg", "config": config.to_json(), "settings": {"loss": {"tau": 0.08}}, **about}
        save_checkpoint(clip_folder / f"coseg-{variant}.paper.safetensors", model.state_dict(), info)
    shape = ClipSegShape(image_size=24, reduce=8, layers=(0, 1, 2), heads=2, feedforward=16)
    decoder = build_clipseg(loaded.clip.model, shape).decoder.apply(restart)
    facts = {"kind": "clipseg", "shape": {**shape.__dict__} if hasattr(shape, "__dict__") else _facts(shape), **about}
    save_checkpoint(clip_folder / "clipseg", decoder.state_dict(), facts)
    return clip_folder


def _facts(shape: ClipSegShape) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(shape)


@pytest.mark.parametrize("kind", [CoSegPrefix, CoSegXatten])
def test_coseg_returns_masks_similarities_and_nothing(kind: type[Any], weights: Path) -> None:
    predictor = kind(weights=str(weights), recipe="paper")
    predictor.prepare(WORDS, TextRule())
    first, second = predictor.predict(pictures((20, 30), (33, 17)))
    for found in (first, second):
        assert found.masks.shape == (5, 16, 16)
        assert found.similarity.shape == (5, 4)
        assert found.nothing.shape == (5,)
        assert 0 <= float(found.masks.min()) <= float(found.masks.max()) <= 1
        assert float(found.similarity.abs().max()) <= 1 + 1e-5
    assert not torch.equal(first.masks, second.masks)
    assert predictor.input_size == 16
    assert predictor.describe()["recipe"] == "paper"


def test_a_checkpoint_can_be_given_as_a_file_and_must_be_of_the_variant(weights: Path) -> None:
    path = weights / "coseg-prefix.paper.safetensors"
    assert CoSegPrefix(weights=str(path)).describe()["weights"] == path.name
    with pytest.raises(RequestError, match="coseg-prefix, not of coseg-xatten"):
        CoSegXatten(weights=str(path))


@pytest.mark.parametrize("kind", [CoSegPrefix, CoSegXatten])
def test_missing_coseg_weights_say_that_they_were_never_published(kind: type[Any]) -> None:
    with pytest.raises(MissingWeightsError, match=r"never published.*cosegbench train.*--weights"):
        kind()
    with pytest.raises(MissingWeightsError, match=r"no such file.*cosegbench train"):
        kind(weights="/nowhere/else.safetensors")


def test_a_checkpoint_trained_on_another_clip_is_refused(weights: Path, tmp_path: Path) -> None:
    for path in weights.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    target = tmp_path / "coseg-prefix.paper.json"
    info = json.loads(target.read_text())
    info["clip"]["sha256"] = "0" * 64
    target.write_text(json.dumps(info))
    with pytest.raises(RequestError, match="trained on a CLIP"):
        CoSegPrefix(weights=str(tmp_path), recipe="paper")


@pytest.mark.parametrize("variant", ["paper", "authors"])
def test_no_training_draws_its_own_first_stage(variant: Any, weights: Path) -> None:
    predictor = CoSegNoTraining(weights=str(weights), variant=variant, k=3)
    predictor.prepare(WORDS, TextRule())
    images = pictures((20, 30), (40, 17))
    for ranked, found in zip(predictor.rank_labels(images), predictor.predict(images), strict=True):
        assert len(set(ranked.labels)) == 3
        assert list(ranked.scores) == sorted(ranked.scores, reverse=True)
        assert found.masks.shape[0] == 3
        assert tuple(found.similarity.argmax(1).tolist()) == ranked.labels
    assert predictor.input_size == 24


def test_the_two_variants_rank_with_different_inputs(weights: Path) -> None:
    images = pictures((20, 30))
    scores = []
    for variant in ("paper", "authors"):
        predictor = CoSegNoTraining(weights=str(weights), variant=variant, k=4)  # type: ignore[arg-type]
        predictor.prepare(WORDS, TextRule())
        (ranked,) = predictor.rank_labels(images)
        scores.append(dict(zip(ranked.labels, ranked.scores, strict=True)))
    assert scores[0] != scores[1]


def test_k_above_the_number_of_classes_means_all_of_them(weights: Path) -> None:
    predictor = CoSegNoTraining(weights=str(weights))
    predictor.prepare(WORDS, TextRule())
    assert sorted(predictor.rank_labels(pictures((9, 9)))[0].labels) == [0, 1, 2, 3]
    with pytest.raises(RequestError, match="k is 0"):
        CoSegNoTraining(weights=str(weights), k=0)


class FakeDataset:
    vocabulary = WORDS
    image_ids = ("i0", "i1")

    def target(self, image_id: str) -> np.ndarray:
        rows = {"i0": [[2, 2, 1], [2, 65535, 1]], "i1": [[3, 3, 3], [3, 3, 3]]}
        return np.array(rows[image_id], np.uint16)


def test_k_auto_is_the_mean_plus_two_deviations_rounded_up(weights: Path) -> None:
    assert auto_k([2, 2, 2]) == 2
    assert auto_k([1, 3]) == 4
    predictor = CoSegNoTraining(weights=str(weights), k="auto")
    assert predictor.tunes
    predictor.tune(FakeDataset())  # type: ignore[arg-type]
    predictor.prepare(WORDS, TextRule())
    assert len(predictor.rank_labels(pictures((9, 9)))[0].labels) == 3  # mean 1.5, deviation 0.5, so 2.5
    assert predictor.describe()["k"] == 3


def test_true_labels_come_from_the_ground_truth_by_area(weights: Path) -> None:
    predictor = CoSegNoTraining(weights=str(weights), labels="true")
    assert predictor.tunes
    predictor.tune(FakeDataset())  # type: ignore[arg-type]
    predictor.prepare(WORDS, TextRule())
    first, second = predictor.predict(pictures((9, 9), (9, 9)))
    assert first.similarity.argmax(1).tolist() == [2, 1]
    assert second.similarity.argmax(1).tolist() == [3]
    assert "ceiling" in predictor.describe()["reference"]


def test_kept_labels_replace_the_first_stage(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"image_id": "i0", "indices": [1], "names": ["cat"], "scores": [0.5]}\n')
    predictor = CoSegNoTraining(weights=str(weights), labels=str(path))
    assert not predictor.tunes
    predictor.prepare(WORDS, TextRule())
    assert predictor.predict(pictures((9, 9)))[0].similarity.argmax(1).tolist() == [1]
    with pytest.raises(DataError, match="'i1' has no line"):
        predictor.predict(pictures((9, 9), (9, 9)))
    path.write_text('{"image_id": "i0", "names": ["whale"]}\n')
    stray = CoSegNoTraining(weights=str(weights), labels=str(path))
    stray.prepare(WORDS, TextRule())
    with pytest.raises(DataError, match="whale"):
        stray.predict(pictures((9, 9)))
    path.write_text("{}\n")
    with pytest.raises(DataError, match="image_id and names"):
        CoSegNoTraining(weights=str(weights), labels=str(path))


def test_an_image_without_labels_has_no_masks(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"image_id": "i0", "names": []}\n')
    predictor = CoSegNoTraining(weights=str(weights), labels=str(path))
    predictor.prepare(WORDS, TextRule())
    found = predictor.predict(pictures((9, 9)))[0]
    assert found.masks.shape[0] == 0
    assert found.similarity.shape == (0, 4)


def label_map(found: MaskSet) -> np.ndarray:
    """What every protocol makes of masks that do not overlap: the nearest label of the mask that covers a pixel."""
    return found.similarity.argmax(1)[found.masks.argmax(0)]


def test_random_labels_depend_on_seed_and_image_only() -> None:
    def maps(seed: int, images: Sequence[Image.Image]) -> list[np.ndarray]:
        predictor = RandomLabels(seed=seed)
        predictor.prepare(WORDS, TextRule())
        return [label_map(found) for found in predictor.predict(images)]

    images = pictures((20, 30), (40, 17))
    first = maps(0, images)
    assert [found.shape for found in first] == [(30, 20), (17, 40)]
    np.testing.assert_array_equal(first[1], maps(0, images[1:])[0])
    assert not np.array_equal(first[0], maps(1, images)[0])
    whole = RandomLabels(unit="image")
    whole.prepare(WORDS, TextRule())
    assert len(np.unique(label_map(whole.predict(images)[0]))) == 1


def test_the_blocks_of_random_labels_cover_each_pixel_once() -> None:
    predictor = RandomLabels(blocks=3)
    predictor.prepare(WORDS, TextRule())
    masks = predictor.predict(pictures((7, 5)))[0].masks
    assert masks.shape == (9, 5, 7)
    np.testing.assert_array_equal(masks.sum(0), np.ones((5, 7)))


def test_random_labels_draw_every_class_about_equally_often() -> None:
    predictor = RandomLabels(blocks=40)
    predictor.prepare(WORDS, TextRule())
    drawn = np.bincount(predictor.predict(pictures((40, 40)))[0].similarity.argmax(1), minlength=4)
    assert drawn.min() > 320
    assert drawn.max() < 480


def test_single_class_is_one_class_that_exists() -> None:
    predictor = SingleClass(index=2)
    predictor.prepare(WORDS, TextRule())
    found = predictor.predict(pictures((5, 4)))[0]
    assert found.masks.shape == (1, 4, 5)
    assert np.unique(label_map(found)).tolist() == [2]
    with pytest.raises(RequestError, match=r"0\.\.3"):
        SingleClass(index=4).prepare(WORDS, TextRule())


def test_importing_the_predictors_imports_no_torch() -> None:
    code = "import sys, cosegbench_baselines.predictors, cosegbench_baselines.reference; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_pixel_rules_come_from_the_checkpoints_own_file(tmp_path: Path) -> None:
    from cosegbench_baselines.pixels import CLIP_PIXELS, read_pixel_rule

    assert read_pixel_rule(tmp_path, CLIP_PIXELS) == CLIP_PIXELS
    rule = {"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1], "resample": 2}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(rule))
    found = read_pixel_rule(tmp_path, CLIP_PIXELS)
    assert (found.mean, found.resample) == ((0.1, 0.2, 0.3), 2)


def test_a_device_that_is_not_there_is_refused_before_weights_are_read() -> None:
    with pytest.raises(RequestError, match=r"device 'nonsense' cannot be used here; there is cpu"):
        CoSegPrefix(weights="no/such/folder", device="nonsense")
    with pytest.raises(RequestError, match=r"device 'cuda:99'"):
        CoSegNoTraining(weights="miniature", device="cuda:99")


def test_a_kept_first_stage_that_is_not_there_is_a_bad_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no such file"):
        CoSegNoTraining(weights="miniature", labels=str(tmp_path / "none.jsonl"))
