"""The command line of the study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cosegbench.errors import CosegbenchError
from cosegbench.files import write_bytes, write_text
from cosegbench.suites import SUITES, suite_datasets
from cosegbench.tables.measured import measured_grids
from cosegbench.tables.render import render
from miniature_study.reading import PROTOCOLS, Study
from miniature_study.report import readme
from miniature_study.weights import read_training

SUITE = "miniature"
WEIGHTS = Path(__file__).resolve().parents[1] / "cosegbench_baselines" / "weights" / "miniature"

VARIANTS = "variants"
"""Folder in ``out`` with the JSONs of variants of CLIP that were trained for comparison; they are read, not written."""

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("results", nargs=-1, required=True, type=_folder)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
@click.option("--labels", type=_folder, help="Folder of kept first stages, ROW/COLUMN.jsonl.  [default: none]")
@click.option(
    "--weights", type=click.Path(path_type=Path), default=WEIGHTS, help="Folder of checkpoints.  [default: the shipped]"
)
def main(*, results: tuple[Path, ...], out: Path, labels: Path | None, weights: Path) -> None:
    """Write tables, README and copies of the records of RESULTS; further folders are other training seeds."""
    try:
        write_study([Study.read(folder) for folder in results], out, labels, weights)
    except CosegbenchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {out}")


def write_study(studies: Sequence[Study], out: Path, labels: Path | None, weights: Path) -> None:
    """Write ``table.md``, ``table.csv``, ``README.md`` and ``records/`` into ``out``.

    Args:
        studies: the shipped weights' records, then those of other training seeds.
        out: a folder; ``records/`` in it, and ``records-seed-N/`` of further seeds, are replaced.
        labels: see :func:`miniature_study.report.readme`.
        weights: folder of checkpoints.

    Raises:
        RecordError: evidence that is absent or another run's.
        DataError: labels or weights that cannot be read.
    """
    main_study, *others = studies
    columns = main_study.columns(suite_datasets(SUITE))
    text = readme(main_study, others, columns, labels, read_training(weights, out / VARIANTS))
    grids = measured_grids(main_study.figures(), SUITES, SUITE, PROTOCOLS)
    write_text(out / "table.md", render(grids))
    write_text(out / "table.csv", render(grids, "csv"))
    write_text(out / "README.md", text)
    for place, study in enumerate(studies, start=1):
        _copy_records(study, out / ("records" if place == 1 else f"records-seed-{place}"))


def _copy_records(study: Study, folder: Path) -> None:
    """The records and their evidence as they are; what is no longer measured goes."""
    wanted: dict[Path, Path] = {}
    for result in study.results:
        files = [result.path, *([result.evidence_file] if result.record.evidence else [])]
        wanted |= {folder / result.path.parent.name / file.name: file for file in files}
    for target, source in wanted.items():
        write_bytes(target, source.read_bytes())
    for path in folder.glob("*/*"):
        if path not in wanted:
            path.unlink()
