"""The wheel works outside the checkout: it carries cards, vocabularies, ledger and miniature weights."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The wheel's contents in a folder of their own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def outside(unpacked: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    environment.pop("COSEGBENCH_DATA", None)
    return subprocess.run(
        [sys.executable, *arguments], cwd=unpacked.parent, env=environment, capture_output=True, text=True, check=True
    )


def test_the_data_files_are_read_from_the_wheel(unpacked):
    code = "from cosegbench.locate import data_file; print(data_file('datasets', 'voc20.toml'))"
    assert Path(outside(unpacked, "-c", code).stdout.strip()).is_relative_to(unpacked)


def test_the_data_files_are_read_from_the_checkout_where_nothing_is_packed():
    from cosegbench.locate import data_file

    assert data_file("datasets", "voc20.toml") == ROOT / "datasets" / "voc20.toml"


def test_the_wheel_lists_every_data_set_of_the_checkout(unpacked):
    listed = outside(unpacked, "-m", "cosegbench", "datasets", "list").stdout
    cards = sorted(path.stem for path in (ROOT / "datasets").glob("*.toml"))
    assert cards
    assert [line.split()[0] for line in listed.splitlines()[2:] if line.strip()] == cards


def test_the_wheel_prints_table_1_from_its_own_ledger(unpacked):
    table = outside(unpacked, "-m", "cosegbench", "table").stdout
    assert "S-Seg" in table
    assert "81.8" in table


def test_the_wheel_carries_the_weights_of_the_miniature(unpacked):
    weights = Path("cosegbench_baselines", "weights", "miniature")
    shipped = {path.name for path in (unpacked / weights).glob("*.safetensors")}
    assert shipped
    assert shipped == {path.name for path in (ROOT / "baselines" / weights).glob("*.safetensors")}


def test_the_wheel_carries_template_style_and_script_of_the_report(unpacked):
    assets = Path("cosegbench", "report", "assets")
    shipped = {path.name for path in (unpacked / assets).iterdir()}
    assert shipped
    assert shipped == {path.name for path in (ROOT / assets).iterdir()}


def test_the_wheel_holds_neither_tests_nor_results_of_runs(unpacked):
    tops = {path.name for path in unpacked.iterdir()}
    assert "tests" not in tops
    assert "datasets" not in tops
    assert not list(unpacked.glob("cosegbench/_data/results/*/"))
