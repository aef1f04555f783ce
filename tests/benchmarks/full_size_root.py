"""A data root of the real layout at the real size, and B/16 checkpoints with random weights, for the real command.

``python tests/benchmarks/full_size_root.py OUT --images 200`` draws ``OUT/data`` and writes ``OUT/weights``. Then, as
on real data: ``cosegbench run --suite cross-dataset --data-root OUT/data --limit 200 --predictor ...``. The cards are
the real ones and pin the real lists, so a root that is not the whole data set is only run with ``--limit``; one image
more than asked for is drawn, because a limit that leaves nothing out is checked as the whole split.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("out", type=Path, help="folder of data and weights")
    words.add_argument("--images", type=int, default=200, help="images that --limit can ask for [200]")
    words.add_argument("--tokenizer", type=Path, help="folder of CLIP's vocab.json and merges.txt [letters]")
    given = words.parse_args()
    sys.path.insert(0, str(TESTS))  # the script is not a test, and finds their helpers all the same
    from baselines.exact.folders import B16
    from baselines.real_layout import draw_root, write_weights

    draw_root(given.out / "data", given.images + 1)
    write_weights(given.out / "weights", B16, given.tokenizer)


if __name__ == "__main__":
    main()
