"""``cosegbench table``: Table 1 as printed, and as measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.output import emit
from cosegbench.cli.table_options import TableRequest, table_options

if TYPE_CHECKING:
    from cosegbench.tables.grid import Grid


EXAMPLES = """
\b
Examples:
  cosegbench table
  cosegbench table --no-printed --suite miniature --protocol standard --protocol mmseg
  cosegbench table --format latex > table1.tex
  cosegbench table --suite cross-dataset --published sota --published SAN
  cosegbench table --no-printed --results results/run --ci --resamples 2000
  cosegbench table --no-printed --results results/run --measures --ci
  cosegbench table --no-printed --results results/run --rules --stability --suite miniature
  cosegbench table --audit
"""


@click.command("table", epilog=EXAMPLES)
@table_options
def command(json_file: str | None, **options: Any) -> None:
    """Print Table 1: as the paper prints it, and as measured.

    Every printed figure that is not what its row or column says is marked and explained. Measured figures share a
    column only where rule and ground truth are the same. Equal records give equal tables: no date, path or speed.
    """
    from cosegbench.cli import table_parts as parts
    from cosegbench.tables.render import as_document, render

    request = TableRequest(**options)
    request.check_together()
    published = parts.published_figures(request)
    grids: list[Grid] = parts.printed(request)
    records = parts.read(request)
    grids += parts.measured(request, records, published)
    if request.measures:
        grids += parts.hidden(request, records)
    if request.rules or request.stability:
        grids += parts.under_every_rule(request, records)
    emit(render(grids, request.format_).removesuffix("\n"), as_document(grids), json_file)
