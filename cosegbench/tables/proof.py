"""Whether records still say what the integer counts beside them give: no figure is printed that was typed in.

The counts are small (tens of kilobytes a record of the miniature), so every figure is computed again before a table is
made. A record without counts beside it is not an error, because records may be kept alone; it is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cosegbench.errors import CosegbenchError, RecordError
from cosegbench.records import Record, evidence_file


def prove(records: Iterable[tuple[Path, Record]]) -> tuple[Path, ...]:
    """Compute every figure of these records again from the evidence beside them.

    Args:
        records: each with its path.

    Returns:
        The paths of the records that have no evidence beside them; of those only the digests are compared.

    Raises:
        RecordError: a figure, a count or a digest is not what was measured; lists them all, with file, cell and both
            values.
    """
    from cosegbench.running.proving import MEND, changed_figures, changed_statements

    problems, alone = [], []
    for path, record in records:
        problems += [f"{path}: {line}" for line in changed_statements(record)]
        file = evidence_file(path, record)
        if file is None or not file.is_file():
            alone.append(path)
            continue
        try:
            problems += [f"{path}: {line}" for line in changed_figures(path, record)]
        except CosegbenchError as error:
            problems.append(str(error))
    if problems:
        raise RecordError(
            "\n".join(
                [
                    f"{len(problems)} statement(s) of these records are not what was measured. {MEND} Or print what "
                    "they say with --no-check.",
                    *(f"  - {line}" for line in problems),
                ]
            )
        )
    return tuple(alone)
