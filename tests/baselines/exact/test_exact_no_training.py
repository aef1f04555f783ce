"""The no-training pipeline, as a user gets it, against `transformers` on the same folder and photograph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image

from baselines.exact.folders import B16, write_clip, write_clipseg
from baselines.exact.reference import clip_scores, clipseg_masks, clipseg_scores, pixels_of
from cosegbench import MaskSet, TextRule, Vocabulary
from cosegbench.text import AUTHORS_TEMPLATE, PAPER_TEMPLATE
from cosegbench_baselines.predictors import CoSegNoTraining

CLOSE = 1e-5
TEXT = {"paper": TextRule(PAPER_TEMPLATE), "authors": TextRule(AUTHORS_TEMPLATE)}


def build(
    variant: str, k: int, clipseg: Path, clip: Path, names: Vocabulary, text: TextRule | None = None
) -> CoSegNoTraining:
    predictor = CoSegNoTraining(weights=str(clipseg), clip=str(clip), variant=variant, k=k)  # type: ignore[arg-type]
    predictor.prepare(names, text or TEXT[variant])
    return predictor


def expected_scores(
    variant: str, clipseg: Path, clip: Path, image: Image.Image, sentences: Sequence[str]
) -> torch.Tensor:
    if variant == "paper":
        return clip_scores(clip, pixels_of(clip, image, side=224), sentences)
    return clipseg_scores(clipseg, pixels_of(clipseg, image), sentences)


def check_labels(labels: Sequence[int], scores: Sequence[float], expected: torch.Tensor, k: int) -> None:
    """Scores are the reference's, and no label that was left out scores higher than one that was taken."""
    taken = list(labels)
    assert len(set(taken)) == k
    torch.testing.assert_close(torch.tensor(scores), expected[taken], atol=CLOSE, rtol=0)
    assert list(scores) == sorted(scores, reverse=True)
    left_out = [float(score) for label, score in enumerate(expected) if label not in taken]
    assert max(left_out, default=-1.0) <= min(scores) + CLOSE


def check_masks(found: MaskSet, labels: Sequence[int], expected: torch.Tensor) -> None:
    """Masks are the reference's, and each bears its own label."""
    torch.testing.assert_close(found.masks, expected, atol=CLOSE, rtol=0)
    assert found.similarity.argmax(1).tolist() == list(labels)
    torch.testing.assert_close(found.similarity.amax(1), torch.ones(len(labels)), atol=CLOSE, rtol=0)


@pytest.fixture(scope="session")
def all_masks(clipseg_at: Path, photographs: list[Image.Image], stuff: Vocabulary) -> torch.Tensor:
    """The reference's masks of the first photograph for all 171 names, in the paper's template."""
    sentences = TEXT["paper"].sentences(stuff.names)
    return clipseg_masks(clipseg_at, pixels_of(clipseg_at, photographs[0]), sentences)


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("variant", ["paper", "authors"])
def test_labels_and_masks_are_those_of_transformers_with_the_image_repeated(
    variant: str, k: int, clipseg_at: Path, clip_at: Path, photographs: list[Image.Image], stuff: Vocabulary
) -> None:
    predictor = build(variant, k, clipseg_at, clip_at, stuff)
    sentences = TEXT[variant].sentences(stuff.names)
    images = photographs[: 2 if k == 5 else 1]  # a batch of two once
    for image, ranked, found in zip(images, predictor.rank_labels(images), predictor.predict(images), strict=True):
        assert isinstance(found, MaskSet)
        check_labels(ranked.labels, ranked.scores, expected_scores(variant, clipseg_at, clip_at, image, sentences), k)
        chosen = [sentences[label] for label in ranked.labels]
        check_masks(found, ranked.labels, clipseg_masks(clipseg_at, pixels_of(clipseg_at, image), chosen))


@pytest.mark.parametrize("variant", ["paper", "authors"])
def test_all_171_names_of_coco_stuff_are_drawn_as_transformers_draws_them(
    variant: str,
    clipseg_at: Path,
    clip_at: Path,
    photographs: list[Image.Image],
    stuff: Vocabulary,
    all_masks: torch.Tensor,
) -> None:
    text = TEXT["paper"]
    predictor = build(variant, 171, clipseg_at, clip_at, stuff, text)
    [ranked], [found] = predictor.rank_labels(photographs[:1]), predictor.predict(photographs[:1])
    expected = expected_scores(variant, clipseg_at, clip_at, photographs[0], text.sentences(stuff.names))
    check_labels(ranked.labels, ranked.scores, expected, 171)
    assert isinstance(found, MaskSet)
    check_masks(found, ranked.labels, all_masks[list(ranked.labels)])


def test_the_masks_that_are_compared_differ_from_name_to_name(all_masks: torch.Tensor) -> None:
    assert float(all_masks.std(0).mean()) > 1000 * CLOSE
    assert float(all_masks.flatten(1).std(1).mean()) > 1000 * CLOSE


def test_the_variants_pick_by_different_models_and_draw_with_the_same_one(
    clipseg_at: Path, clip_at: Path, photographs: list[Image.Image], stuff: Vocabulary
) -> None:
    paper, authors = (build(variant, 20, clipseg_at, clip_at, stuff) for variant in ("paper", "authors"))
    ranked = [predictor.rank_labels(photographs[:1])[0] for predictor in (paper, authors)]
    assert ranked[0].labels != ranked[1].labels
    assert paper.input_size == authors.input_size == 352
    assert [predictor.describe()["variant"] for predictor in (paper, authors)] == ["paper", "authors"]
    assert authors.describe()["clip"] == "CLIPSeg's own"


@pytest.mark.parametrize("variant", ["paper", "authors"])
def test_a_square_photograph_needs_no_other_preprocessing_than_the_published_one(
    variant: str, clipseg_at: Path, clip_at: Path, photographs: list[Image.Image], stuff: Vocabulary
) -> None:
    """CLIP's published preprocessing crops the short side's square; of a square nothing is left to crop."""
    square, sentences = photographs[2], TEXT[variant].sentences(stuff.names)
    [ranked] = build(variant, 5, clipseg_at, clip_at, stuff).rank_labels([square])
    folder, scores = (clip_at, clip_scores) if variant == "paper" else (clipseg_at, clipseg_scores)
    check_labels(ranked.labels, ranked.scores, scores(folder, pixels_of(folder, square), sentences), 5)


@pytest.mark.slow
def test_one_checkpoint_at_the_full_sizes_of_b16_labels_and_draws_as_transformers_does(
    tmp_path: Path, published_tokenizer: Path | None, photographs: list[Image.Image]
) -> None:
    folder = write_clipseg(tmp_path / "clipseg", B16, published=published_tokenizer)
    check_full_size("authors", folder, folder, photographs[0])


@pytest.mark.slow
def test_a_clip_at_the_full_sizes_of_b16_picks_the_labels_as_transformers_does(
    tmp_path: Path, published_tokenizer: Path | None, clipseg_at: Path, photographs: list[Image.Image]
) -> None:
    """With the small CLIPSeg, whose full size the test above has."""
    clip = write_clip(tmp_path / "clip", B16, published=published_tokenizer)
    check_full_size("paper", clipseg_at, clip, photographs[0])


def check_full_size(variant: str, clipseg: Path, clip: Path, image: Image.Image) -> None:
    names = Vocabulary.from_names(["cat", "playing field", "sea"])
    predictor = build(variant, 2, clipseg, clip, names)
    [ranked], [found] = predictor.rank_labels([image]), predictor.predict([image])
    sentences = TEXT[variant].sentences(names.names)
    check_labels(ranked.labels, ranked.scores, expected_scores(variant, clipseg, clip, image, sentences), 2)
    chosen = [sentences[label] for label in ranked.labels]
    assert isinstance(found, MaskSet)
    check_masks(found, ranked.labels, clipseg_masks(clipseg, pixels_of(clipseg, image), chosen))
