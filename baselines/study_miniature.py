"""Writes ``results/miniature`` from records and their evidence: ``study_miniature.py RESULTS... --out DIR``.

Run from a checkout in which cosegbench is installed; ``make results`` does it, measurements included.
"""

from __future__ import annotations

from miniature_study.command import main

if __name__ == "__main__":
    main()
