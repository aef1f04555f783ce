"""Options whose values mean nothing are refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from baselines.training_support import arguments
from cosegbench.cli import main
from cosegbench.errors import RequestError
from cosegbench_baselines.training.clip import CLIP_RECIPES
from cosegbench_baselines.training.clipseg import ClipSegRecipe
from cosegbench_baselines.training.overrides import override
from cosegbench_baselines.training.ranges import RANGES, check_ranges
from cosegbench_baselines.training.recipes import RECIPES, recipe_for


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("mask_queries", "-1", "0 or more"),
        ("smallest", "0", "above 0, and at most 1"),
        ("smallest", "2", "above 0, and at most 1"),
        ("smallest", "0.01", "less than a pixel of 16"),
        ("holdout", "-0.1", "0 or more, and below 1"),
        ("holdout", "1", "0 or more, and below 1"),
        ("holdout", "nan", "0 or more, and below 1"),
        ("heads", "3", "divides the CLIP's width 16"),
        ("heads", "0", "1 or more"),
        ("decoder_heads", "3", "divides option reduce, 8"),
        ("tau", "0", "above 0"),
        ("lr", "nan", "above 0"),
        ("lr", "inf", "above 0"),
        ("min_lr", "-1", "0 or more"),
        ("dice_weight", "nan", "0 or more"),
        ("dropout", "1", "below 1"),
        ("queries", "0", "1 or more"),
        ("decoder_labels", "0", "1 or more"),
        ("taps", "a,b", "'a,b' is not whole numbers separated by commas"),
    ],
)
def test_a_value_out_of_its_range_is_a_bad_request_that_names_option_value_and_range(
    root: Path, clip_folder: Path, tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(main, arguments(root, clip_folder, out, **{"steps": 1, name: value}))
    assert result.exit_code == 2, result.output
    said = " ".join(result.output.split())
    assert f"training option {name}" in said
    assert value in said
    assert allowed in said
    assert not out.exists()


def test_a_negative_seed_is_a_bad_request(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*arguments(root, clip_folder, tmp_path), "--seed", "-1"])
    assert result.exit_code == 2
    assert "--seed" in result.output


@pytest.mark.parametrize(("predictor", "setting"), [("clip", "lr=nan"), ("clip", "keep=0"), ("clipseg", "smallest=2")])
def test_the_miniatures_own_trainers_refuse_them_as_well(root: Path, predictor: str, setting: str) -> None:
    given = ["train", "--predictor", predictor, "--recipe", "base", "--data-root", str(root), "--set", setting]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert f"training option {setting.partition('=')[0]} is" in result.output


def test_every_recipe_is_within_the_ranges_and_every_range_is_an_options() -> None:
    for name in RECIPES:
        for world in ("real", "miniature"):
            check_ranges(recipe_for(name, world))
            check_ranges(recipe_for(name, world, "xatten"))
    for schedule in (*CLIP_RECIPES.values(), ClipSegRecipe()):
        check_ranges(schedule)
    for name, allowed in RANGES.items():
        owners = (RECIPES["paper"], CLIP_RECIPES["base"], ClipSegRecipe())
        refused = 0
        for owner in owners:
            try:
                check_ranges(override(owner, {name: str(int(allowed.low) - 1)}))
            except RequestError as error:
                refused += f"training option {name} is" in str(error)
        assert refused, name
