"""Prints the tables of docs/statistics.md: ``PYTHONPATH=tests python -m uncertainty.calibrate [DATA_SETS]``."""

from __future__ import annotations

import sys
import time

from scipy.stats import binomtest
from tabulate import tabulate

from uncertainty.simulation import REGIMES, coverage, rejections

DATASETS, RESAMPLES, PERMUTATIONS, SEED = 1000, 1000, 999, 20261123


def share(number: int, total: int) -> str:
    """``95.1 [93.6, 96.4]``: percent with its exact binomial 95% interval."""
    ends = binomtest(number, total).proportion_ci(method="exact")
    return f"{100 * number / total:.1f} [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"


def main(datasets: int) -> None:
    rows = []
    for regime in REGIMES:
        start = time.perf_counter()
        found = coverage(regime, datasets=datasets, resamples=RESAMPLES, seed=SEED)
        numbers = (found.percentile, found.bca, found.difference_percentile, found.difference_bca)
        rows.append([regime.name, *(share(number, datasets) for number in numbers), f"{found.dropped:.2f}"])
        sys.stderr.write(f"{regime.name}: {time.perf_counter() - start:.0f} s\n")
    heading = ("data sets", "percentile", "BCa", "difference, percentile", "difference, BCa", "classes dropped a draw")
    sys.stdout.write(tabulate(rows, heading, tablefmt="github", disable_numparse=True) + "\n\n")
    rows = []
    for images in (20, 100, 500):
        for gap in (0.0, 0.1):
            number = rejections(images=images, datasets=datasets, permutations=PERMUTATIONS, seed=SEED, gap=gap)
            rows.append([str(images), "exchangeable" if gap == 0 else "the first is better", share(number, datasets)])
    heading = ("images", "the two predictors", "p at most 0.05, % of data sets")
    sys.stdout.write(tabulate(rows, heading, tablefmt="github", disable_numparse=True) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DATASETS)
