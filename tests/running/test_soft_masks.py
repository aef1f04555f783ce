"""The file of one image's masks in 8 bit, and its rule of rounding."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import VOID, MaskSet
from cosegbench.assignment import AssignmentRule, masks_to_labels, resize_masks
from cosegbench.errors import DataError
from cosegbench.running.soft_masks import LARGEST_ERROR, quantise, read_masks, restore, write_masks

SOME = settings(max_examples=60, deadline=None)
PROBABILITIES = st.floats(0, 1, width=32)


def some_masks(seed: int = 0, number: int = 4, dtype: type = np.float32, *, nothing: bool = True) -> MaskSet:
    rng = np.random.default_rng(seed)
    similarity = rng.normal(size=(number, 3)).astype(dtype)
    last = rng.normal(size=number).astype(dtype) if nothing else None
    return MaskSet(rng.random((number, 7, 5)).astype(dtype), similarity, last, "logit", 17.5)


def saved(folder: Path, masks: MaskSet) -> Path:
    path = folder / "deep" / "x.npz"
    write_masks(path, masks, "deep/x", "r" * 64)
    return path


@SOME
@given(st.lists(PROBABILITIES, min_size=1, max_size=50))
def test_a_probability_becomes_the_nearest_level_and_of_two_the_lower(values):
    masks = np.array(values, np.float32).reshape(1, 1, -1)
    nearest = [min(range(256), key=lambda level: (abs(level - 255 * float(value)), level)) for value in masks.ravel()]
    assert quantise(masks).ravel().tolist() == nearest
    assert np.abs(restore(quantise(masks), "float64") - masks).max() <= LARGEST_ERROR
    again = restore(quantise(masks), "float32")
    np.testing.assert_array_equal(quantise(again), quantise(masks))


@SOME
@given(st.lists(PROBABILITIES, min_size=1, max_size=50), st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]))
def test_odd_tenths_are_exceeded_after_rounding_where_they_were_before(values, threshold):
    masks = np.array([*values, threshold, np.nextafter(np.float32(threshold), np.float32(1))], np.float64)
    apart = np.abs(masks - threshold) > 1e-6
    exact = np.abs(masks - threshold) == 0
    after = restore(quantise(masks.reshape(1, 1, -1)), "float64").ravel() > threshold
    kept = apart | exact
    np.testing.assert_array_equal(after[kept], (masks > threshold)[kept])


def test_what_interpolation_left_outside_is_cut_off():
    assert quantise(np.array([[[-1e-6, 1 + 1e-6]]])).ravel().tolist() == [0, 255]


@SOME
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.3, 0.5, None]), st.sampled_from([(7, 5), (21, 30)]))
def test_a_pixel_changes_its_label_only_where_its_decision_lies_within_the_rounding(seed, threshold, size):
    masks, rule = some_masks(seed, nothing=False), AssignmentRule(threshold)
    rounded = MaskSet(restore(quantise(masks.masks), "float32"), masks.similarity)
    before, after = (masks_to_labels(each, size, rule) for each in (masks, rounded))
    maps = np.sort(np.asarray(resize_masks(masks, size).masks), axis=0)
    margin = maps[-1] - maps[-2]
    if threshold is not None:
        margin = np.minimum(margin, 2 * np.abs(maps[-1] - threshold))
    sure = margin > 2 * LARGEST_ERROR + 1e-6
    np.testing.assert_array_equal(before[sure], after[sure])
    assert threshold is not None or not (after == VOID).any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("nothing", [True, False])
@pytest.mark.parametrize("number", [4, 0])
def test_a_file_holds_levels_of_the_masks_and_everything_else_unchanged(tmp_path, dtype, nothing, number):
    masks = some_masks(number=number, dtype=dtype, nothing=nothing)
    found = read_masks(saved(tmp_path, masks))
    kind = "float64" if dtype is np.float64 else "float32"
    assert (found.image_id, found.run) == ("deep/x", "r" * 64)
    assert (found.masks.kind, found.masks.scale, found.masks.masks.dtype) == ("logit", 17.5, np.dtype(kind))
    np.testing.assert_array_equal(found.masks.masks, restore(quantise(masks.masks), kind))
    for one, other in ((found.masks.similarity, masks.similarity), (found.masks.nothing, masks.nothing)):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == dtype
            np.testing.assert_array_equal(one, other)


def test_tensors_are_saved_like_arrays(tmp_path):
    torch = pytest.importorskip("torch")
    masks = some_masks()
    tensors = MaskSet(
        *(torch.from_numpy(part) for part in (masks.masks, masks.similarity, masks.nothing)), "logit", 17.5
    )
    path = saved(tmp_path, masks)
    before = path.read_bytes()
    assert saved(tmp_path, tensors).read_bytes() == before
    half = MaskSet(tensors.masks.bfloat16(), tensors.similarity.bfloat16())
    assert read_masks(saved(tmp_path, half)).masks.similarity.dtype == np.float32


def test_the_documented_line_reads_the_masks(tmp_path):
    masks = some_masks()
    with np.load(saved(tmp_path, masks)) as archive:
        levels = np.cumsum(archive["mask_steps"], axis=-1, dtype=np.uint8)
    np.testing.assert_array_equal(levels, quantise(masks.masks))


def rewritten(path: Path, **changes: object) -> Path:
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": np.int64(2)}, "version 2; this cosegbench reads up to 1"),
        ({"similarity": None}, "similarity is missing or unknown"),
        ({"more": np.zeros(1)}, "more is missing or unknown"),
        ({"mask_steps": np.zeros((4, 7, 5), np.int16)}, "mask_steps is int16"),
        ({"precision": np.array("float8")}, "precision is 'float8'"),
        ({"kind": np.array("guess")}, "kind is 'guess'"),
    ],
)
def test_a_file_that_does_not_fit_together_is_named(tmp_path, changes, says):
    with pytest.raises(DataError, match=says) as caught:
        read_masks(rewritten(saved(tmp_path, some_masks()), **changes))
    assert "x.npz" in str(caught.value)


def test_damage_is_found_and_nothing_is_unpickled(tmp_path):
    path = saved(tmp_path, some_masks())
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(DataError, match="damaged"):
        read_masks(path)
    place = sound.index(b"mask_steps.npy") + 60
    path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
    with pytest.raises(DataError, match="damaged"):
        read_masks(path)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{}], object))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version.npy", buffer.getvalue())
    with pytest.raises(DataError, match="damaged"):
        read_masks(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_masks(tmp_path / "absent.npz")
