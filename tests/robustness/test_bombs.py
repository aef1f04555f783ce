"""Files that say or unpack more than there is: a typed error, before the memory is taken."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosegbench.adapters import LabelSource, open_labels
from cosegbench.adapters.limits import MAX_PIXELS, check_size
from cosegbench.adapters.regions import decode_region, read_regions
from cosegbench.card_schema import FormatCard
from cosegbench.errors import CosegbenchError, DataError
from cosegbench.evidence import Evidence
from cosegbench.photographs import check_photograph, open_photograph
from cosegbench.running.label_files import read_labels
from cosegbench.running.soft_masks import read_masks
from cosegbench.vocabulary import Vocabulary
from robustness import bombs

MOST = 250 << 20
"""Bytes that a refusal may take at most; each file would unpack to more."""


def label(kind: str, path: Path) -> object:
    source = LabelSource(path.parent, "val", FormatCard(kind, path.name), Vocabulary.from_names(["a", "b"]), {})
    return open_labels(source).target("x")


def text_chunks(path: Path) -> Path:
    packed = b"note\0\0" + bombs.zeros(100 << 20)
    return bombs.png(path, 4, before=bombs.chunk(b"zTXt", packed), pixels=bytes(20))


CASES: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object]]] = {
    "a label PNG's size": (bombs.png, lambda path: label("label-png", path)),
    "a prediction's size": (bombs.png, lambda path: read_labels(path, 2, None)),
    "a photograph's size": (bombs.png, lambda path: open_photograph(path, "x")),
    "a photograph's size, verified": (bombs.png, lambda path: check_photograph(path, "x")),
    "a PNG's compressed text": (text_chunks, lambda path: read_labels(path, 2, None)),
    "a compressed matrix": (bombs.mat, lambda path: label("context-mat", path)),
    "a compressed matrix that lies": (lambda path: bombs.mat(path, says=1000), lambda path: label("context-mat", path)),
    "an evidence archive": (bombs.npz, Evidence.load),
    "an archive of masks": (bombs.npz, read_masks),
    "evidence that claims rows": (bombs.claiming_npz, Evidence.load),
}


@pytest.mark.parametrize("name", CASES)
def test_what_would_fill_the_memory_is_refused_before_it_does(name: str, tmp_path: Path) -> None:
    make, read = CASES[name]
    path = make(tmp_path / "x")
    tracemalloc.start()
    try:
        with pytest.raises(CosegbenchError, match=str(path)):
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST


def test_the_limit_is_named_with_the_size_that_a_file_says(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"20000 pixels high and 20000 wide; 1 to 89,478,485 pixels of sides up to 65,535 are read"
    ):
        read_labels(bombs.png(tmp_path / "x.png"), 2, None)
    check_size(9459, MAX_PIXELS // 9459, "x")
    for height, width in ((0, 5), (5, -1), (65_536, 1), (4, 8_192_003)):  # the last took a gigabyte for its rows
        with pytest.raises(DataError):
            check_size(height, width, "x")


def test_a_second_header_cannot_replace_the_one_that_was_checked(tmp_path: Path) -> None:
    second = bombs.chunk(b"IHDR", (9000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0]))
    with pytest.raises(DataError, match="cannot be decoded"):
        read_labels(bombs.png(tmp_path / "x.png", 4, before=second, pixels=bytes(20)), 2, None)


@pytest.mark.parametrize("size", [[10**9, 10**9], [0, 5], [-1, -5], [2.0, 2.0], ["2", "2"], [3, True]])
def test_a_region_file_with_a_size_that_cannot_be_is_refused(tmp_path: Path, size: list) -> None:
    image = {"id": 1, "file_name": "x.jpg", "height": size[0], "width": size[1]}
    path = tmp_path / "regions.json"
    path.write_text(json.dumps({"images": [image], "annotations": [], "categories": []}))
    with pytest.raises(DataError, match=r"regions\.json"):
        read_regions(path, "annotations")


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [3, 4], "counts": "P" * 1_000_000},  # a number of five million bits
        {"size": [3, 4], "counts": "2120O10P"},  # ends within a number: the codec would read on behind it
        {"size": [3, 4], "counts": "21\x0020O100"},
        {"size": [3, 4], "counts": "2120O1\u00e90"},
        {"size": [3, 4], "counts": [10**4000, 12]},
        {"size": [3, 4], "counts": 10**10},
        {"size": [3, 4], "counts": 2**63},
        [[0, 0, 1e9, 0, 1e9, 1e9]],
        [[0, 0, float("nan"), 1, 1, 1]],
        [[0, 0, float("inf"), 1, 1, 1]],
        [[0, 0, 1, 1, "2", 1]],
        [[0, 0, 1, 1, 2, [1]]],
    ],
)
def test_regions_that_would_hang_or_crash_the_codec_are_refused(segmentation: object) -> None:
    with pytest.raises(DataError, match="annotation 7"):
        decode_region(segmentation, 3, 4, "annotation 7")


def test_polygons_a_little_outside_are_cut_off_as_ever() -> None:
    mask = decode_region([[-1, -1, 5, -1, 5, 4, -1, 4]], 3, 4, "x")
    assert mask.all()


def test_large_labels_are_looked_up_in_parts_with_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosegbench.adapters import base

    values = np.random.default_rng(0).integers(0, 5, (37, 41)).astype(np.uint16)
    table = np.arange(65536, dtype=np.uint16)[::-1].copy()
    whole, counted = base.looked_up(table, values), base._histogram(values)
    monkeypatch.setattr(base, "_AT_ONCE", 100)
    np.testing.assert_array_equal(base.looked_up(table, values), whole)
    np.testing.assert_array_equal(base.looked_up(table, values.T), whole.T)
    np.testing.assert_array_equal(base._histogram(values), counted)


def test_a_bomb_is_one(tmp_path: Path) -> None:
    # The tests above would show nothing if the files did not unpack to what they are meant to.
    assert len(zlib.decompress(bombs.zeros(3 << 20))) == 3 << 20
    assert bombs.npz(tmp_path / "x.npz", 64 << 20).stat().st_size < 1 << 20
