"""Compare the mIoU of committed records with those of a fresh `make run`: `same_table.py COMMITTED FRESH`.

Exact equality is promised on one kind of machine; across machines float arithmetic may move an arg max, so the bound is
0.05 mIoU. The committed records may hold more rows than `make run` makes, which are not compared. It fails where a row
of ROWS, or a figure of a row that was made, is missing on either side, so that it cannot pass by comparing nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cosegbench.errors import CosegbenchError
from cosegbench.records import Record, list_records, read_record
from cosegbench.suites import suite_datasets

BOUND = 0.05
SUITE = "miniature"
PROTOCOLS = ("standard", "coseg-authors")
ROWS = ("coseg-no-training", "coseg-prefix", "coseg-xatten", "random-labels", "single-class")
"""What `make run` makes at least."""

Key = tuple[str, str, str]
"""Row, column and protocol."""


def read(folder: Path) -> list[tuple[str, Record]]:
    """Row and record of every record of the suite; `folder` may hold them in `records/`."""
    below = folder / "records"
    found = [(path.parent.name, read_record(path)) for path in list_records(below if below.is_dir() else folder)]
    return [(row, record) for row, record in found if (record.dataset.column or record.dataset.id) in columns()]


def columns() -> tuple[str, ...]:
    """The columns that are compared."""
    return suite_datasets(SUITE)


def figures(records: list[tuple[str, Record]]) -> dict[Key, float | None]:
    """The mIoU of every row and column under PROTOCOLS."""
    return {
        (row, record.dataset.column or record.dataset.id, protocol): score.miou
        for row, record in records
        for protocol, score in record.scores.items()
        if protocol in PROTOCOLS
    }


def problems(committed: dict[Key, float | None], fresh: dict[Key, float | None]) -> list[str]:
    """What is missing or differs by more than the bound, one line each."""
    made = {row for row, _, _ in fresh}
    found = [f"{row}: not made by this run" for row in ROWS if row not in made]
    found += [f"{row}: no record committed" for row in sorted(made - {row for row, _, _ in committed})]
    for key in sorted(key for key in committed.keys() | fresh.keys() if key[0] in made):
        if key not in committed or key not in fresh:
            found.append(f"{' '.join(key)}: only in the {'fresh' if key in fresh else 'committed'} records")
        elif gap(committed[key], fresh[key]) > BOUND:
            found.append(f"{' '.join(key)}: {committed[key]} committed, {fresh[key]} now")
    return found


def gap(old: float | None, new: float | None) -> float:
    """The difference; infinite where only one of the two exists."""
    if old is None or new is None:
        return 0.0 if old is new else float("inf")
    return abs(old - new)


def same_evidence(committed: list[tuple[str, Record]], fresh: list[tuple[str, Record]]) -> str:
    """How many evidence files have the same bits; a remark, as another kind of machine may move some."""

    def digests(records: list[tuple[str, Record]]) -> dict[Key, str]:
        return {
            (row, record.dataset.column or record.dataset.id, record.family): record.evidence.sha256
            for row, record in records
            if record.evidence is not None
        }

    old, new = digests(committed), digests(fresh)
    shared = old.keys() & new.keys()
    return f"{sum(old[key] == new[key] for key in shared)} of {len(shared)} evidence files have the same bits"


def main() -> int:
    """Print the largest difference and every problem; return 1 where there is one."""
    try:
        committed, fresh = (read(Path(argument)) for argument in sys.argv[1:3])
    except CosegbenchError as error:
        print(error)
        return 1
    old, new = figures(committed), figures(fresh)
    gaps = {key: gap(old[key], new[key]) for key in old.keys() & new.keys()}
    if gaps:
        worst = max(sorted(gaps), key=lambda key: gaps[key])
        print(f"{len(gaps)} scores compared; the largest difference is {gaps[worst]:.6f} mIoU ({' '.join(worst)})")
        print(same_evidence(committed, fresh))
    found = problems(old, new)
    print("\n".join(found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
