from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.miniature import corpora
from cosegbench.miniature.closeups import draw_closeup
from cosegbench.miniature.draw import EVERYTHING, SEEN_ONLY, VOC_LIKE
from cosegbench.miniature.scenes import SIDES, Wish, draw_scene
from cosegbench.miniature.world import CONCEPTS, INDEX

NAMES = [c.name for c in CONCEPTS]
SEEN = [c.name for c in CONCEPTS if c.seen]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), feature=st.sampled_from(SEEN))
def test_a_view_of_seen_concepts_shows_no_other(seed: int, feature: str) -> None:
    scene = draw_scene(np.random.default_rng(seed), SEEN_ONLY, feature)
    shown = {CONCEPTS[index].name for index in np.unique(scene.concepts).tolist() if index >= 0}
    assert shown <= SEEN_ONLY.allowed


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), feature=st.sampled_from(NAMES))
def test_instances_are_disjoint_and_lie_where_the_map_names_them(seed: int, feature: str) -> None:
    scene = draw_scene(np.random.default_rng(seed), EVERYTHING, feature)
    assert scene.pixels.shape == (*scene.concepts.shape, 3)
    assert all(SIDES[0] <= side <= SIDES[1] for side in scene.concepts.shape)
    total = np.zeros(scene.concepts.shape, int)
    for name, mask in scene.instances:
        assert (scene.concepts[mask] == INDEX[name]).all()
        total += mask
    assert total.max(initial=0) <= 1


@pytest.mark.parametrize("wish", [SEEN_ONLY, VOC_LIKE, EVERYTHING], ids=["seen", "voc", "everything"])
def test_scenes_hold_five_to_seven_labels_on_average(wish: Wish) -> None:
    names = [name for name in NAMES if name in wish.allowed]
    counts = [
        len(np.unique(draw_scene(np.random.default_rng([3, i]), wish, names[i % len(names)]).concepts))
        for i in range(60)
    ]
    assert 5 <= np.mean(counts) <= 7


def test_things_are_large() -> None:
    shares = [
        mask.mean()
        for i in range(60)
        for _, mask in draw_scene(np.random.default_rng([4, i]), SEEN_ONLY, SEEN[i]).instances
    ]
    assert 0.08 <= np.median(shares) <= 0.35


@pytest.mark.parametrize("name", NAMES)
def test_a_closeup_is_mostly_its_concept(name: str) -> None:
    share = np.mean(
        [(draw_closeup(np.random.default_rng([5, i]), name).concepts == INDEX[name]).mean() for i in range(4)]
    )
    assert share > 0.2


def test_captions_name_only_what_is_in_the_scene() -> None:
    for seed in range(20):
        rng = np.random.default_rng([6, seed])
        scene = draw_scene(rng, EVERYTHING, NAMES[seed])
        spoken = [name for c in corpora.present(scene) for name in (c.name, *c.aliases)]
        first, second, *_ = corpora.captions(rng, scene)
        assert scene.place in second
        words = first.replace("a photo of ", "").replace("a picture of ", "").replace("there is ", "")
        items = words.replace(" and ", ", ").split(", ")
        assert {item.removeprefix("an ").removeprefix("a ") for item in items} <= set(spoken)
