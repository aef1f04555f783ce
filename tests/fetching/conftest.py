from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fetching.support import Server, archives_of, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine; no proxy stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of the true layout, drawn by the miniature's writers, with everything in it."""
    from cosegbench.miniature import SMALL_SIZES, draw_miniature

    root = tmp_path_factory.mktemp("whole")
    draw_miniature(root, 0, sizes=SMALL_SIZES)
    return root


@pytest.fixture(scope="session")
def archives(whole: Path) -> dict[str, bytes]:
    """The official archives that such a root is unpacked from, by file name."""
    return archives_of(whole)
