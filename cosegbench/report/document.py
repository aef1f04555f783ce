"""The report for programs: what the page shows, as plain JSON values at full precision."""

from __future__ import annotations

from typing import Any

from cosegbench.records.codec import encode
from cosegbench.report.contents import Report

SCHEMA_VERSION = 1
"""Version of the document; a change that a reader must know of raises it."""


def as_document(report: Report) -> dict[str, Any]:
    """Everything that the page shows; a figure that does not exist is null."""
    content: dict[str, Any] = encode(report, "report")
    return {"schema_version": SCHEMA_VERSION, **content}
