"""Getting official archives: downloaded, compared with their hashes, unpacked safely, and moved into the data root."""

from __future__ import annotations

from cosegbench.fetching.fetch import Fetched, fetch, remove_archives
from cosegbench.fetching.lock import fetch_lock
from cosegbench.fetching.needs import View
from cosegbench.fetching.plan import Plan, make_plan
from cosegbench.fetching.progress import Progress, Silent
from cosegbench.fetching.stores import Licences, Pins

__all__ = [
    "Fetched",
    "Licences",
    "Pins",
    "Plan",
    "Progress",
    "Silent",
    "View",
    "fetch",
    "fetch_lock",
    "make_plan",
    "remove_archives",
]
