"""The parts of the study: look-alikes, recall, paired comparison, groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence, Vocabulary, score
from cosegbench.cards import load_card
from cosegbench.errors import DataError
from cosegbench.miniature.world import CONCEPTS
from cosegbench.records import ProtocolHalf, ScoreInfo
from miniature_study.groups import by_kind, by_training, group_means
from miniature_study.lookalikes import right_by_image, share, twins
from miniature_study.models import models
from miniature_study.paired import by_image, compare
from miniature_study.reading import Study
from miniature_study.recall import read_ranking, recall, true_classes
from miniature_study.weights import closeup_accuracy, read_checkpoints, read_training

from .samples import COLUMN, evidence_of, vocabulary, write

SKY_SEA = Vocabulary.from_names(["sky", "sea", "tree"])


def pair_evidence(prediction: list[int], target: list[int]) -> Evidence:
    evidence = Evidence(3)
    evidence.add("a", np.array([prediction], np.uint16), np.array([target], np.uint16))
    return evidence


def test_pairs_are_those_that_the_vocabulary_tells_apart_in_both_directions() -> None:
    assert [(twin.name, twin.twin) for twin in twins(SKY_SEA)] == [("sky", "sea"), ("sea", "sky")]
    merged = [(twin.name, twin.twin) for twin in twins(vocabulary())]
    assert ("dog", "fox") in merged
    assert all(name != other for name, other in merged)


def test_the_pixels_of_a_twin_are_shared_out_and_ignored_ones_are_left_out() -> None:
    sky, sea = twins(SKY_SEA)
    evidence = pair_evidence([0, 0, 1, VOID, 2, 0], [0, 0, 0, 0, 1, IGNORE])
    found = share(evidence, sky)
    assert found is not None
    assert (found.own, found.twin, found.elsewhere) == (0.5, 0.25, 0.25)
    assert found.right == pytest.approx(2 / 3)
    other = share(evidence, sea)
    assert other is not None
    assert other.elsewhere == 1
    assert other.right is None
    assert right_by_image(evidence, (sky, sea)) == {"a": pytest.approx(2 / 3)}


def test_a_class_without_pixels_has_no_share() -> None:
    assert share(pair_evidence([0], [2]), twins(SKY_SEA)[0]) is None


def test_recall_counts_classes_of_images_among_the_first_labels() -> None:
    truth = {"a": frozenset({0, 1}), "b": frozenset({2})}
    ranking = {"a": ([0, 2, 1], [0.9, 0.5, 0.1]), "b": ([0, 2], [0.9, 0.5])}
    found = recall(ranking, truth, (1, 2, 3))
    assert found.at == {1: pytest.approx(1 / 3), 2: pytest.approx(2 / 3), 3: 1.0}
    assert found.labels == 2.5


def test_recall_is_unknown_where_equal_scores_leave_the_first_labels_open() -> None:
    found = recall({"a": ([0, 1], [0.5, 0.5])}, {"a": frozenset({0})}, (1, 2))
    assert found.at == {1: None, 2: 1.0}


def test_an_image_without_ranked_labels_is_an_error() -> None:
    with pytest.raises(DataError, match="'a'"):
        recall({}, {"a": frozenset({0})}, (1,))


def test_true_classes_come_from_the_ground_truth_and_not_from_the_prediction() -> None:
    assert true_classes(pair_evidence([0, 1], [2, IGNORE])) == {"a": frozenset({2})}


def test_a_file_of_the_first_stage_is_read_and_a_broken_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"image_id": "a", "indices": [1], "names": ["b"], "scores": [0.5]}) + "\n")
    assert read_ranking(path) == {"a": ([1], [0.5])}
    path.write_text("{}\n")
    with pytest.raises(DataError, match="cosegbench labels"):
        read_ranking(path)


VALUES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 100), max_size=6)


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES)
def test_a_comparison_turned_round_has_the_opposite_verdict(first: dict[str, float], second: dict[str, float]) -> None:
    there, back = compare(first, second), compare(second, first)
    if there is None or back is None:
        assert not first.keys() & second.keys()
        return
    assert (there.better, there.worse) == (back.worse, back.better)
    assert there.difference == pytest.approx(-back.difference)
    assert {there.verdict, back.verdict} in ({"open"}, {"better", "worse"})


def test_a_verdict_needs_more_than_two_standard_deviations_of_a_coin() -> None:
    zeros = {str(image): 0.0 for image in range(16)}
    won = compare(dict.fromkeys(zeros, 1.0), zeros)
    drawn = compare({image: 1.0 if int(image) < 12 else -1.0 for image in zeros}, zeros)
    assert won is not None
    assert drawn is not None
    assert (won.verdict, drawn.verdict) == ("better", "open")


def test_means_by_image_agree_with_the_kernels(tmp_path: Path) -> None:
    evidence = evidence_of(0.6)
    study = Study.read(write(tmp_path, "coseg-prefix", evidence))
    for protocol, kernel in (("standard", "fine-grained"), ("coseg-authors", "coseg-oracle")):
        result = study.result("coseg-prefix", COLUMN, protocol)
        assert result is not None
        values = by_image(result, protocol)
        assert np.mean(list(values.values())) == pytest.approx(score(evidence, kernel).miou)


def test_group_means_leave_out_what_the_mean_leaves_out() -> None:
    half = ProtocolHalf("d", {})
    entry = ScoreInfo("standard", "k", half, half, 1.0, (10.0, 30.0, None, 50.0), (True, True, True, False))
    assert group_means(entry, ("a", "a", "b", "b")) == {"a": (20.0, 2)}


def test_seen_and_unseen_are_the_worlds_own() -> None:
    groups = dict(zip(vocabulary().names, by_training(vocabulary()), strict=True))
    unseen = {concept.name for concept in CONCEPTS if not concept.seen}
    assert {name for name, group in groups.items() if group == "unseen"} == unseen


def test_every_class_of_a_wide_view_is_a_thing_or_stuff() -> None:
    assert set(by_kind(load_card("miniature-context59").vocabulary())) == {"thing", "stuff"}


def test_checkpoints_say_what_their_json_says(tmp_path: Path) -> None:
    (tmp_path / "clip.safetensors").write_bytes(b"12345")
    info = {"kind": "clip", "spent": {"steps": 3, "core_minutes": 2.0}, "measured_on_val": {"closeup_accuracy": 0.5}}
    (tmp_path / "clip.json").write_text(json.dumps(info))
    (found,) = read_checkpoints(tmp_path)
    assert (found.name, found.size, found.spent["steps"], closeup_accuracy((found,))) == ("clip", 5, 3, 0.5)
    (tmp_path / "clip.json").write_text(json.dumps({**info, "start": {"spent": {"steps": 4, "core_minutes": 1.0}}}))
    assert read_checkpoints(tmp_path)[0].spent == {"steps": 7, "core_minutes": 3.0}
    (tmp_path / "clip.json").unlink()
    with pytest.raises(DataError, match=r"clip\.json"):
        read_checkpoints(tmp_path)
    assert read_checkpoints(tmp_path / "absent") == ()


def test_the_models_section_compares_clip_with_its_first_part_and_with_variants(tmp_path: Path) -> None:
    def info(recall: float, steps: int) -> dict[str, Any]:
        return {"measured_on_held_out": {"scene_recall_at_5": recall}, "spent": {"steps": steps}}

    (tmp_path / "clip.safetensors").write_bytes(b"12345")
    (tmp_path / "clip.json").write_text(json.dumps({"kind": "clip", **info(0.7, 3), "start": info(0.3, 8)}))
    (tmp_path / "chain.json").write_text(json.dumps({"wall_minutes": 41.6, "cores": 2, "seed": 0}))
    variants = tmp_path / "variants"
    variants.mkdir()
    command = "cosegbench train --predictor clip --set entailed=false"
    (variants / "clip-plain.json").write_text(json.dumps({**info(0.4, 3), "command": command}))
    text = "\n".join(models(read_training(tmp_path, variants)))
    assert "took 42 minutes from start to finish on 2 cores" in text
    rows = {
        line.split("|")[1].strip(): line.split("|")[6].strip() for line in text.splitlines() if line.startswith("|")
    }
    assert (rows["first part"], rows["shipped"], rows["`entailed=false`"]) == ("30", "70", "40")
    (tmp_path / "chain.json").unlink()
    assert "start to finish" not in "\n".join(models(read_training(tmp_path, variants)))
