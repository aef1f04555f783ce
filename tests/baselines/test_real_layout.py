"""The main job as on a machine that has the data: the real cards on their layout, published folders, all predictors."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from baselines.exact.folders import SMALL, Tower
from baselines.real_layout import draw_root, write_weights
from cosegbench.cli import main
from cosegbench.suites import suite_datasets

IMAGES = 3
COLUMNS = suite_datasets("cross-dataset")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    draw_root(folder / "data", IMAGES + 1)
    label = {"queries": 5, "blocks": 2, "feedforward": 32}
    decoder = {"reduce": 8, "heads": 2, "feedforward": 16, "taps": (1, 2, 3)}
    # queries take CLIP's text positions, whose width is the joint space's in every published CLIP
    sizes = {**SMALL, "text": Tower(SMALL["projection"], 2, 2, 40)}
    write_weights(folder / "weights", sizes, label_model=label, mask_decoder=decoder)
    return folder


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The script that computes figures again without the toolkit."""
    path = Path(__file__).parents[1] / "benchmarks/check_full_size_run.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(place: Path, predictor: str, *more: str) -> Result:
    weights = place / "weights"
    sources = (
        ["--weights", str(weights / "clipseg"), "--set", f"clip={weights / 'clip'}"]
        if predictor == "coseg-no-training"
        else ["--weights", str(weights / f"{predictor}.safetensors")]
    )
    given = ["run", "--suite", "cross-dataset", "--predictor", predictor, *sources, "--threads", "1"]
    places = ["--data-root", str(place / "data"), "--results", str(place / "results")]
    return CliRunner().invoke(main, [*given, *places, *more])


@pytest.mark.slow
def test_all_predictors_run_the_cross_dataset_suite_and_their_records_and_table_are_right(
    place: Path, checker: ModuleType
) -> None:
    predictors = ("coseg-prefix", "coseg-xatten", "coseg-no-training")
    for predictor in predictors:
        saved = str(place / "predictions" / predictor)
        result = run(place, predictor, "--limit", str(IMAGES), "--save-predictions", saved)
        assert result.exit_code == 0, result.output
        for column in COLUMNS:
            record = json.loads((place / "results" / predictor / f"{column}.open-vocabulary.json").read_text())
            ious = checker.class_ious(column, place / "data", Path(saved))
            assert record["dataset"]["images"] == IMAGES
            assert record["scores"]["standard"]["iou"] == pytest.approx(ious, abs=1e-9)
            assert record["scores"]["standard"]["miou"] is not None
    table = CliRunner().invoke(main, ["table", "--results", str(place / "results"), "--suite", "cross-dataset"]).output
    measured = table[table.index("As measured here") :]
    assert all(name in measured for name in (*predictors, *COLUMNS))
    assert f"only the first {IMAGES} images" in measured


def test_a_root_that_is_not_the_whole_data_set_is_refused_without_a_limit(place: Path) -> None:
    result = run(place, "coseg-prefix", "--results", str(place / "others"))
    assert result.exit_code == 1
    assert f"{IMAGES + 1} images are listed, 1449 were expected" in result.output
