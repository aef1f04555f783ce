"""The numbers of the recipes, as the paper states them and as the authors' scripts run them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from cosegbench.cards import load_card
from cosegbench.errors import UnknownNameError
from cosegbench_baselines.training.recipes import DROPPED_NAMES, recipe_for
from cosegbench_baselines.training.setting import settled

TRAIN2017 = 118_287


def flat(recipe: Any) -> dict[str, Any]:
    found = {}
    for name, value in asdict(recipe).items():
        found |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return found


def test_the_authors_recipe_differs_from_the_papers_in_these_fields_and_no_others() -> None:
    paper, authors = flat(recipe_for("paper", "real")), flat(recipe_for("authors", "real", "prefix"))
    different = {name: (paper[name], authors[name]) for name in paper if paper[name] != authors[name]}
    assert different == {
        "schedule.decay": ("cosine", "step"),
        "schedule.weight_decay": (0.0, 1e-4),
        "loss.language": ("in-sequence", "vocabulary"),
        "loss.dice_weight": (0.0, 0.18),
        "anchors.template": ("a photo of a {}", "a photo of {}"),
        "anchors.dropped_names": (False, True),
        "sizes.order": ("block-film", "film-block"),
        "sizes.shared_film": (False, True),
        "sizes.decoder_feedforward": (2048, 512),
        "sizes.norm_patches": (True, False),
        "sizes.keep_cls": (False, True),
    }


def test_what_both_recipes_have_in_common_is_what_both_sources_state() -> None:
    for recipe in (recipe_for("paper", "real"), recipe_for("authors", "real")):
        assert (recipe.schedule.batch, recipe.epochs, recipe.schedule.lr) == (32, 100, 1e-4)
        assert (recipe.loss.tau, recipe.loss.language_weight, recipe.loss.mask_weight) == (0.08, 0.08, 1)
        assert (recipe.loss.pairing, recipe.pictures.geometry, recipe.sizes.queries) == ("area", "square-crop", 20)
        assert (recipe.pictures.order, recipe.pictures.smallest, recipe.pictures.mirror) == ("epochs", 1, False)


def test_the_authors_train_xatten_with_half_the_blocks_and_a_wider_decoder() -> None:
    prefix, xatten = flat(recipe_for("authors", "real", "prefix")), flat(recipe_for("authors", "real", "xatten"))
    assert {name: (prefix[name], xatten[name]) for name in prefix if prefix[name] != xatten[name]} == {
        "sizes.blocks": (8, 4),
        "sizes.reduce": (128, 256),
        "sizes.decoder_feedforward": (512, 2048),
        "sizes.final_norm": (False, True),
    }


def test_the_papers_rate_falls_along_a_cosine_and_the_authors_by_steps_of_ten_epochs() -> None:
    paper = settled(recipe_for("paper", "real"), TRAIN2017).schedule
    assert paper.steps == 100 * 3697
    assert paper.rate(0) == pytest.approx(1e-4)
    assert paper.rate(paper.steps // 2) == pytest.approx((1e-4 + 1e-6) / 2, rel=1e-3)
    assert paper.rate(paper.steps - 1) == pytest.approx(1e-6)
    authors = settled(recipe_for("authors", "real"), TRAIN2017).schedule
    assert authors.steps == paper.steps
    for epoch in (0, 9, 10, 55, 99):
        assert authors.rate(epoch * 3697) == pytest.approx(1e-4 * 0.7 ** (epoch // 10))
    assert authors.rate(10 * 3697 - 1) == authors.rate(0)


def test_the_authors_anchors_are_the_182_names_of_coco_stuff_and_unlabeled() -> None:
    vocabulary = load_card("coco-stuff").vocabulary()
    assert len({*vocabulary.names, *DROPPED_NAMES}) + 1 == 183


def test_on_the_miniature_the_authors_recipe_keeps_its_losses_its_order_and_its_steps() -> None:
    real, small = recipe_for("authors", "real"), recipe_for("authors", "miniature")
    assert small.loss == real.loss
    assert (small.sizes.order, small.sizes.shared_film) == ("film-block", True)
    assert (small.sizes.norm_patches, small.sizes.keep_cls) == (False, True)
    assert small.anchors.template == real.anchors.template
    assert not small.anchors.dropped_names
    assert small.schedule.rate(small.schedule.steps - 1) == pytest.approx(1e-4 * 0.7**9)


def test_an_unknown_recipe_names_those_that_there_are() -> None:
    with pytest.raises(UnknownNameError, match="authors, miniature, paper"):
        recipe_for("author", "real")
