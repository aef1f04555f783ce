from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cosegbench import TrainRequest
from cosegbench.cli import main
from cosegbench.errors import RequestError, UnknownNameError
from cosegbench_baselines.training.captions import Captioned, centred, held_apart, shifted, unique_texts
from cosegbench_baselines.training.clip import contrastive_loss
from cosegbench_baselines.training.clip_measure import zero_shot
from cosegbench_baselines.training.decoder import ask
from cosegbench_baselines.training.overrides import override
from cosegbench_baselines.training.phrases import choose_phrases, near_phrases
from cosegbench_baselines.training.pictures import Squares
from cosegbench_baselines.training.recipes import RECIPES, Recipe, recipe_for
from cosegbench_baselines.training.windows import augmented


def train(root: Path, out: Path, predictor: str, *extra: str) -> str:
    arguments = ["train", "--predictor", predictor, "--data-root", str(root), "--out", str(out), "--threads", "1"]
    if predictor.startswith("coseg-"):
        arguments += ["--dataset", "miniature-coco-stuff"]
    result = CliRunner().invoke(main, [*arguments, *extra], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_every_weight_of_the_miniature_is_trained_by_the_train_command(root: Path, tmp_path: Path) -> None:
    short = ("--set", "steps=2", "--set", "batch=2")
    train(root, tmp_path / "base", "clip", "--recipe", "base", *short)
    clip = Path(train(root, tmp_path, "clip", "--recipe", "miniature", *short))
    base = json.loads((tmp_path / "base" / "clip.json").read_text())
    assert json.loads(clip.with_suffix(".json").read_text())["start"]["sha256"] == base["sha256"]
    train(root, tmp_path, "clipseg", *short)
    train(root, tmp_path, "coseg-decoder", "--recipe", "miniature", *short)
    for recipe in ("paper", "miniature"):
        path = Path(train(root, tmp_path, "coseg-xatten", "--recipe", recipe, "--set", "holdout=0.25", *short))
        info = json.loads(path.with_suffix(".json").read_text())
        assert info["recipe"] == recipe
        assert info["clip"]["source"] == "."
        assert info["data"]["trained_on"] == 3
        assert set(info["measured_on_held_out"]) == {"miou", "label_recall", "label_precision"}
        assert info["command"].startswith("cosegbench train --predictor coseg-xatten --dataset miniature-coco-stuff")
        assert path.with_name(path.stem + ".csv").read_text().splitlines()[0].startswith("step,lr,wall_s,cpu_s,total")
        from cosegbench_baselines.predictors import CoSegXatten

        assert CoSegXatten(weights=str(path)).describe()["snap"] is (recipe == "miniature")


def test_training_again_from_the_same_seed_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        train(root, tmp_path / name, "clip", "--recipe", "base", "--set", "steps=2", "--set", "batch=2")
        files.append((tmp_path / name / "clip.safetensors").read_bytes())
    assert files[0] == files[1]


def test_unknown_trainers_recipes_and_settings_are_bad_requests(root: Path, tmp_path: Path) -> None:
    base = ["train", "--data-root", str(root), "--out", str(tmp_path)]
    for extra, said in (
        (["--predictor", "coseg-prefx"], "coseg-prefix"),
        (["--predictor", "coseg-prefix"], "--dataset"),
        (["--predictor", "clip", "--recipe", "base", "--set", "stepz=3"], "steps"),
        (["--predictor", "clip"], "base, miniature"),
    ):
        result = CliRunner().invoke(main, [*base, *extra])
        assert result.exit_code == 2
        assert said in result.output


def test_a_trainer_that_raises_is_failed_work_and_shows_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: TrainRequest) -> Path:
        raise IndexError("out of nothing")

    monkeypatch.setattr("cosegbench.registry.load_trainer", lambda _: broken)
    result = CliRunner().invoke(main, ["train", "--predictor", "clip", "--data-root", "."])
    assert result.exit_code == 1
    assert "Error: trainer 'clip' raised IndexError: out of nothing (test_training.py:" in result.output


def test_training_looks_for_data_where_run_does(monkeypatch: pytest.MonkeyPatch, root: Path, tmp_path: Path) -> None:
    seen: list[tuple[Path, Path | None]] = []

    def fake(request: TrainRequest) -> Path:
        seen.append((request.data_root, None if request.dataset is None else request.dataset.root))
        return tmp_path

    monkeypatch.setattr("cosegbench.registry.load_trainer", lambda _: fake)
    monkeypatch.setattr("cosegbench.miniature.ensure_miniature", lambda: root)
    monkeypatch.setenv("COSEGBENCH_DATA", str(tmp_path))  # real data, say: no miniature lies there
    for extra, expected in (
        (["--dataset", "miniature-coco-stuff"], (root, root)),
        (["--dataset", "miniature-coco-stuff", "--data-root", str(root)], (root, root)),
        ([], (tmp_path, None)),
    ):
        result = CliRunner().invoke(main, ["train", "--predictor", "x", *extra], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert seen.pop() == expected
    refused = CliRunner().invoke(main, ["train", "--predictor", "x", "--dataset", "coco-stuff"])
    assert refused.exit_code == 2
    assert not seen


def test_the_paper_recipe_holds_the_papers_numbers() -> None:
    paper = recipe_for("paper", "real")
    assert (paper.schedule.batch, paper.epochs, paper.schedule.lr, paper.schedule.min_lr) == (32, 100, 1e-4, 1e-6)
    assert (paper.schedule.weight_decay, paper.schedule.warmup, paper.schedule.clip_norm) == (0, 0, 0)
    assert (paper.loss.language, paper.loss.pairing, paper.loss.tau) == ("in-sequence", "area", 0.08)
    assert (paper.loss.mask_weight, paper.loss.language_weight, paper.loss.dice_weight) == (1, 0.08, 0)
    # no taps: those of the tower's depth, which are the paper's (3, 6, 9) for ViT-B/16
    assert (paper.sizes.queries, paper.sizes.blocks, paper.sizes.reduce, paper.sizes.taps) == (20, 8, 128, ())
    assert (paper.pictures.geometry, paper.pictures.smallest, paper.pictures.mirror) == ("square-crop", 1, False)


def test_on_the_miniature_the_paper_recipe_changes_sizes_and_steps_only() -> None:
    paper, small = recipe_for("paper", "real"), recipe_for("paper", "miniature")
    assert small.loss == paper.loss
    assert small.warm == paper.warm
    assert (small.schedule.lr, small.schedule.batch) == (paper.schedule.lr, paper.schedule.batch)
    assert small.pictures.geometry == paper.pictures.geometry
    with pytest.raises(UnknownNameError, match="miniature, paper"):
        recipe_for("best", "real")


def test_settings_replace_fields_by_name_and_are_checked() -> None:
    base = RECIPES["paper"]
    changed = override(base, {"tau": "0.1", "sizes.taps": "1,2", "mirror": "true", "language": "vocabulary"})
    assert (changed.loss.tau, changed.sizes.taps, changed.pictures.mirror) == (0.1, (1, 2), True)
    assert changed.loss.language == "vocabulary"
    for options, said in (({"tau": "hot"}, "tau"), ({"mirror": "maybe"}, "true or false"), ({"pairing": "x"}, "area")):
        with pytest.raises(RequestError, match=said):
            override(base, options)


def test_a_short_name_of_two_options_is_refused_with_both_full_names_and_every_other_one_is_unique() -> None:
    for name, owners in short_names(RECIPES["paper"]).items():
        if name == "order":
            assert owners == ["sizes.order", "pictures.order"]
            continue
        assert len(owners) == 1, owners
    with pytest.raises(RequestError, match=r"order is the name of 2 options; give sizes\.order or pictures\.order"):
        override(RECIPES["paper"], {"order": "draw"})
    changed = override(RECIPES["paper"], {"pictures.order": "draw", "sizes.order": "film-block"})
    assert (changed.pictures.order, changed.sizes.order) == ("draw", "film-block")


def short_names(recipe: Recipe) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in asdict(recipe).items():
        for inner in value if isinstance(value, dict) else [None]:
            found.setdefault(inner or name, []).append(f"{name}.{inner}" if inner else name)
    return found


def test_the_contrastive_loss_equals_plain_loops() -> None:
    logits = torch.randn(4, 3)
    positive = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.bool)
    rows = [-(logits[i].log_softmax(0)[positive[i]]).mean() for i in range(4)]
    columns = [-(logits[:, j].log_softmax(0)[positive[:, j]]).mean() for j in range(3)]
    expected = (torch.stack(rows).mean() + torch.stack(columns).mean()) / 2
    torch.testing.assert_close(contrastive_loss(logits, positive), expected)


def test_equal_captions_are_one_text_and_positives_of_every_picture_that_has_them() -> None:
    texts, positive = unique_texts(["a dog", "a cat", "a dog"], [["a dog"], ["a cat", "a dog"], ["a dog", "a sea"]])
    assert texts == ["a cat", "a dog"]
    assert positive.tolist() == [[False, True], [True, True], [False, True]]


def test_a_text_is_entailed_by_captions_that_name_all_of_it() -> None:
    known = [["there is a dog and sky"], ["a photo of a sea"], ["a photo of a potted plant"]]
    chosen = ["there is a dog and sky", "a photo of sky", "a photo of a plant"]
    texts, positive = unique_texts(
        chosen, [[text, *more] for text, more in zip(chosen, known, strict=True)], entailed=True
    )
    table = {text: positive[:, column].tolist() for column, text in enumerate(texts)}
    assert table["a photo of sky"] == [True, True, False]
    assert table["a photo of a plant"] == [False, False, True]
    assert table["there is a dog and sky"] == [True, False, False]


def test_shifted_crops_come_from_their_pictures() -> None:
    pixels = torch.arange(36, dtype=torch.uint8).view(1, 1, 6, 6).expand(5, 3, 6, 6)
    found = shifted(pixels, 4, np.random.default_rng(0))
    assert found.shape == (5, 3, 4, 4)
    steps = (found[:, 0, :, 1].int() - found[:, 0, :, 0].int()).unique().tolist()
    assert set(steps) <= {-1, 1}


def test_absent_phrases_are_never_near_those_of_the_picture() -> None:
    phrases = ["couch", "sofa", "dog", "sea"]
    embeddings = torch.tensor([[1.0, 0, 0], [0.99, 0.1, 0], [0, 1, 0], [0, 0, 1]])
    near = near_phrases(phrases, embeddings, 0.9)
    assert near["couch"] == {"couch", "sofa"}
    for seed in range(10):
        true, absent = choose_phrases(["couch"], near, phrases, 3, 2, np.random.default_rng(seed))
        assert true == [0]
        assert sorted(absent) == ["dog", "sea"]


def test_asked_labels_are_distinct_and_absent_ones_have_empty_masks() -> None:
    labels = torch.full((3, 4, 4), 65535)
    labels[0, :2], labels[1, 0], labels[1, 1], labels[1, 2], labels[1, 3] = 2, 0, 1, 2, 3
    ids, masks = ask(labels, 6, 9)
    for image in range(3):
        assert len(set(ids[image].tolist())) == 6
        present = [int(i) for i, mask in zip(ids[image], masks[image], strict=True) if mask.any()]
        assert sorted(present) == [[2], [0, 1, 2, 3], []][image]


def test_augmentation_moves_pixels_and_labels_together() -> None:
    rng = np.random.default_rng(0)
    labels = torch.randint(0, 200, (2, 8, 8), dtype=torch.int32).repeat_interleave(2, 1).repeat_interleave(2, 2)
    pixels = labels.to(torch.uint8).unsqueeze(1).expand(-1, 3, -1, -1).contiguous()
    mirrored = augmented(Squares(pixels, labels), rng, 1.0, True)
    torch.testing.assert_close(mirrored.pixels[:, 0].int(), mirrored.labels.int())
    unchanged = augmented(Squares(pixels, labels), rng, 1.0, False)
    assert torch.equal(unchanged.pixels, pixels)
    cropped = augmented(Squares(pixels, labels), rng, 0.5, False)
    assert set(cropped.labels.unique().tolist()) <= set(labels.unique().tolist())
    assert cropped.pixels.shape == pixels.shape


def captioned(count: int, side: int = 4) -> Captioned:
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, side, side)
    return Captioned(pixels, tuple((f"text {i}",) for i in range(count)), tuple(str(i) for i in range(count)), "d")


@given(count=st.integers(1, 60), share=st.sampled_from([0.0, 0.05, 0.25, 0.5]))
def test_captioned_pictures_are_learnt_from_or_held_out_and_never_both(count: int, share: float) -> None:
    train, kept = held_apart(captioned(count), share)
    assert sorted([*train.concepts, *kept.concepts], key=int) == [str(i) for i in range(count)]
    assert len(kept.concepts) == int(count * share)
    for part in (train, kept):
        assert part.pixels[:, 0, 0, 0].tolist() == [int(concept) for concept in part.concepts]
        assert part.captions == tuple((f"text {concept}",) for concept in part.concepts)


@pytest.mark.parametrize("share", [-0.1, 0.6, 1.0])
def test_a_share_that_leaves_too_little_to_learn_from_is_refused(share: float) -> None:
    with pytest.raises(RequestError, match="holdout"):
        held_apart(captioned(4), share)


def test_the_middle_of_a_picture_is_kept() -> None:
    data = captioned(1, side=6)
    pixels = torch.arange(36, dtype=torch.uint8).view(1, 1, 6, 6).expand(1, 3, 6, 6)
    assert centred(replace(data, pixels=pixels), 2).pixels[0, 0].tolist() == [[14, 15], [20, 21]]


class ColourClip:
    """Names red, green and blue by the colour of the first pixel."""

    names: ClassVar[dict[str, list[float]]] = {"red": [1.0, 0, 0], "green": [0, 1.0, 0], "blue": [0, 0, 1.0]}

    def encode_text(self, sentences: list[str]) -> torch.Tensor:
        return torch.tensor([self.names[sentence.split()[-1]] for sentence in sentences])

    def encode_image(self, pixels: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(pooled=pixels[:, :, 0, 0])


def test_close_ups_are_scored_by_name_and_scenes_by_the_share_of_their_names() -> None:
    colours = torch.tensor([[250, 0, 0], [0, 250, 0], [0, 250, 200], [250, 200, 0]], dtype=torch.uint8)
    data = Captioned(
        colours.view(4, 3, 1, 1),
        (("red",), ("blue",), ("a green and blue thing",), ("nothing known",)),
        ("red", "blue", "", ""),
        "d",
    )
    found = zero_shot(ColourClip(), data, ["blue", "green", "red"])  # type: ignore[arg-type]
    assert found["closeup_accuracy"] == 0.5
    assert (found["scene_recall_at_1"], found["scene_recall_at_3"]) == (0.5, 1.0)
    assert zero_shot(ColourClip(), data, []) == {}  # type: ignore[arg-type]
