from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cosegbench.errors import DataError, LabelError, RequestError
from cosegbench.labels import VOID
from cosegbench.running.label_files import (
    FORMAT,
    Manifest,
    find_folder,
    pair_files,
    read_labels,
    read_manifest,
    write_labels,
    write_manifest,
)


def write_png(path: Path, values: Any, dtype: Any) -> Path:
    Image.fromarray(np.asarray(values, dtype)).save(path)
    return path


@given(st.integers(1, 847), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_label_map_that_is_written_and_read_is_equal(tmp_path_factory: Any, classes: int, seed: int) -> None:
    path = tmp_path_factory.mktemp("png") / "a.png"
    labels = np.random.default_rng(seed).integers(0, classes, (7, 5)).astype(np.uint16)
    labels[0, 0] = VOID
    write_labels(path, labels)

    np.testing.assert_array_equal(read_labels(path, classes, None), labels)


@pytest.mark.parametrize(
    ("dtype", "values", "manifest", "expected"),
    [
        (np.uint8, [[0, 2, 255]], None, [[0, 2, VOID]]),
        (np.uint16, [[0, 2, 65535]], None, [[0, 2, VOID]]),
        (np.uint8, [[1, 3, 0]], Manifest(offset=1, void=0), [[0, 2, VOID]]),
        (np.uint16, [[1, 3, 0]], Manifest(offset=1, void=0), [[0, 2, VOID]]),
        (np.uint16, [[101, 103, 65535]], Manifest(offset=101), [[0, 2, VOID]]),
    ],
)
def test_values_are_read_as_the_manifest_or_the_bit_depth_says(
    tmp_path: Path, dtype: Any, values: Any, manifest: Manifest | None, expected: Any
) -> None:
    labels = read_labels(write_png(tmp_path / "a.png", values, dtype), 3, manifest)

    assert labels.dtype == np.uint16
    assert labels.tolist() == expected


def test_palette_pictures_are_read_by_index(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [0] * 759)
    image.putdata([0, 1, 2])
    image.save(tmp_path / "a.png")

    assert read_labels(tmp_path / "a.png", 3, None).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("dtype", "value", "classes", "manifest", "words"),
    [
        (np.uint8, 3, 3, None, r"value 3 at 1 pixels is no class; expected 0\.\.2, or 255 for void"),
        (np.uint16, 255, 3, None, r"value 255 .* or 65535 for void"),
        (np.uint16, 65534, 3, None, "value 65534"),
        (np.uint8, 0, 3, Manifest(offset=1), r"value 0 .* expected 1\.\.3"),
    ],
)
def test_a_value_that_is_no_class_names_file_value_and_range(
    tmp_path: Path, dtype: Any, value: int, classes: int, manifest: Manifest | None, words: str
) -> None:
    path = write_png(tmp_path / "a.png", [[1, value]], dtype)

    with pytest.raises(LabelError, match=words) as caught:
        read_labels(path, classes, manifest)
    assert str(path) in str(caught.value)


def test_eight_bits_for_more_than_255_classes_are_refused(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", [[1]], np.uint8)

    assert read_labels(path, 255, None).tolist() == [[1]]
    with pytest.raises(RequestError, match="Write 16-bit PNGs"):
        read_labels(path, 256, None)


def gray_png(bits: int, row: bytes) -> bytes:
    """A gray PNG of one row of four pixels with fewer than 8 bits each, which Pillow cannot write."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 4, 1, bits, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" + row))]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*parts, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("bits", "row"), [(2, bytes([0b00011011])), (4, bytes([0x01, 0x2F]))])
def test_gray_levels_of_fewer_than_8_bits_are_refused_because_decoders_stretch_them(
    tmp_path: Path, bits: int, row: bytes
) -> None:
    # Stretched, the highest level would read 255, which is void.
    (tmp_path / "a.png").write_bytes(gray_png(bits, row))

    with pytest.raises(LabelError, match=f"{bits} bits a pixel without a palette"):
        read_labels(tmp_path / "a.png", 256 - 1, None)


@pytest.mark.parametrize(
    "manifest",
    [
        Manifest(void=0),
        Manifest(offset=-1),
        Manifest(offset=1),
        Manifest(offset=10**8),
        Manifest(offset=2, void=0),
    ],
)
def test_a_manifest_that_gives_one_value_two_meanings_or_none_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    path = write_png(tmp_path / "a.png", [[1]], np.uint8)

    with pytest.raises(RequestError, match="Mend offset and void"):
        read_labels(path, 255, manifest)


def test_colour_pictures_and_broken_files_are_errors_with_their_name(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "colour.png")
    (tmp_path / "empty.png").write_bytes(b"")
    whole = write_png(tmp_path / "whole.png", np.arange(2000).reshape(40, 50) % 3, np.uint8).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(LabelError, match=r"colour\.png holds RGB pixels"):
        read_labels(tmp_path / "colour.png", 3, None)
    for name in ("empty.png", "cut.png", "absent.png"):
        with pytest.raises(DataError, match=name):
            read_labels(tmp_path / name, 3, None)


def test_files_are_paired_by_name_and_all_that_is_missing_or_extra_is_listed(tmp_path: Path) -> None:
    for name in ("a", "c", "z"):
        write_png(tmp_path / f"{name}.png", [[0]], np.uint8)

    pairs, extra = pair_files(tmp_path, ["c", "a"])
    assert pairs == {"c": tmp_path / "c.png", "a": tmp_path / "a.png"}
    assert extra == ["z.png: no image of the list has this name"]
    with pytest.raises(DataError, match="2 of 3 images") as caught:
        pair_files(tmp_path, ["a", "b", "d"])
    assert len(caught.value.problems) == 4


def test_the_folder_of_the_data_set_is_found_below_the_one_given(tmp_path: Path) -> None:
    (tmp_path / "voc20").mkdir()
    write_png(tmp_path / "voc20" / "a.png", [[0]], np.uint8)

    assert find_folder(tmp_path, "voc20") == tmp_path / "voc20"
    assert find_folder(tmp_path / "voc20", "voc20") == tmp_path / "voc20"
    for folder in (tmp_path / "absent", tmp_path):
        with pytest.raises(RequestError, match=r"absent|no \*\.png"):
            find_folder(folder, "coco")


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    write_manifest(tmp_path, Manifest(offset=1, void=0, dataset="voc20"))

    assert read_manifest(tmp_path) == Manifest(offset=1, void=0, dataset="voc20")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], 'no "format"'),
        ({"format": "other"}, 'no "format"'),
        ({"format": FORMAT, "schema_version": 2}, "schema version 2"),
        ({"format": FORMAT, "offst": 1}, "Did you mean 'offset'"),
        ({"format": FORMAT, "offset": "1"}, "expected int"),
        ({"format": FORMAT, "offset": None}, "expected int"),
        ({"format": FORMAT, "void": True}, "expected int"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(tmp_path: Path, values: Any, words: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(values))

    with pytest.raises(DataError, match=words):
        read_manifest(tmp_path)
