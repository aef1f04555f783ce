"""Which segments are looked at, and whose surroundings they get."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cosegbench.errors import RequestError
from cosegbench.probes.segments import Chosen, SegmentRule, choose_segments, jaccard
from cosegbench.probes.surroundings import GREY, grey_out, replace_around


def choose(areas: np.ndarray, rule: SegmentRule, background: int | None = None) -> Chosen:
    ids = [f"image {place}" for place in range(len(areas))]
    return choose_segments(ids, areas, np.full(len(areas), 100), rule, background)


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    images, classes = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    rows = st.lists(st.integers(0, 100 // classes), min_size=classes, max_size=classes)
    return np.array(draw(st.lists(rows, min_size=images, max_size=images)), np.int64)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 3), st.sampled_from([None, 1, 2]))
def test_segments_keep_the_rule_and_lenders_never_show_the_class(
    areas: np.ndarray, seed: int, per_image: int | None
) -> None:
    found = choose(areas, SegmentRule(0.1, per_image, seed))

    fit = {(i, c) for i, row in enumerate(areas) for c, area in enumerate(row) if 10 <= area <= 90}
    lendable = {(i, c) for i, c in fit if (areas[:, c] == 0).any()}
    drawn = [(int(each.image_id.split()[1]), each.label) for each in found.segments]
    assert drawn == sorted(set(drawn))
    assert set(drawn) <= lendable
    if per_image is None:
        assert set(drawn) == lendable
    else:
        assert max([sum(i == place for i, _ in drawn) for place in range(len(areas))]) <= per_image
    everything = [found.too_small, found.too_large, found.not_drawn, found.no_other_image, len(found.segments)]
    assert sum(everything) == (areas > 0).sum()
    for each in found.segments:
        for lender in (each.swapped, each.alike):
            assert areas[int(lender.split()[1]), each.label] == 0


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(0, 3))
def test_the_alike_image_has_the_largest_overlap_there_is(areas: np.ndarray, seed: int) -> None:
    for each in choose(areas, SegmentRule(0.05, None, seed)).segments:
        place = int(each.image_id.split()[1])
        around = {c for c in range(areas.shape[1]) if areas[place, c] and c != each.label}
        others = [{c for c in range(areas.shape[1]) if row[c]} for row in areas if row[each.label] == 0]
        overlaps = [len(around & other) / len(around | other) if around | other else 0.0 for other in others]
        assert each.overlap[1] == pytest.approx(max(overlaps))
        assert each.overlap[0] in [pytest.approx(value) for value in overlaps]


def test_equal_seeds_choose_alike_and_another_seed_chooses_otherwise() -> None:
    areas = np.random.default_rng(0).integers(0, 2, (30, 4)) * 25
    first, again, other = (choose(areas, SegmentRule(0.1, 1, seed)) for seed in (0, 0, 1))

    assert first == again
    assert first.segments != other.segments


def test_a_segment_does_not_depend_on_which_others_are_wanted() -> None:
    areas = np.random.default_rng(0).integers(0, 2, (20, 4)) * 25
    every = {(each.image_id, each.label): each for each in choose(areas, SegmentRule(0.1)).segments}
    few = choose(areas, SegmentRule(0.1, 1)).segments

    assert few
    assert all(every[each.image_id, each.label] == each for each in few)


def test_the_background_class_is_no_segment() -> None:
    found = choose(np.array([[50, 50], [0, 0]]), SegmentRule(), background=0)
    assert [each.label for each in found.segments] == [1]


@pytest.mark.parametrize(("area", "number"), [(0.0, None), (0.5, None), (0.1, 0)])
def test_a_rule_out_of_range_is_refused(area: float, number: int | None) -> None:
    with pytest.raises(RequestError, match="--"):
        SegmentRule(area, number)


def test_jaccard_of_two_empty_sets_is_0() -> None:
    assert jaccard(np.zeros((1, 3), bool), np.zeros(3, bool)).tolist() == [0.0]


def test_the_segment_stays_and_everything_else_is_other() -> None:
    rng = np.random.default_rng(0)
    image, other = (Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in ((6, 9), (12, 18)))
    segment = rng.random((6, 9)) < 0.5
    grey, pasted = np.asarray(grey_out(image, segment)), np.asarray(replace_around(image, segment, other))

    assert (grey[segment] == np.asarray(image)[segment]).all()
    assert (pasted[segment] == np.asarray(image)[segment]).all()
    assert (grey[~segment] == GREY).all()
    resized = np.asarray(other.resize((9, 6), Image.Resampling.BILINEAR))
    assert (pasted[~segment] == resized[~segment]).all()
