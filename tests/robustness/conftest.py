from __future__ import annotations

from pathlib import Path

import pytest
from running.support import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A small data set of the user's own, with predictors."""
    return World(tmp_path)
