from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from running.support import World

FIFTEEN_LINES = '''
"""A predictor in one file."""
import numpy as np
from cosegbench import LabelMap


class Mine:
    """Gives each pixel the class that its brightness falls into."""

    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        grey = [np.asarray(image.convert("L"), np.int64) for image in images]
        return [LabelMap((each * self.classes // 256).astype(np.uint16)) for each in grey]
'''


def invoke(*words: str):
    return CliRunner().invoke(main, list(words))


def test_a_predictor_of_fifteen_lines_passes_the_check_runs_and_appears_in_the_table(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "fifteen.py"
    file.write_text(FIFTEEN_LINES)
    assert len([line for line in FIFTEEN_LINES.splitlines() if line.strip()]) <= 15

    checked = invoke("predictors", "check", f"{file}:Mine")
    assert checked.exit_code == 0, checked.output
    assert "FAIL" not in checked.stdout
    words = ["--dataset", str(world.card), "--data-root", str(world.root), "--results", str(world.results)]
    ran = invoke("run", "--predictor", f"{file}:Mine", *words)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("fifteen.Mine\tmine\tstandard\t")
    table = invoke("table", "--results", str(world.results))
    assert "fifteen.Mine" in table.stdout


def test_a_run_prints_figures_on_stdout_and_everything_else_on_stderr(world: World) -> None:
    first, second = invoke(*world.words()), invoke(*world.words())

    assert first.exit_code == second.exit_code == 0
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) == 1
    assert "wrote" in first.stderr
    assert "finished before" in second.stderr


def test_json_on_stdout_is_the_record_and_nothing_else(world: World) -> None:
    (record,) = json.loads(invoke(*world.words("--json", "-")).stdout)

    assert next(iter(record)) == "schema_version"
    assert record["predictor"]["id"] == "mine.Brightness"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--protocol", "standrd"), 2, "Did you mean 'standard'"),
        (("--suite", "miniature"), 2, "either --suite or --dataset"),
        (("--set", "shft=1"), 2, "Did you mean 'shift'"),
        (("--set", "shift=a"), 2, "a whole number"),
        (("--convention", "images"), 2, "expected key=value"),
        (("--limit", "0"), 2, "--limit"),
        (("--batch-size", "x"), 2, "--batch-size"),
        (("--data-root", "/nowhere/at/all"), 2, "data root"),
    ],
)
def test_a_bad_request_is_exit_code_2_with_a_message(
    world: World, more: tuple[str, ...], code: int, words: str
) -> None:
    result = invoke(*world.words(*more))

    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_failing_predictor_and_broken_data_are_exit_code_1(world: World) -> None:
    world.tell("fail", 0)
    failed = invoke(*world.words())
    assert (failed.exit_code, "the disk is on fire" in failed.stderr) == (1, True)
    world.forget("fail")
    (world.root / "labels/image_000001.png").write_bytes(b"")
    broken = invoke(*world.words("--fresh"))
    assert (broken.exit_code, "image_000001.png" in broken.stderr) == (1, True)


def test_stopping_by_hand_is_exit_code_130_with_how_to_go_on(world: World) -> None:
    world.tell("stop", 3)
    stopped = invoke(*world.words())

    assert stopped.exit_code == 130
    assert "Start the same command again" in stopped.stderr


def test_predictors_are_listed_with_their_first_line() -> None:
    listed = invoke("predictors", "list", "--json", "-")

    assert listed.exit_code == 0
    assert {"coseg-prefix", "coseg-xatten", "coseg-no-training"} <= {row["name"] for row in json.loads(listed.stdout)}


def test_the_check_of_a_broken_predictor_says_what_to_do_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        FIFTEEN_LINES.replace("class Mine:", "class Mine:\n    input_size = 'big'").replace(
            "return [LabelMap", "images[0].putpixel((0, 0), (1, 2, 3))\n        return [LabelMap"
        )
    )
    checked = invoke("predictors", "check", f"{file}:Mine")

    assert checked.exit_code == 1
    assert "FAIL  what it declares about itself: input_size is 'big' -> Make it the side" in checked.stdout
    assert "FAIL  the images are left as they were" in checked.stdout
    assert "image.copy()" in checked.stdout


def test_the_check_of_a_predictor_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(FIFTEEN_LINES.replace("    def prepare", "    def __init__(self): 1 / 0\n\n    def prepare"))
    checked = invoke("predictors", "check", f"{file}:Mine")

    assert checked.exit_code == 1
    assert "ZeroDivisionError" in checked.stdout
    assert "skip  everything else" in checked.stdout


def test_a_predictor_that_exits_the_process_is_an_error_and_not_a_success(world: World, tmp_path: Path) -> None:
    file = tmp_path / "quits.py"
    file.write_text(FIFTEEN_LINES.replace("        grey", "        raise SystemExit(0)\n        grey"))
    ran = invoke("run", "--predictor", f"{file}:Mine", *world.words()[3:])
    assert ran.exit_code == 1
    assert "predict raised SystemExit" in ran.stderr
    file.write_text("raise SystemExit(0)\n")
    ran = invoke("run", "--predictor", f"{file}:Mine", *world.words()[3:])
    assert ran.exit_code == 2
    assert "cannot be imported: SystemExit" in ran.stderr


def test_a_file_given_for_a_folder_is_refused_before_any_work(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for option in ("--results", "--save-predictions", "--data-root"):
        ran = invoke(*world.words(option, str(tmp_path / "file")))
        assert ran.exit_code == 2
        assert "is a file" in ran.stderr
    assert world.seen() == []


@pytest.mark.parametrize(
    ("words", "message"), [(["--set", "x"], "--set 'x'"), (["--convention", "x"], "--convention 'x'")]
)
def test_a_setting_without_a_value_is_refused_under_the_name_of_its_option(words: list[str], message: str) -> None:
    done = invoke("train", "--predictor", "coseg-prefix", "--dataset", "coco-stuff", "--data-root", "nowhere", *words)
    assert done.exit_code == 2
    assert f"{message}: expected key=value" in done.stderr


@pytest.mark.parametrize("name", ["split", "name", "data_root", "nothing"])
def test_a_convention_that_no_card_has_is_refused_whatever_it_is_called(world: World, name: str) -> None:
    where = ["--data-root", str(world.root), "--convention", f"{name}=x"]
    for words in (
        ["datasets", "verify", str(world.card)],
        ["train", "--predictor", "clip", "--dataset", str(world.card)],
    ):
        done = invoke(*words, *where)
        assert done.exit_code == 2, done.output
        assert f"'{name}'" in done.stderr


def test_an_error_of_the_system_is_said_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cosegbench.cli.vocabulary.emit", full)
    done = invoke("vocabulary", "show", "voc20")
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr


def test_stopping_before_there_is_anything_to_keep_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cosegbench.registry.load_trainer", stopped)
    done = CliRunner().invoke(main, ["train", "--predictor", "clip"])

    assert done.exit_code == 130
    assert "Start the same command again" in done.stderr
