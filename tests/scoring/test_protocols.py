from __future__ import annotations

import dataclasses
import json

import pytest

from cosegbench.errors import ProtocolError, UnknownNameError
from cosegbench.kernels import KERNELS
from cosegbench.protocols import (
    OPEN_VOCABULARY,
    comparable,
    diff,
    explain,
    family_protocols,
    get_protocol,
    list_protocols,
)

NAMES = [protocol.name for protocol in list_protocols()]
AUTHORS = get_protocol("coseg-authors")


def test_every_kernel_is_also_a_protocol_and_standard_comes_first():
    assert NAMES[0] == "standard"
    assert set(KERNELS) | {"standard", "coseg-authors", "coseg-paper"} == set(NAMES)
    assert all(get_protocol(name).kernel == name for name in KERNELS)


def test_standard_is_the_default_kernel_under_another_name():
    assert get_protocol("standard").digest == get_protocol("gt-void-fn").digest
    assert diff(get_protocol("standard"), get_protocol("gt-void-fn")) == ()


def test_all_other_protocols_have_digests_of_their_own():
    digests = {get_protocol(name).digest for name in NAMES}
    assert len(digests) == len(NAMES) - 1


def test_an_unknown_protocol_names_the_near_ones():
    with pytest.raises(UnknownNameError, match="'coseg-authors'"):
        get_protocol("coseg-author")


@pytest.mark.parametrize("name", NAMES)
def test_fields_are_plain_and_the_digest_follows_them(name):
    protocol = get_protocol(name)
    for half in (protocol.evaluation, protocol.method):
        assert json.loads(json.dumps(half.fields)) == half.fields
        assert len(half.digest) == 64
    changed = dataclasses.replace(protocol.method, exclusive=not protocol.method.exclusive)
    assert changed.digest != protocol.method.digest


def test_protocols_that_share_their_input_share_one_pass():
    family = family_protocols(OPEN_VOCABULARY, "mine", "voc20")
    assert {protocol.name for protocol in family} == set(NAMES) - {"coseg-authors"}
    assert len({protocol.pass_digest for protocol in family}) == 1
    assert AUTHORS.for_cell("mine", "voc20").family == "coseg-authors"


def test_another_image_list_is_another_pass():
    paper = get_protocol("coseg-paper").for_cell("mine", "context459")
    assert paper.view("context459") == ("context459", {"images": "5105"})
    assert paper.family == "coseg-paper"
    assert paper not in family_protocols(OPEN_VOCABULARY, "mine", "context459")
    miniature = get_protocol("coseg-paper").for_cell("mine", "miniature-context459")
    assert miniature.family == OPEN_VOCABULARY
    assert miniature.remarks == ()


THRESHOLDS = {
    ("coseg-prefix", "voc20"): 0.2,
    ("coseg-prefix", "context459"): 0.3,
    ("coseg-prefix", "coco-things"): 0.3,
    ("coseg-prefix", "context59"): None,
    ("coseg-xatten", "coco-things"): 0.3,
    ("coseg-xatten", "voc20"): None,
    ("coseg-xatten", "context59"): None,
    ("coseg-no-training", "voc20"): 0.2,
    ("coseg-no-training", "context459"): 0.2,
    ("coseg-no-training", "coco-things"): 0.1,
    ("coseg-no-training", "context59"): None,
    ("somebody-elses", "voc20"): None,
}


@pytest.mark.parametrize(("cell", "seen"), THRESHOLDS.items(), ids=str)
@pytest.mark.parametrize("world", ["", "miniature-"])
def test_the_authors_thresholds_are_theirs_and_the_papers_is_marked_where_theirs_is_unseen(cell, seen, world):
    protocol = AUTHORS.for_cell(cell[0], world + cell[1])
    assert protocol.method.assignment.threshold == (seen or 0.3)
    [remark] = [text for text in protocol.remarks if "threshold" in text]
    assert ("do not show" in remark) == (seen is None)
    assert protocol.kernel == "coseg-oracle"


def test_the_authors_score_xatten_on_all_of_context_with_exclusive_masks():
    protocol = AUTHORS.for_cell("coseg-xatten", "context459")
    assert protocol.kernel == "coseg-oracle-exclusive"
    assert protocol.view("context459") == ("context459", {"images": "5105"})
    assert protocol.remarks == ("no threshold: arg max over the paired masks", "all 5105 images of the list")


@pytest.mark.parametrize("world", ["", "miniature-"])
def test_the_authors_score_prefix_on_all_of_coco_stuff_and_the_others_on_things(world):
    views = {
        predictor: AUTHORS.for_cell(predictor, world + "coco-things").view(world + "coco-things")[0]
        for predictor in ("coseg-prefix", "coseg-xatten", "coseg-no-training")
    }
    assert views == {
        "coseg-prefix": world + "coco-stuff",
        "coseg-xatten": world + "coco-things",
        "coseg-no-training": world + "coco-things",
    }


def test_another_view_is_another_evaluation_and_another_threshold_is_not():
    voc, coco = AUTHORS.for_cell("coseg-prefix", "voc20"), AUTHORS.for_cell("coseg-prefix", "coco-things")
    other = AUTHORS.for_cell("coseg-xatten", "voc20")
    assert voc.evaluation.digest == other.evaluation.digest
    assert voc.method.digest != other.method.digest
    assert coco.evaluation.digest != voc.evaluation.digest


def test_a_protocol_with_cells_must_be_asked_for_one():
    with pytest.raises(ProtocolError, match="for_cell"):
        AUTHORS.view("voc20")


def test_the_authors_text_has_no_article_and_the_papers_has():
    assert AUTHORS.method.text.sentence("cat") == "a photo of cat"
    assert get_protocol("coseg-paper").method.text.sentence("cat") == "a photo of a cat"


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_explained_in_words(name):
    protocol = get_protocol(name)
    lines = explain(protocol)
    named = {(line.half, line.field) for line in lines}
    fields = {("evaluation", key) for key in protocol.evaluation.fields} | {
        ("method", key) for key in protocol.method.fields
    }
    assert named == fields - {("method", "cells")}
    for line in lines:
        assert line.words
        assert not line.words.startswith(("{", "["))


def test_a_difference_is_told_in_words_for_both():
    found = {each.field: each for each in diff(get_protocol("mess"), get_protocol("detectron2-union"))}
    assert set(found) == {"kernel", "void"}
    assert "a miss" in found["void"].first
    assert "counts neither for nor against" in found["void"].second


def test_only_equal_evaluations_may_share_a_column():
    standard = get_protocol("standard")
    assert comparable(standard, get_protocol("gt-void-fn"))
    assert comparable(standard, get_protocol("coseg-paper").for_cell("mine", "voc20"))
    assert not comparable(standard, get_protocol("coseg-paper"))
    assert not comparable(standard, get_protocol("mess"))
    assert not comparable(standard, AUTHORS)
