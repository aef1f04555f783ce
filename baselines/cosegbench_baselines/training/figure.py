"""A figure of the curves of trainings: one panel a quantity, one line a training.

python -m cosegbench_baselines.training.figure weights/coseg-prefix.paper.csv --out curves.svg
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from cosegbench.errors import CosegbenchError, MissingDataError, RequestError
from cosegbench.files import write_bytes

TIMES = ("wall_s", "cpu_s")
"""Columns that say nothing about the training itself."""

Curve = dict[str, list[tuple[float, float]]]
"""For each quantity the (step, value) pairs at which it was measured."""


def read_curve(path: Path) -> Curve:
    """A CSV that a training wrote; an empty cell is no point.

    Raises:
        MissingDataError: no such file.
        RequestError: not a curve.
    """
    if not path.is_file():
        raise MissingDataError(f"curve {path} is not there. A training writes it beside its checkpoint, as .csv.")
    found: Curve = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                for name, value in row.items():
                    if name not in ("step", *TIMES) and value:
                        found.setdefault(name, []).append((float(row["step"]), float(value)))
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(f"{path} is not the curve of a training ({type(error).__name__}: {error}).") from error
    if not found:
        raise RequestError(f"{path} holds no row of a curve.")
    return found


def draw(curves: dict[str, Curve], out: Path) -> None:
    """Write the figure; equal curves give equal bytes.

    Args:
        curves: by the name that the legend gives them.
        out: its suffix (svg, pdf, png) is the format.

    Raises:
        RequestError: matplotlib is not installed, or it knows no such format.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RequestError(
            "the figure needs the package matplotlib, which is not installed. "
            "`pip install 'cosegbench[train]'` brings it."
        ) from error
    names = list(dict.fromkeys(name for curve in curves.values() for name in curve))
    with mpl.rc_context({"svg.hashsalt": "cosegbench", "font.size": 8}):
        figure = Figure(figsize=(7, 1.6 * len(names)), layout="constrained")
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for panel, name in zip(panels, names, strict=True):
            for label, curve in curves.items():
                points = curve.get(name, [])
                panel.plot([x for x, _ in points], [y for _, y in points], label=label, linewidth=1)
            panel.set_ylabel("mIoU, held out" if name == "val_miou" else name)
        panels[-1].set_xlabel("step")
        panels[0].legend(frameon=False)
        blob, kind = io.BytesIO(), out.suffix.removeprefix(".") or "svg"
        try:
            figure.savefig(blob, format=kind, metadata={"Date": None} if kind == "svg" else None)
        except ValueError as error:
            raise RequestError(f"{out}: {error}.") from error
    write_bytes(out, blob.getvalue())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when the figure is written, 2 for a request that cannot be met."""
    parser = argparse.ArgumentParser(prog="python -m cosegbench_baselines.training.figure", description=__doc__)
    parser.add_argument("curves", type=Path, nargs="+", metavar="CSV", help="the curves of trainings")
    parser.add_argument("--out", type=Path, default=Path("curves.svg"), help="svg, pdf or png [curves.svg]")
    options = parser.parse_args(arguments)
    try:
        draw({path.stem: read_curve(path) for path in options.curves}, options.out)
    except CosegbenchError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
