"""Where the toolkit's own data files lie: in the wheel, or in the checkout for an editable install."""

from __future__ import annotations

import os
from pathlib import Path

from cosegbench.errors import MissingDataError

DATA_ROOT_VARIABLE = "COSEGBENCH_DATA"
"""Environment variable that names the default data root."""

NO_DATA_ROOT = f"no data root is known. Give --data-root DIR or set {DATA_ROOT_VARIABLE}."
"""What is said where neither names one."""

_PACKAGE = Path(__file__).resolve().parent


def data_file(*parts: str) -> Path:
    """Path of a file or folder that the project ships, for instance ``data_file("datasets", "voc20.toml")``.

    The wheel holds them under ``cosegbench/_data``; a checkout holds them at its top level.

    Raises:
        MissingDataError: neither place has it, which means a broken installation.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise MissingDataError(
        f"{'/'.join(parts)} is neither in {_PACKAGE / '_data'} nor in {_PACKAGE.parent}: the installation is "
        "incomplete. Reinstall cosegbench."
    )


def default_data_root() -> Path | None:
    """The folder that ``COSEGBENCH_DATA`` names, or None where it is unset or empty."""
    value = os.environ.get(DATA_ROOT_VARIABLE, "")
    return Path(value).expanduser() if value else None
