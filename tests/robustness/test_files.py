"""Broken and disguised files of every kind, and photographs of every mode."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from fuzz import readers
from PIL import Image

from cosegbench.assignment import assign
from cosegbench.errors import CosegbenchError, DataError, PredictorError
from cosegbench.photographs import check_photograph, open_photograph
from cosegbench.prediction import LabelMap, MaskSet, ScoreMap
from cosegbench.protocols import get_protocol

SOUND = {
    "card": readers._CARD.encode,
    "vocabulary": lambda: readers._CSV,
    "record": lambda: json.dumps(readers._record()).encode(),
    "manifest": lambda: json.dumps(readers._manifest()).encode(),
    "prediction-png": lambda: readers._png(0),
    "mat": lambda: readers._mat(True),
    "regions": lambda: json.dumps(readers._regions()).encode(),
    "evidence": lambda: readers._npz(readers._evidence_arrays()),
    "masks": lambda: readers._npz(readers._mask_arrays()),
    "checkpoint": readers._packed_seed,
    "photograph": lambda: readers._photograph("PNG"),
}
"""Reader -> bytes that it reads."""


class Opened:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def put(name: str, folder: Path, data: bytes) -> Path:
    path = folder / f"{readers.READERS[name].name}{readers.READERS[name].suffix}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", SOUND)
def test_the_sound_file_is_read(name: str, tmp_path: Path) -> None:
    readers.READERS[name].read(put(name, tmp_path, SOUND[name]()))


@pytest.mark.parametrize("name", SOUND)
def test_an_empty_file_is_a_typed_error_that_names_it(name: str, tmp_path: Path) -> None:
    path = put(name, tmp_path, b"")
    with pytest.raises(CosegbenchError) as caught:
        readers.READERS[name].read(path)
    assert path.stem in str(caught.value)


@pytest.mark.parametrize("name", SOUND)
def test_a_file_that_breaks_off_anywhere_is_read_or_a_typed_error(name: str, tmp_path: Path) -> None:
    data, refused = SOUND[name](), 0
    for keep in range(0, len(data), max(1, len(data) // 40)):
        try:
            readers.READERS[name].read(put(name, tmp_path, data[:keep]))
        except CosegbenchError:
            refused += 1
    assert refused > 2


@pytest.mark.parametrize("name", SOUND)
def test_a_pickle_in_disguise_is_refused_and_never_opened(name: str, tmp_path: Path) -> None:
    sentinel = tmp_path / "opened"
    with pytest.raises(CosegbenchError):
        readers.READERS[name].read(put(name, tmp_path, pickle.dumps(Opened(sentinel))))
    assert not sentinel.exists()


@pytest.mark.parametrize("name", ["evidence", "masks"])
def test_an_archive_of_pickled_arrays_is_refused_and_never_opened(name: str, tmp_path: Path) -> None:
    sentinel, stream = tmp_path / "opened", io.BytesIO()
    np.savez(stream, version=np.array([Opened(sentinel)], object))
    with pytest.raises(CosegbenchError):
        readers.READERS[name].read(put(name, tmp_path, stream.getvalue()))
    assert not sentinel.exists()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_photographs_of_every_mode_come_as_rgb_with_the_colours_that_they_show(mode: str, tmp_path: Path) -> None:
    gray = Image.fromarray(np.kron([[0, 255]], np.ones((8, 8))).astype(np.uint8))
    form = {"CMYK": "TIFF", "YCbCr": "JPEG"}.get(mode, "PNG")
    gray.convert("RGB").convert(mode).save(tmp_path / "x.jpg", format=form)
    pixels = np.asarray(open_photograph(tmp_path / "x.jpg", "x")).astype(int)

    assert pixels.shape == (8, 16, 3)
    assert abs(pixels[:, :8]).max() <= 2
    assert abs(pixels[:, 8:] - 255).max() <= 2
    assert check_photograph(tmp_path / "x.jpg", "x").shape == (8, 16)


def test_a_gray_photograph_of_16_bits_keeps_its_upper_byte(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 0x1234, 0xFFFF]], np.uint16)
    Image.fromarray(values).save(tmp_path / "x.png")

    assert np.asarray(open_photograph(tmp_path / "x.png", "x"))[..., 0].tolist() == [[0, 0, 1, 0x12, 255]]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_a_photograph_of_32_bits_is_refused_because_nobody_knows_its_white(dtype: type, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((3, 4), dtype)).save(tmp_path / "x.tif")
    for read in (open_photograph, check_photograph):
        with pytest.raises(DataError, match="32 bits a pixel"):
            read(tmp_path / "x.tif", "x")


MASKS, SIMILAR = np.full((2, 4, 4), 0.5, np.float32), np.ones((2, 3), np.float32)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["scores", "masks", "similarity"])
def test_what_is_no_finite_number_is_refused_with_the_image(value: float, place: str) -> None:
    arrays = {"scores": np.zeros((3, 4, 4), np.float32), "masks": MASKS.copy(), "similarity": SIMILAR.copy()}
    arrays[place].flat[1] = value
    wrong = ScoreMap(arrays["scores"], "logit") if place == "scores" else MaskSet(arrays["masks"], arrays["similarity"])
    with pytest.raises(PredictorError, match="image_7"):
        assign(wrong, (4, 4), get_protocol("standard").method.assignment, 3, None, "image_7")


@pytest.mark.parametrize(
    "wrong",
    [
        LabelMap(np.zeros((4, 5), np.uint16)),
        LabelMap(np.zeros((4, 4), np.float32)),
        LabelMap(np.full((4, 4), 3, np.uint16)),
        LabelMap(np.zeros((1, 4, 4), np.uint16)),
        ScoreMap(np.zeros((2, 4, 4), np.float32), "logit"),
        ScoreMap(np.zeros((3, 4, 4), np.int32), "logit"),
        ScoreMap(np.zeros((3, 0, 4), np.float32), "logit"),
        MaskSet(MASKS[0], SIMILAR),
        MaskSet(MASKS, SIMILAR[:1]),
        MaskSet(MASKS, SIMILAR[:, :2]),
    ],
)
def test_a_wrong_shape_type_or_count_is_refused_with_the_image(wrong: object) -> None:
    with pytest.raises(CosegbenchError, match="image_7"):
        assign(wrong, (4, 4), get_protocol("standard").method.assignment, 3, None, "image_7")
