"""What people mistype and forget, over all commands: the exit code, and the words that help them."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import write_gray_png
from running.support import World

from cosegbench.cli import main

Ask = Callable[[str], Result]

RUN = "run --predictor {mine}:Brightness --results {tmp}/results"
ON_MINE = "--dataset {card} --data-root {root}"
SCORE = "score --dataset {card} --data-root {root} --predictions"
TRAIN = "train --predictor coseg-prefix --dataset {card} --data-root {root} --split val"

MISTAKES = {
    # the top
    "rum": "No such command 'rum'. Did you mean run?",
    "--verbose": "Did you mean '--version'?",
    # run
    "run": "Missing option '--predictor'",
    "run --predictor random-labels": "give either --suite or --dataset",
    f"{RUN} --sute miniature": "'--suite'",
    f"{RUN} --suite minature": "unknown suite 'minature'. Did you mean 'miniature'?",
    f"{RUN} --suite miniature {ON_MINE}": "give either --suite or --dataset",
    f"{RUN} --dataset voc2": "unknown data set 'voc2'. Did you mean 'voc21' or 'voc20'?",
    f"{RUN} --dataset voc20": "data is missing for 1 data set:\n  voc20: no data root is known",
    f"{RUN} --suite cross-dataset": "4 data sets:\n  coco-things, voc20, context59, context459: no data root is known",
    f"{RUN} --dataset voc20 --data-root {{tmp}}/nowhere": "{tmp}/nowhere is missing: the data root. Download it with: ",
    f"{RUN} --dataset voc20 --data-root {{tmp}}/empty": "ImageSets/Segmentation/val.txt is missing: the list of images",
    f"{RUN} --dataset {{tmp}}/absent.toml": "absent.toml: cannot be read as a card: there is no such file",
    f"{RUN} --dataset {{tmp}}/bad.toml": "bad.toml: cannot be read as a card",
    f"{RUN} --dataset {{tmp}}/typo.toml": "title is missing. Is 'titel' meant for it?",
    f"{RUN} --dataset {{tmp}}/later.toml": "schema_version is 9; this cosegbench reads version 1",
    f"{RUN} --dataset {{card}} --data-root {{tmp}}/nowhere": "cosegbench datasets info {card}",
    f"{RUN} {ON_MINE} {ON_MINE}": "named more than once: mine",
    f"{RUN} {ON_MINE} --split tets": "unknown split 'tets' of data set mine. Known: val.",
    f"{RUN} {ON_MINE} --convention images": "--convention 'images': expected key=value",
    f"{RUN} {ON_MINE} --convention images=5104": "unknown convention 'images' of these data sets",
    f"{RUN} {ON_MINE} --set shift": "--set 'shift': expected key=value",
    f"{RUN} {ON_MINE} --set shft=1": "unknown option 'shft' of Brightness. Did you mean 'shift'?",
    f"{RUN} {ON_MINE} --set shift=one": "'one' is not a whole number",
    f"{RUN} {ON_MINE} --set shift=1 --set shift=2": "'shift' of Brightness is set twice",
    f"{RUN} {ON_MINE} --protocol standart": "unknown protocol 'standart'. Did you mean 'standard'?",
    f"{RUN} {ON_MINE} --protocol open-miou": "needs similarity",
    f"{RUN} {ON_MINE} --protocol coseg-oracle": "needs a MaskSet; the predictor returned LabelMap",
    f"{RUN} {ON_MINE} --limit 0": "'--limit': 0 is not in the range x>=1",
    f"{RUN} {ON_MINE} --batch-size many": "'--batch-size': 'many' is not a valid",
    f"{RUN} {ON_MINE} --device cuda": "takes no device. Leave --device out",
    f"{RUN} {ON_MINE} --name a/b": "'a/b' cannot name a folder of results",
    f"{RUN} {ON_MINE} --results {{tmp}}/file": "'{tmp}/file' is a file",
    f"{RUN} {ON_MINE} --save-predictions {{tmp}}/file": "'{tmp}/file' is a file",
    f"{RUN} {ON_MINE} --json {{tmp}}/file/run.json": "'--json': {tmp}/file is a file, and nothing can",
    f"{RUN} {ON_MINE} --json {{tmp}}/empty": "'--json': {tmp}/empty is a folder; give the name of a file",
    f"run --predictor nosuch {ON_MINE}": "unknown predictor 'nosuch'",
    f"run --predictor {{tmp}}/absent.py:Mine {ON_MINE}": "absent.py does not exist",
    f"run --predictor {{tmp}}/broken.py:Mine {ON_MINE}": "No module named 'nothing_of_that_name' (broken.py:1",
    f"run --predictor {{tmp}}/syntax.py:Mine {ON_MINE}": "syntax.py cannot be imported: SyntaxError",
    f"run --predictor {{tmp}}/values.py:Mine {ON_MINE}": "has no 'Mine'; it defines no class",
    f"run --predictor {{tmp}}/values.py:x {ON_MINE}": "is of type int, not a class",
    f"run --predictor {{tmp}}/values.py {ON_MINE}": "say which, as {tmp}/values.py:Class",
    f"run --predictor nomodule:Mine {ON_MINE}": "No module named 'nomodule'",
    f"run --predictor random-labels --weights w {ON_MINE}": "takes no weights. Leave --weights out",
    f"run --predictor coseg-prefix {ON_MINE}": "weights were never published",
    f"run --predictor coseg-prefix --set recipe=papr {ON_MINE}": "'papr' is not one of 'miniature', 'paper'",
    f"run --predictor coseg-no-training --set k=many {ON_MINE}": "'many' is not a whole number or one of 'auto'",
    # score
    "score": "Missing option '--dataset'",
    f"{SCORE} {{tmp}}/absent": "absent does not exist",
    f"{SCORE} {{tmp}}/empty": "there are no *.png files in {tmp}/empty",
    f"{SCORE} {{tmp}}/file": "'{tmp}/file' is a file",
    f"{SCORE} {{tmp}}/pngs --protocol coseg-authors": "needs masks and similarities. Use `run`",
    f"{SCORE} {{tmp}}/pngs --name mine": "needs both --results DIR and --name ID",
    f"{SCORE} {{tmp}}/pngs --split test": "unknown split 'test' of data set mine",
    "score --dataset voc20 --predictions {tmp}/pngs": "voc20: no data root is known",
    # table
    "table --suite minature": "Did you mean 'miniature'",
    "table --protocol standart": "Did you mean 'standard'",
    "table --format word": "'word' is not one of 'github', 'latex'",
    "table --results {tmp}/nowhere": "'{tmp}/nowhere' does not exist",
    "table --json {tmp}/file/table.json": "{tmp}/file is a file",
    "table --resamples 10": "settings of --ci; give --ci as well",
    # labels
    "labels --predictor coseg-no-training --dataset {card}": "Missing option '--out'",
    f"labels --predictor {{mine}}:Brightness {ON_MINE} --out {{tmp}}/l.jsonl": "has no first stage that can be kept",
    f"labels --predictor {{mine}}:Brightness {ON_MINE} --out {{tmp}}/empty": "is a directory",
    f"labels --predictor coseg-no-training {ON_MINE} --out {{tmp}}/l.jsonl --template photo": "exactly one '{{}}'",
    # train
    "train": "Missing option '--predictor'",
    "train --predictor coseg-prfix": "unknown trainer 'coseg-prfix'. Did you mean 'coseg-prefix'",
    "train --predictor coseg-prefix --dataset coco-stuff": "no data root is known",
    TRAIN.replace("val", "train"): "unknown split 'train' of data set mine",
    f"{TRAIN} --recipe papr": "unknown recipe 'papr'. Did you mean 'paper'",
    f"{TRAIN} --set stepps=1": "unknown training option 'stepps'. Did you mean 'steps'",
    # datasets
    "datasets lst": "Did you mean 'list'?",
    "datasets info": "Missing argument 'DATASET'",
    "datasets info voc20 --convention images=5105": "unknown option 'images' of data set voc20",
    "datasets info context59 --convention images=5106": "images=5106 is not one of 5104, 5105",
    "datasets info coco-things --convention crowd=under": "option crowd has no effect without route=instances",
    "datasets verify voc20": "no data root is known. Give --data-root DIR or set COSEGBENCH_DATA",
    "datasets verify {card} --data-root {root} --limit -1": "'--limit': -1 is not in the range x>=1",
    "datasets list --data-root {tmp}/file": "'{tmp}/file' is a file",
    "datasets miniature": "Missing option '--out'",
    "datasets miniature --out {root}": "is not empty and holds no miniature; give a new folder",
    "datasets miniature --out {tmp}/file/mini": "{tmp}/file is a file, and nothing can be written below it",
    "datasets miniature --out {tmp}/mini --seed -1": "'--seed': -1 is not in the range x>=0",
    # vocabulary
    "vocabulary show voc": "Did you mean 'voc21' or 'voc20'",
    "vocabulary align voc20": "Missing argument 'TRAINING'",
    # predictors
    "predictors list --jsn -": "Did you mean '--json'?",
    "predictors check nosuch": "path/to/file.py:Class",
    "predictors check {mine}:Brightness --world mars": "'mars' is not one of 'real', 'miniature'",
    "predictors check {mine}:Brightness --json {tmp}/empty": "{tmp}/empty is a folder",
    # protocols
    "protocols show standart": "Did you mean 'standard'",
    "protocols show standard --predictor coseg-prefix": "give --predictor and --dataset together",
    "protocols show coseg-authors --predictor coseg-prefx --dataset voc20": "Did you mean 'coseg-prefix'",
    "protocols show coseg-authors --predictor coseg-prefix --dataset voc2": "unknown data set 'voc2'",
    "protocols diff standard": "Missing argument 'SECOND'",
}
"""Command line -> words of the message. Each is a bad request, and nothing is printed on standard output."""

FAILURES = {
    f"{SCORE} {{tmp}}/pngs": "7 of 10 images have no prediction",
    f"{SCORE} {{tmp}}/colour": "image_000009.png holds RGB pixels",
    f"{SCORE} {{tmp}}/high": "value 77 at",
    f"{SCORE} {{tmp}}/small": "has (height, width) (3, 3), its label has",
    f"{SCORE} {{tmp}}/manifest": "manifest.json cannot be read",
    "table --results {tmp}/later": "has schema version 99; this cosegbench reads up to 1. Install a newer one",
    "table --results {tmp}/list": "is not a record: it has no schema_version",
    "table --results {tmp}/bare": "record lacks kind, family",
}
"""The same for sound requests on files that are wrong."""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Runs a command line in a folder of the user's own data set, predictor and broken files."""
    tmp = tmp_path_factory.mktemp("mistakes")
    world = _world(tmp)
    names = {"tmp": tmp, "root": world.root, "card": world.card, "mine": world.file}
    environment = {"COSEGBENCH_DATA": "", "COSEGBENCH_CACHE": str(tmp / "cache")}

    def run(line: str) -> Result:
        shutil.rmtree(tmp / "results", ignore_errors=True)
        return CliRunner().invoke(main, shlex.split(line.format(**names)), env=environment)

    run.names = names  # type: ignore[attr-defined]
    return run


def _world(tmp: Path) -> World:
    (tmp / "world").mkdir()
    (tmp / "empty").mkdir()
    world = World(tmp / "world")
    card = world.card.read_text()
    texts = {
        "file": "x",
        "broken.py": "import nothing_of_that_name\n",
        "syntax.py": "class Mine(:\n",
        "values.py": "x = 1\n",
        "bad.toml": "id = [\n",
        "typo.toml": card.replace("title", "titel"),
        "later.toml": card.replace("schema_version = 1", "schema_version = 9"),
        "manifest/manifest.json": "{",
        "later/p/a.open-vocabulary.json": json.dumps({"schema_version": 99}),
        "list/p/a.open-vocabulary.json": "[]",
        "bare/p/a.open-vocabulary.json": json.dumps({"schema_version": 1}),
    }
    for name, text in texts.items():
        (tmp / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp / name).write_text(text)
    for place, (image_id, label) in enumerate(world.labels.items()):
        maps = {
            "colour": np.zeros((*label.shape, 3), np.uint8),
            "high": np.full(label.shape, 77, np.uint8),
            "small": np.zeros((3, 3), np.uint8),
            "manifest": np.zeros(label.shape, np.uint8),
            **({"pngs": np.zeros(label.shape, np.uint8)} if place < 3 else {}),
        }
        for folder, pixels in maps.items():
            write_gray_png(tmp / folder / f"{image_id}.png", pixels)
    return world


def check(ask: Ask, line: str, words: str, code: int) -> None:
    done = ask(line)
    assert done.exit_code == code, done.output
    assert isinstance(done.exception, SystemExit), done.exception  # whatever else would be a traceback
    assert words.format(**ask.names) in done.stderr  # type: ignore[attr-defined]
    assert done.stdout == ""


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_answered_with_exit_code_2_and_the_words_that_mend_it(ask: Ask, line: str) -> None:
    check(ask, line, MISTAKES[line], 2)


@pytest.mark.parametrize("line", FAILURES)
def test_files_that_are_wrong_are_answered_with_exit_code_1_and_named(ask: Ask, line: str) -> None:
    check(ask, line, FAILURES[line], 1)
