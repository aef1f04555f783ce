"""The other commands of the probes, in process."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.errors import RecordError
from cosegbench.probes.result import read_result
from probes.support import IMAGES, World


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def run_records(world: World, *predictors: str) -> str:
    """Records of ordinary runs, for co-occurrence."""
    records = world.folder / "records"
    for each in predictors:
        words = ["run", "--predictor", f"{world.file}:{each}", "--dataset", str(world.card), "--data-root"]
        done = invoke(*words, str(world.root), "--results", str(records), "--threads", "1")
        assert done.exit_code == 0, done.output
    return str(records)


def test_a_predictor_that_knows_names_loses_where_they_are_others_and_keeps_the_rest(world: World) -> None:
    more = ("--distractors", "3", "--removed", "1", "--draws", "1")
    done = invoke(*world.words("vocabulary", *more, predictors=("ByLook", "ByContext")))
    assert done.exit_code == 0, done.output
    found = read_result(world.results / "vocabulary/mine.mine.ByLook.json")

    figures = {name: each["miou"]["estimate"] for name, each in found.figures["variants"].items()}
    assert figures.pop("synonyms 1") == 0.0
    assert set(figures.values()) == {100.0}
    assert found.figures["variants"]["synonyms 1"]["difference"] == {"estimate": -100.0, "low": -100.0, "high": -100.0}
    assert found.figures["spread"]["range"] == 100.0
    assert found.figures["standard_all_classes"] == 100.0
    (gone,) = found.definition["never_averaged"]
    assert found.definition["variants"]["1 removed, 1"]["removed"] == [gone]
    assert len(found.definition["variants"]["3 added, 1"]["added"]) == 3
    assert "mine.ByContext > mine.ByLook" in done.stdout
    assert len(world.seen()) == 2 * 7 * IMAGES


def test_each_variant_is_a_pass_that_goes_on_where_it_was_stopped(world: World) -> None:
    words = world.words("vocabulary", "--distractors", "0", "--removed", "0", predictors=("ByLook",))
    (world.control / "fail").write_text("30")
    assert invoke(*words).exit_code == 1
    (world.control / "fail").unlink()
    assert invoke(*words).exit_code == 0
    assert len(world.seen()) == 5 * IMAGES + 4  # the batch that failed was shown twice
    shown = len(world.seen())
    assert "finished before" in invoke(*words).stderr
    assert len(world.seen()) == shown


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--template", "no place"), "exactly one '{}'"),
        (("--removed", "1", "--draws", "9"), "--removed 1 in 9 draws"),
        (("--distractors", "99999"), "names that have nothing to do"),
        (("--distractors", "-1"), "--distractors is -1"),
    ],
)
def test_variants_that_cannot_be_made_are_refused(world: World, more: tuple[str, ...], words: str) -> None:
    done = invoke(*world.words("vocabulary", *more))
    assert done.exit_code == 2, done.output
    assert words in " ".join(done.stderr.split())
    assert world.seen() == []


def test_cooccurrence_of_a_perfect_predictor_is_the_truths_and_needs_no_inference(world: World) -> None:
    records = run_records(world, "ByLook")
    shown = len(world.seen())
    out = world.folder / "out"
    done = invoke("probe", "cooccurrence", "--results", records, "--support", "3", "--out", str(out), "--json", "-")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)

    assert len(world.seen()) == shown
    assert found["figures"]["pairs"] == 6
    assert found["figures"]["summary"]["mean_absolute_difference"]["estimate"] == 0
    pairs = list(zip(found["counts"]["first"], found["counts"]["second"], strict=True))
    together = found["counts"]["true_both"][pairs.index((0, 2))]
    assert (together, found["counts"]["true_pmi"][pairs.index((0, 2))]) == (6, 1.0)
    assert found["counts"]["true_pmi"][pairs.index((0, 1))] is None
    assert found["source"]["record"] == "mine.ByLook/mine.open-vocabulary.json"
    assert read_result(out / "cooccurrence/mine.mine.ByLook.json").figures == found["figures"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--predictor", "mine.ByLok"), "Did you mean 'mine.ByLook'"),
        (("--dataset", "min"), "unknown data set"),
        (("--support", "0"), "--support is 0"),
        (("--presence", "0"), "--presence is 0"),
    ],
)
def test_a_bad_request_for_cooccurrence_is_exit_code_2(world: World, more: tuple[str, ...], words: str) -> None:
    done = invoke("probe", "cooccurrence", "--results", run_records(world, "ByLook"), *more)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_folder_without_records_or_results_says_what_to_do(world: World) -> None:
    empty = world.folder / "empty"
    empty.mkdir()
    for words in (("cooccurrence", "--results", str(empty)), ("table", "--results", str(empty))):
        done = invoke("probe", *words)
        assert done.exit_code == 2
        assert "make one" in done.stderr.lower()
    assert invoke("probe", "table", "--results", str(world.folder / "absent")).exit_code == 2


def test_the_table_prints_what_the_commands_printed_and_predicts_nothing(world: World) -> None:
    records = run_records(world, "ByLook", "ByContext")
    both = ("ByContext", "ByLook")
    texts = [
        invoke(*world.words("coexistence", "--segments", "1", predictors=both)).stdout,
        invoke("probe", "cooccurrence", "--results", records, "--out", str(world.results), "--support", "3").stdout,
        invoke(*world.words("vocabulary", "--distractors", "0", "--removed", "0", predictors=both)).stdout,
    ]
    shown = len(world.seen())
    table = invoke("probe", "table", "--results", str(world.results))

    assert table.exit_code == 0, table.output
    assert len(world.seen()) == shown
    assert all(text.strip() in table.stdout for text in texts)
    assert table.stdout.count("\n## ") == 3


def test_a_result_that_was_changed_is_refused(world: World) -> None:
    words = world.words("vocabulary", "--distractors", "0", "--removed", "0", predictors=("ByLook", "ByContext"))
    assert invoke(*words).exit_code == 0
    path = world.results / "vocabulary/mine.mine.ByLook.json"
    (path.parent / "mine.mine.ByLook.evidence.npz").write_bytes(b"")
    done = invoke("probe", "table", "--results", str(world.results))
    assert (done.exit_code, "absent or was changed" in done.stderr) == (1, True)

    for change, words in (({"schema_version": 2}, "reads up to 1"), ({"colour": 1}, "unknown key 'colour'")):
        path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 1, **change}))
        with pytest.raises(RecordError, match=words):
            read_result(path)
    path.write_text("{}")
    with pytest.raises(RecordError, match="is no probe's result"):
        read_result(path)
