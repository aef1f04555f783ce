"""``predictors check``: in seconds, on drawn images, whether a predictor will survive a long run."""

from __future__ import annotations

from cosegbench.conformance.suite import CheckResult, check_predictor

__all__ = ["CheckResult", "check_predictor"]
