from __future__ import annotations

from pathlib import Path

import pytest

from probes.support import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world in which context tells two things apart."""
    return World(tmp_path)
