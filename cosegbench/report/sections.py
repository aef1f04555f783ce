"""The sections of the page below its answers, each made from the same material."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cosegbench.report.classes import class_tables
from cosegbench.report.images import image_tables
from cosegbench.report.material import Material
from cosegbench.report.pairs import describe, pairs_table
from cosegbench.report.rules import rules_of, rules_table
from cosegbench.report.view import Table, table_of
from cosegbench.suites import SUITES
from cosegbench.tables.audit import audit_grid
from cosegbench.tables.grid import Grid
from cosegbench.tables.measured import measured_grids
from cosegbench.tables.rules import rule_grids
from cosegbench.tables.stability import stability_grids
from cosegbench.tables.table1 import printed_grid
from cosegbench.tables.uncertainty import Uncertainty


@dataclass(frozen=True, slots=True)
class Part:
    """One section.

    Args:
        id: its fragment.
        title: its heading.
        words: an introduction, a paragraph each.
        tables: shown.
        folded: tables that unfold, one by one.
    """

    id: str
    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()


def sections(material: Material) -> tuple[Part, ...]:
    """All of them, in the order of the page.

    Raises:
        MissingDataError, DataError: pictures were asked for and cannot be drawn.
    """
    makers = (measured, paired, ruled, published, class_by_class, worst_images)
    return tuple(part for maker in makers if (part := maker(material)).tables or part.folded)


def measured(material: Material) -> Part:
    """The measured tables, each figure with its interval."""
    wish = material.wish
    protocols = tuple(dict.fromkeys(protocol for _, protocol in material.columns))
    uncertainty = Uncertainty(material.sources.records, wish.resamples, wish.seed)
    grids = measured_grids(material.figures, SUITES, wish.suite, protocols, uncertainty)
    words = (
        "mIoU in percent with its 95% interval below. The bar runs from 0 to 100: the band is the interval, the stroke "
        "the figure. Bold is the highest system of a column; letters lead to the notes. Figures stand in one column "
        "only where rule, images and labels are the same.",
    )
    return Part("measured", "As measured here", words, _tables("measured", grids))


def paired(material: Material) -> Part:
    """Every two systems on every column."""
    found = [(place, pairs) for place, pairs in material.compared.items() if pairs]
    tables = tuple(
        pairs_table(f"pairs-{number}", f"{suite}, protocol {protocol}: every two systems", pairs, material.sources)
        for number, ((suite, protocol), pairs) in enumerate(found, 1)
    )
    return Part("pairs", "Paired comparison", describe(material.sources)[:3], tables)


def ruled(material: Material) -> Part:
    """Every rule: predictors side by side, orders that hold, and each predictor by itself."""
    answers, wish = material.answers, material.wish
    figures = [figure for figure in answers.figures if figure.dataset in material.datasets]
    tables = tuple(
        rules_table(f"rules-{place}", suite, rules_of(figures, datasets), material.names, material.palette)
        for place, (suite, datasets) in enumerate(material.suites.items(), 1)
    )
    stability = _tables("stability", stability_grids(figures, SUITES, wish.suite))
    folded = _tables("rule", rule_grids(answers, SUITES, wish.suite))
    words = (
        "The same kept evidence under every rule that it answers, computed anew. First the predictors side by side, "
        "then for each two systems the number of rules under which the first is higher, the second is, and both are "
        "equal. Each predictor by itself unfolds below, with the reason for every dash.",
    )
    return Part("rules", "Other rules", words, (*tables, *stability), folded)


def published(material: Material) -> Part:
    """Table 1 as printed, and what each of its cells is."""
    grid = printed_grid(material.printed)
    audit = table_of(audit_grid(material.printed), "audit-table")
    links = {(cell.row, cell.column): f"audit-row-{place}" for place, cell in enumerate(material.printed.cells)}
    rows = tuple(replace(row, id=f"audit-row-{place}") for place, row in enumerate(audit.rows))
    words = (
        "The paper's table as it stands, every cell that is not what its row or column says marked. A figure leads to "
        "its line of the audit: what it really is, the verdict, and where that was read.",
    )
    shown = (table_of(grid, "printed-table", links), replace(audit, rows=rows))
    return Part("printed", "Table 1 of the paper, and its audit", words, shown)


def class_by_class(material: Material) -> Part:
    """The IoU of every class."""
    folded = [
        table
        for place, columns in enumerate(material.main.values(), 1)
        for table in class_tables(f"classes-{place}", columns, material.sources, material.palette)
    ]
    words = ("IoU of every class, systems side by side, each data set in a table that unfolds.",)
    return Part("classes", "Class by class", words, (), tuple(folded))


def worst_images(material: Material) -> Part:
    """The images with the lowest mIoU."""
    wish = material.wish
    folded = [
        table
        for place, columns in enumerate(material.main.values(), 1)
        for table in image_tables(
            f"images-{place}", columns, material.sources, material.palette, wish.worst, wish.pictures
        )
    ]
    words = (f"The {wish.worst} images of lowest mIoU of each system, with the figure of every other system.",)
    return Part("images", "Worst images", words, (), tuple(folded))


def _tables(ident: str, grids: Iterable[Grid]) -> tuple[Table, ...]:
    return tuple(table_of(grid, f"{ident}-table-{place}") for place, grid in enumerate(grids, 1))
