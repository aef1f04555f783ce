from __future__ import annotations

import pytest

from cosegbench.errors import RequestError, UnknownNameError
from cosegbench.running.data import choose_options
from cosegbench.running.families import check_protocols, group_protocols


def test_protocols_that_share_a_pass_are_one_family_and_repeats_are_left_out() -> None:
    families = group_protocols(["standard", "coseg-authors", "mess", "standard"], "any", "voc20")

    assert [(family.name, family.requested) for family in families] == [
        ("open-vocabulary", ("standard", "mess")),
        ("coseg-authors", ("coseg-authors",)),
    ]
    assert "detectron2-gt" in families[0].protocols
    assert families[0].takes_label_maps
    assert not families[1].takes_label_maps


@pytest.mark.parametrize(
    ("predictor", "column", "view"),
    [
        ("coseg-prefix", "coco-things", "coco-stuff"),
        ("coseg-prefix", "miniature-coco-things", "miniature-coco-stuff"),
        ("coseg-xatten", "coco-things", "coco-things"),
        ("coseg-prefix", "voc20", "voc20"),
    ],
)
def test_the_view_that_is_scored_for_a_column_may_depend_on_the_predictor(
    predictor: str, column: str, view: str
) -> None:
    (family,) = group_protocols(["coseg-authors"], predictor, column)

    assert family.view[0] == view
    assert family.column == column


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="coseg-authors"):
        check_protocols(["coseg-autors"])


def test_a_convention_that_contradicts_the_protocol_is_refused() -> None:
    from cosegbench.cards import load_card

    card = load_card("context459")
    assert choose_options(card, {"images": "5105", "other": "x"}, {}) == {"images": "5105"}
    with pytest.raises(RequestError, match="contradicts the protocol"):
        choose_options(card, {"images": "5104"}, {"images": "5105"})
