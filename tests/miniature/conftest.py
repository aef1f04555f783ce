from __future__ import annotations

from pathlib import Path

import pytest

from cosegbench.miniature import SMALL_SIZES, draw_miniature


@pytest.fixture(scope="session")
def small_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a handful of images."""
    root = tmp_path_factory.mktemp("miniature")
    draw_miniature(root, 0, sizes=SMALL_SIZES)
    return root
