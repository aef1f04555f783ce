"""Compare the mIoU of committed records with those of a fresh run: `same_table.py COMMITTED FRESH`.

Exact equality is promised on one kind of machine; across machines float arithmetic may move an arg max, so the bound is
0.05 mIoU. Fails where a record is missing on either side, so that it cannot pass by comparing nothing.
"""

import json
import sys
from pathlib import Path

BOUND = 0.05


def scores(folder: Path) -> dict[tuple[str, str], float | None]:
    """(record, protocol) -> mIoU of every record below ``folder``."""
    found = {}
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text())
        if "schema_version" not in record:
            continue
        name = path.relative_to(folder).as_posix()
        for protocol, entry in record["scores"].items():
            found[name, protocol] = entry["miou"]
    return found


def main() -> int:
    """Print the largest difference; return 1 where it is above the bound or anything is missing."""
    committed, fresh = (scores(Path(argument)) for argument in sys.argv[1:3])
    missing = sorted(set(committed) ^ set(fresh))
    for key in missing:
        print(f"only on one side: {key}")
    if not committed:
        print("no committed records")
        return 1
    gaps = {}
    for key in set(committed) & set(fresh):
        old, new = committed[key], fresh[key]
        if (old is None) != (new is None):
            missing.append(key)
        elif old is not None and new is not None:
            gaps[key] = abs(old - new)
    worst = max(gaps, key=lambda key: gaps[key])
    print(f"{len(gaps)} scores compared; the largest difference is {gaps[worst]:.6f} mIoU ({worst})")
    return int(bool(missing) or gaps[worst] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
