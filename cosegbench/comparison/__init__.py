"""Two predictors side by side: where they can be compared, by how much they differ, and whether that can be chance.

Reads records and their evidence, never a model. :mod:`.sides` finds the records, :mod:`.pairing` refuses what must not
be compared, :mod:`.columns` computes and :mod:`.words` prints.
"""

from __future__ import annotations

from cosegbench.comparison.columns import ColumnComparison, Draws, compare_column
from cosegbench.comparison.pairing import Pair, pair_columns
from cosegbench.comparison.sides import Side, find_sides
from cosegbench.comparison.words import as_json, as_text

__all__ = [
    "ColumnComparison",
    "Draws",
    "Pair",
    "Side",
    "as_json",
    "as_text",
    "compare_column",
    "find_sides",
    "pair_columns",
]
