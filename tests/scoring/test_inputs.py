from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from cosegbench import LabelMap, MaskSet, ScoreMap, Vocabulary
from cosegbench.assignment import Mosaic, Part
from cosegbench.errors import ProtocolError
from cosegbench.geometry import Window, central_square
from cosegbench.protocols import (
    OPEN_VOCABULARY,
    Input,
    comparable,
    explain,
    family_protocols,
    get_protocol,
    input_label,
    observe,
)

STANDARD, AUTHORS = get_protocol("standard"), get_protocol("coseg-authors")
CHOICES = [Input(), Input("crop"), Input("slide"), Input("slide", Window(352, 176)), Input("slide", Window(352, 352))]


def test_the_default_changes_nothing_so_that_older_records_keep_their_digests():
    assert STANDARD.with_input(Input()) == STANDARD
    # As committed records hold it.
    assert STANDARD.method.digest == "1a201361ab88cbf6dff0d3d0f7d54c2ebdb184b5db322936585ebbb110a893ab"
    assert STANDARD.pass_digest == "03774586a37129e6a18a78851c836df3e9d130719a4e17840613cb3f543345a4"


def test_each_input_is_a_method_and_a_pass_of_its_own_in_the_same_column():
    protocols = [STANDARD.with_input(shown) for shown in CHOICES]
    assert len({each.method.digest for each in protocols}) == len(CHOICES)
    assert len({each.pass_digest for each in protocols}) == len(CHOICES)
    assert len({each.family for each in protocols}) == len(CHOICES)
    assert len({each.evaluation.digest for each in protocols}) == 1
    assert all(comparable(STANDARD, each) for each in protocols)


def test_the_family_and_the_label_say_which_input_it_is():
    assert STANDARD.with_input(Input("crop")).family == "open-vocabulary+crop"
    slide = STANDARD.with_input(Input("slide", Window(352, 176)))
    assert slide.family == "open-vocabulary+slide-352-176"
    assert [input_label(STANDARD.with_input(each).method.fields) for each in CHOICES] == [
        "",
        "crop",
        "slide",
        "slide 352/176",
        "slide 352/352",
    ]
    paper = get_protocol("coseg-paper").for_cell("mine", "context459").with_input(Input("crop"))
    assert paper.family == "coseg-paper+crop"


def test_a_method_of_which_nothing_is_known_has_no_label():
    assert input_label(dict.fromkeys(STANDARD.method.fields, "external")) == ""
    assert input_label({}) == ""
    assert input_label(AUTHORS.method.fields) == ""


def test_fields_with_an_input_are_plain():
    for shown in CHOICES:
        fields = STANDARD.with_input(shown).method.fields
        assert json.loads(json.dumps(fields)) == fields
    assert STANDARD.with_input(CHOICES[3]).method.fields["window"] == {"size": 352, "stride": 176}


def test_protocols_of_one_input_share_a_pass_that_keeps_label_maps_only():
    shown = Input("slide", Window(32, 16))
    family = STANDARD.with_input(shown).family
    found = family_protocols(family, "mine", "voc20", shown)
    assert {each.name for each in found} == {each.name for each in family_protocols(OPEN_VOCABULARY, "mine", "voc20")}
    assert len({each.pass_digest for each in found}) == 1
    assert found[0].keeps == ("pairs",)


def test_a_protocol_that_cuts_its_labels_says_itself_what_is_seen():
    assert AUTHORS.fixes_input
    assert not STANDARD.fixes_input
    assert AUTHORS.with_input(Input("slide")) is AUTHORS


def test_a_window_is_fitted_to_the_predictors_input():
    protocol = STANDARD.with_input(Input("slide"))
    assert protocol.fitted(224).method.window == Window(224, 112)
    assert protocol.fitted(224) == STANDARD.with_input(Input("slide", Window(224, 112)))
    assert STANDARD.fitted(None) is STANDARD
    with pytest.raises(ProtocolError, match="input_size"):
        protocol.fitted(None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Input("zoom"), "unknown input 'zoom'. Known: squash, crop, slide"),
        (lambda: Input("crop", Window(5)), "goes with --input slide only; the input is crop"),
        (lambda: Input.chosen("squash", 5, None), "goes with --input slide only"),
        (lambda: Input.chosen("slide", 5, 6), "leaves gaps"),
    ],
)
def test_a_choice_that_does_not_fit_together_is_refused(make, message):
    with pytest.raises(ProtocolError, match=message):
        make()


def test_values_that_were_not_given_stay_open():
    assert Input.chosen("slide", None, None) == Input("slide")
    assert Input.chosen("slide", 5, None).window == Window(5)


@pytest.mark.parametrize(
    ("shown", "field", "words"),
    [
        (CHOICES[0], "geometry", "the whole image"),
        (CHOICES[1], "geometry", "what lies outside it is void"),
        (CHOICES[2], "window", "as large as the predictor's own input slide by half of that"),
        (CHOICES[3], "window", "windows of 352 pixels slide by 176 pixels, the last one flush"),
        (CHOICES[3], "window", "averaged where windows overlap"),
    ],
)
def test_the_input_is_explained_in_words(shown, field, words):
    lines = {line.field: line.words for line in explain(STANDARD.with_input(shown))}
    assert words in lines[field]


WORDS = Vocabulary.from_names(["sky", "sea", "sand"])


def test_a_mosaic_fills_the_pairs_and_nothing_else():
    protocol = STANDARD.with_input(Input("slide", Window(4, 2)))
    places = protocol.method.window.places(6, 6)
    masks = MaskSet(np.full((1, 2, 2), 0.9, np.float32), np.eye(3, dtype=np.float32)[1:2])
    target = np.ones((6, 6), np.uint16)
    evidence = observe([protocol], Mosaic(tuple(Part(place, masks) for place in places)), target, "x", WORDS)
    assert evidence.channels == {"pairs"}
    assert protocol.score(evidence).miou == 100.0


def test_label_maps_of_windows_are_refused_however_few_windows_there_are():
    protocol = STANDARD.with_input(Input("slide", Window(9, 9)))
    [place] = protocol.method.window.places(6, 6)
    whole = Mosaic((Part(place, LabelMap(np.zeros((6, 6), np.uint16))),))
    with pytest.raises(ProtocolError, match="Labels cannot be averaged"):
        observe([protocol], whole, np.ones((6, 6), np.uint16), "x", WORDS)


def test_the_square_of_the_image_is_scored_on_the_whole_target():
    protocol = STANDARD.with_input(Input("crop"))
    scores = ScoreMap(np.array([0, 1, 0], np.float32)[:, None, None], "logit")
    evidence = observe(
        [protocol], Mosaic((Part(central_square(2, 4), scores),)), np.ones((2, 4), np.uint16), "x", WORDS
    )
    assert protocol.score(evidence).miou == 50.0


def test_a_method_with_a_window_differs_from_one_without_in_its_digest_only_by_the_window():
    slide = STANDARD.with_input(Input("slide", Window(4, 2)))
    assert dataclasses.replace(slide.method, window="whole") == STANDARD.method
