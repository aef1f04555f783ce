"""What a training tells while it runs: the curve as CSV, as TensorBoard events, and as a figure."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from baselines.training_support import arguments
from cosegbench.cli import main
from cosegbench_baselines.training import figure


def trained(root: Path, clip: Path, out: Path, *extra: str, **settings: object) -> list[dict[str, str]]:
    result = CliRunner().invoke(main, [*arguments(root, clip, out / "w.safetensors", **settings), *extra])
    assert result.exit_code == 0, result.output
    with (out / "w.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_curve_holds_rate_loss_parts_and_the_measurements_on_held_out_pictures(
    root: Path, clip_folder: Path, tmp_path: Path
) -> None:
    settings = {"steps": 6, "log_every": 4, "holdout": 0.5, "batch": 2, "validate_every": 3}
    rows = trained(root, clip_folder, tmp_path, **settings)
    assert list(rows[0]) == ["step", "lr", "wall_s", "cpu_s", "total", "mask", "language", "dice", "val_miou"]
    assert {row["step"]: bool(row["val_miou"]) for row in rows} == {"1": False, "3": True, "4": False, "6": True}
    assert all(0 <= float(row["val_miou"]) <= 100 for row in rows if row["val_miou"])
    total = [float(r["mask"]) + 0.08 * float(r["language"]) + 0.18 * float(r["dice"]) for r in rows]
    assert [float(row["total"]) for row in rows] == pytest.approx(total, rel=1e-5)


def test_the_mask_decoder_alone_is_trained_in_parts_too(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    given = arguments(root, clip_folder, tmp_path / "w.safetensors", "coseg-decoder", steps=3, parts=2, log_every=1)
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    with (tmp_path / "w.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert all(0 < float(row["dice"]) <= 1 for row in rows)
    total = [float(row["mask"]) + 0.18 * float(row["dice"]) for row in rows]
    assert [float(row["total"]) for row in rows] == pytest.approx(total, rel=1e-5)


def test_measuring_on_the_way_changes_no_weight(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    common = {"steps": 4, "holdout": 0.5, "batch": 2}
    for name, every in (("with", 1), ("without", 0)):
        (tmp_path / name).mkdir()
        trained(root, clip_folder, tmp_path / name, validate_every=every, **common)
    files = [(tmp_path / name / "w.safetensors").read_bytes() for name in ("with", "without")]
    assert files[0] == files[1]


def test_measuring_needs_held_out_pictures(root: Path, clip_folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, arguments(root, clip_folder, tmp_path, steps=1, validate_every=1))
    assert result.exit_code == 2
    assert "validate_every needs held-out pictures; give holdout as well" in result.output


def test_tensorboard_that_is_not_installed_is_refused_before_any_work(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "tensorboard" else find(name, *a))
    result = CliRunner().invoke(main, [*arguments(root, clip_folder, tmp_path, steps=1), "--tensorboard"])
    assert result.exit_code == 2
    assert "pip install 'cosegbench[train]'" in result.output
    assert not list(tmp_path.iterdir())


def test_events_hold_the_numbers_of_the_curve(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for torch's writer, because TensorBoard is an extra that need not be installed."""
    events: dict[tuple[str, int], float] = {}
    folders: list[tuple[str, int]] = []

    class SummaryWriter:
        def __init__(self, folder: str, purge_step: int) -> None:
            folders.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            events[name, step] = value

        def close(self) -> None:
            folders.append(("closed", 0))

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: find("json" if name == "tensorboard" else name, *a)
    )
    rows = trained(root, clip_folder, tmp_path, "--tensorboard", steps=3, log_every=1)
    assert folders == [(str(tmp_path / "w.tensorboard"), 1), ("closed", 0)]
    for row in rows:
        for name in ("lr", "total", "mask", "language", "dice"):
            assert events[name, int(row["step"])] == float(row[name])


def write_curve(path: Path, rows: list[str]) -> Path:
    path.write_text("step,lr,wall_s,cpu_s,total,val_miou\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_a_curve_is_read_without_its_times_and_without_the_empty_cells(tmp_path: Path) -> None:
    path = write_curve(tmp_path / "a.csv", ["1,1e-3,0.1,0.1,2.5,", "2,1e-4,0.2,0.2,2.0,31.5"])
    assert figure.read_curve(path) == {
        "lr": [(1, 1e-3), (2, 1e-4)],
        "total": [(1, 2.5), (2, 2.0)],
        "val_miou": [(2, 31.5)],
    }


def test_the_figure_of_equal_curves_has_equal_bytes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = write_curve(tmp_path / "a.csv", ["1,1e-3,0.1,0.1,2.5,", "2,1e-4,0.2,0.2,2.0,31.5"])
    for name in ("one.svg", "two.svg"):
        assert figure.main([str(path), "--out", str(tmp_path / name)]) == 0
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert "<svg" in text


@pytest.mark.parametrize(
    ("content", "said"), [(None, "is not there"), ("a,b\n1,2\n", "is not the curve"), ("step,lr\n", "holds no row")]
)
def test_what_is_no_curve_is_a_bad_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert figure.main([str(path), "--out", str(tmp_path / "a.svg")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "a.svg").exists()


def test_without_matplotlib_the_figure_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    path = write_curve(tmp_path / "a.csv", ["1,1e-3,0.1,0.1,2.5,"])
    assert figure.main([str(path)]) == 2
    assert "pip install 'cosegbench[train]'" in capsys.readouterr().err
