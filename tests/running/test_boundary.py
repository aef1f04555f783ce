"""`run`, `score` and `rescore` under `boundary-iou`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosegbench.errors import ProtocolError, RequestError
from cosegbench.evidence import Evidence
from cosegbench.protocols import Input
from cosegbench.records import evidence_path, read_record
from cosegbench.running.rescoring import RescoreRequest, rescore
from cosegbench.running.runner import run
from cosegbench.running.scoring import ScoreRequest, score_predictions
from running.support import World

BOTH = ("standard", "boundary-iou")


def test_boundaries_share_the_pass_and_change_no_other_figure(world: World, tmp_path: Path) -> None:
    (plain,) = run(world.request("Masks", results=tmp_path / "plain"))
    (both,) = run(world.request("Masks", protocols=BOTH))
    assert both.name == plain.name == "mine.open-vocabulary.json"

    before, after = read_record(plain), read_record(both)
    assert after.scores.keys() - before.scores.keys() == {"boundary-iou"}
    assert all(after.scores[name] == score for name, score in before.scores.items())
    assert after.evidence is not None
    assert "boundary" in after.evidence.channels


def test_label_files_give_the_figure_of_the_run(world: World, tmp_path: Path) -> None:
    (path,) = run(world.request(protocols=BOTH, save_predictions=tmp_path / "saved"))
    request = ScoreRequest(
        dataset=world.card, predictions=tmp_path / "saved", data_root=world.root, protocols=("boundary-iou",)
    )
    record, _ = score_predictions(request)
    assert record.scores["boundary-iou"].iou == read_record(path).scores["boundary-iou"].iou


def test_windows_and_crops_have_outlines_too(world: World) -> None:
    (path,) = run(world.request("Masks", protocols=BOTH, input=Input("crop")))
    assert read_record(path).scores["boundary-iou"].miou is not None


def test_a_run_that_was_finished_without_boundaries_is_not_taken_for_one_with_them(world: World) -> None:
    run(world.request())
    with pytest.raises(RequestError, match=r"protocols\.also counted: none there, boundary now"):
        run(world.request(protocols=BOTH))
    (path,) = run(world.request(protocols=BOTH, fresh=True))
    seen = len(world.seen())
    run(world.request())  # a run that counted more serves it
    run(world.request(protocols=BOTH))
    assert len(world.seen()) == seen
    assert "boundary-iou" in read_record(path).scores


def test_rescoring_refuses_by_the_channels_name_and_gives_the_same_figure_where_it_is_kept(world: World) -> None:
    run(world.request(name="without"))
    with pytest.raises(ProtocolError, match="needs channel 'boundary', which 10 of 10 images lack"):
        rescore(RescoreRequest(world.results, ("boundary-iou",)))

    (path,) = run(world.request(name="with", protocols=BOTH))
    before = path.read_bytes()
    (found,) = rescore(RescoreRequest(world.results, ("boundary-iou",), predictor="with")).records
    assert (found.changed, path.read_bytes()) == ((), before)


def test_the_evidence_of_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(world: World, tmp_path: Path) -> None:
    from cosegbench.errors import WorkError

    world.tell("fail", after=5)
    with pytest.raises(WorkError):
        run(world.request(protocols=BOTH))
    world.forget("fail")
    with pytest.raises(RequestError, match="also counted: boundary there, none now"):
        run(world.request())
    (resumed,) = run(world.request(protocols=BOTH))
    (whole,) = run(world.request(protocols=BOTH, results=tmp_path / "whole"))
    files = [evidence_path(path) for path in (resumed, whole)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert np.isin("boundary", sorted(Evidence.load(files[0]).channels))
