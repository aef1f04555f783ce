from __future__ import annotations

from pathlib import Path

import pytest

from cosegbench.cards import load_card
from cosegbench.locate import data_file
from cosegbench.miniature import DEFAULT_SIZES
from cosegbench.miniature.vocabularies import world_vocabularies, write_vocabularies
from cosegbench.miniature.world import CONCEPTS

VIEWS = sorted(world_vocabularies())


def test_the_committed_vocabularies_are_those_of_the_world(tmp_path: Path) -> None:
    for path in write_vocabularies(tmp_path):
        assert path.read_bytes() == data_file("datasets", "vocab", path.name).read_bytes(), path.name


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_has_a_card_with_its_classes_and_counts(view: str) -> None:
    card = load_card(view)
    assert card.world == "miniature"
    assert card.vocabulary().names == tuple(entry.name for entry in world_vocabularies()[view])
    part = view.removeprefix("miniature-").rstrip("0123456789").split("-")[0]
    for split in ("train", "val"):
        assert card.split(split, card.choose({})).count == getattr(DEFAULT_SIZES, f"{part}_{split}")


@pytest.mark.parametrize("view", VIEWS)
def test_every_class_name_is_one_that_captions_say(view: str) -> None:
    spoken = {name for concept in CONCEPTS for name in (concept.name, *concept.aliases)}
    assert {entry.name for entry in world_vocabularies()[view]} <= spoken


def test_the_small_views_hold_seen_concepts_only_and_the_full_one_holds_all() -> None:
    views = world_vocabularies()
    unseen = {concept.context for concept in CONCEPTS if not concept.seen}
    assert not unseen & {entry.native_id for entry in views["miniature-context59"]}
    assert {concept.context for concept in CONCEPTS} == {entry.native_id for entry in views["miniature-context459"]}


def test_the_full_view_needs_more_than_eight_bits() -> None:
    assert max(entry.native_id for entry in world_vocabularies()["miniature-context459"]) > 255
