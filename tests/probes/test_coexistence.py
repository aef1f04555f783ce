"""The coexistence probe from its command line: it finds context where a predictor uses it, and none where not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.errors import RecordError
from cosegbench.probes.result import read_result
from cosegbench.records import list_records, read_record
from probes.support import HOLE, IMAGES, KITE, World


def invoke(world: World, *more: str, predictors: tuple[str, ...] = ("ByContext",)) -> Result:
    return CliRunner().invoke(main, world.words("coexistence", *more, predictors=predictors))


def result_of(world: World, predictor: str) -> dict[str, Any]:
    return json.loads((world.results / f"coexistence/mine.mine.{predictor}.json").read_text())


def gain(found: dict[str, Any], measure: str, contrast: str) -> dict[str, float]:
    return found["figures"]["gains"][measure][contrast]["by_segment"]


def test_a_predictor_that_reads_context_gains_by_it_and_one_that_does_not_gains_nothing(world: World) -> None:
    done = invoke(world, predictors=("ByContext", "ByLook"))
    assert done.exit_code == 0, done.output
    context, look = (result_of(world, name) for name in ("ByContext", "ByLook"))

    for measure in ("pixels", "named"):
        for contrast in ("original - grey", "original - swapped"):
            # Both are right about everything as it is; without the right surroundings the two things are lost.
            assert gain(context, measure, contrast) == {"estimate": 50.0, "low": 50.0, "high": 50.0}
            assert gain(look, measure, contrast) == {"estimate": 0.0, "low": 0.0, "high": 0.0}
    things = {row["class"]: row["original - swapped"]["estimate"] for row in context["figures"]["by_class"]}
    assert things == {0: 0.0, 1: 0.0, KITE: 100.0, HOLE: 100.0}
    assert "`mine.ByContext` minus gain of `mine.ByLook`" in done.stdout
    assert "+50.0 [50.0, 50.0] *" in done.stdout


def test_every_segment_is_shown_four_times_and_pictures_that_are_none_of_the_images_have_their_own_ids(
    world: World,
) -> None:
    assert invoke(world).exit_code == 0
    seen, segments = world.seen(), 2 * IMAGES

    assert len(seen) == len(set(seen)) == IMAGES + 3 * segments
    assert "image_01 2 swapped" in seen


def test_a_stopped_probe_goes_on_and_gives_what_an_unbroken_one_gives(world: World) -> None:
    assert invoke(world, "--results", str(world.folder / "whole")).exit_code == 0
    whole = json.loads((world.folder / "whole/coexistence/mine.mine.ByContext.json").read_text())
    (world.control / "seen.txt").unlink()
    (world.control / "fail").write_text("40")
    broken = invoke(world)
    assert (broken.exit_code, "no more" in broken.stderr) == (1, True)
    (world.control / "fail").unlink()
    assert invoke(world).exit_code == 0

    assert result_of(world, "ByContext")["counts"] == whole["counts"]
    assert len(world.seen()) == len(set(world.seen())) + 4  # the batch that failed was shown twice
    assert not list(world.results.rglob("*.sqlite"))


def test_a_finished_probe_is_not_computed_again_and_another_one_is_not_mixed_in(world: World) -> None:
    first = invoke(world)
    shown = len(world.seen())
    again, other = invoke(world), invoke(world, "--min-area", "0.05")

    assert (again.stdout, len(world.seen())) == (first.stdout, shown)
    assert "finished before" in again.stderr
    assert other.exit_code == 2
    assert "definition.min_area: 0.01 there, 0.05 now" in other.stderr
    assert invoke(world, "--min-area", "0.05", "--fresh").exit_code == 0


def test_what_was_begun_is_gone_on_with_by_the_same_probe_only(world: World) -> None:
    (world.control / "fail").write_text("40")
    assert invoke(world).exit_code == 1
    shown = len(world.seen())
    other = invoke(world, "--min-area", "0.05")
    assert (other.exit_code, len(world.seen())) == (2, shown)
    assert "journal.sqlite holds another probe" in other.stderr
    (world.control / "fail").write_text("0")
    assert invoke(world, "--fresh").exit_code == 1
    assert not list(world.results.rglob("*.sqlite"))  # nothing was stored, so nothing is in the way


def test_equal_seeds_give_equal_results_and_another_seed_other_surroundings(world: World) -> None:
    for folder, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert invoke(world, "--seed", seed, "--results", str(world.folder / folder)).exit_code == 0
    a, b, c = (read_result(world.folder / folder / "coexistence/mine.mine.ByContext.json") for folder in "abc")

    assert (a.counts, a.figures, a.definition_digest) == (b.counts, b.figures, b.definition_digest)
    assert a.counts["swapped"] != c.counts["swapped"]


def test_the_result_says_who_on_what_how_and_is_no_record(world: World) -> None:
    shown = invoke(world, "--json", "-", "--segments", "1", "--limit", "6")
    (found,) = json.loads(shown.stdout)

    assert next(iter(found)) == "schema_version"
    assert found["predictor"]["target"].endswith("mine.py:ByContext")
    assert (found["dataset"]["images"], found["dataset"]["limit"]) == (6, 6)
    assert len(found["dataset"]["content_digest"]) == len(found["dataset"]["images_digest"]) == 64
    assert found["definition"]["per_image"] == 1
    assert found["figures"]["segments"] == 6
    assert found["figures"]["left_out"]["not_drawn"] == 6
    assert list_records(world.results.parent) == []
    with pytest.raises(RecordError, match="unknown key 'probe'"):
        read_record(world.results / "coexistence/mine.mine.ByContext.json")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--min-area", "0.7"), "--min-area is 0.7"),
        (("--segments", "0"), "--segments is 0"),
        (("--limit", "0"), "--limit"),
        (("--set", "x=1"), "unknown option 'x'"),
        (("--min-area", "0.49"), "no segment of mine can be looked at"),
        (("--data-root", "/nowhere"), "data root"),
    ],
)
def test_a_bad_request_is_exit_code_2_and_nothing_is_predicted(world: World, more: tuple[str, ...], words: str) -> None:
    done = invoke(world, *more)

    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert world.seen() == []


def test_options_of_one_predictor_are_refused_for_several(world: World) -> None:
    done = invoke(world, "--name", "x", predictors=("ByContext", "ByLook"))
    assert done.exit_code == 2
    assert "--name would go to 2 predictors" in done.stderr
    done = invoke(world, predictors=("ByContext", "ByContext"))
    assert "named twice" in done.stderr
