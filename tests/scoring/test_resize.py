from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import ScoreMap
from cosegbench.assignment import AssignmentRule, Resizer, assign

SIDES = st.integers(1, 40)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([np.float32, np.float64]), st.booleans())
def test_resizing_equals_torch(height, width, new_height, new_width, kind, as_tensor):
    torch = pytest.importorskip("torch")
    maps = np.random.default_rng(height * width).random((3, height, width)).astype(kind)
    tensor = torch.from_numpy(maps)
    expected = torch.nn.functional.interpolate(tensor[None], size=(new_height, new_width), mode="bilinear")[0].numpy()
    given_maps = tensor if as_tensor else maps
    got = np.asarray(Resizer(given_maps, (new_height, new_width))(given_maps))
    assert got.dtype == kind
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "target"), [((352, 352), (375, 500)), ((22, 22), (375, 500)), ((224, 224), (97, 131))]
)
def test_resizing_equals_torch_at_the_sizes_in_use(source, target):
    torch = pytest.importorskip("torch")
    maps = np.random.default_rng(0).random((2, *source)).astype(np.float32)
    expected = torch.nn.functional.interpolate(torch.from_numpy(maps)[None], size=target, mode="bilinear")[0].numpy()
    np.testing.assert_allclose(Resizer(maps, target)(maps), expected, atol=1e-6)


def test_maps_of_the_right_size_are_returned_untouched():
    maps = np.random.default_rng(0).random((2, 5, 6)).astype(np.float16)
    assert Resizer(maps, (5, 6))(maps) is maps


def test_a_constant_map_stays_exactly_constant():
    maps = np.full((1, 7, 9), 0.3, np.float32)
    assert (Resizer(maps, (31, 17))(maps) == np.float32(0.3)).all()


@pytest.mark.parametrize("classes", [459, 847])
def test_many_classes_at_full_size_stay_within_the_memory_bar(classes):
    scores = ScoreMap(np.random.default_rng(0).standard_normal((classes, 22, 22)).astype(np.float32), "logit")
    tracemalloc.start()
    assign(scores, (375, 500), AssignmentRule(), classes, None, "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
