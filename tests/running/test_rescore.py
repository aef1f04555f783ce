from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cosegbench import Evidence
from cosegbench.cli import main
from cosegbench.errors import ProtocolError, RequestError, UnknownNameError
from cosegbench.evidence import PAIRS
from cosegbench.kernels import KERNELS
from cosegbench.protocols import list_protocols
from cosegbench.records import read_record, write_record
from cosegbench.running.finish import save_evidence
from cosegbench.running.rescoring import RescoreRequest, rescore
from cosegbench.running.runner import run
from cosegbench.running.scoring import ScoreRequest, score_predictions
from running.support import World

NAMES = [protocol.name for protocol in list_protocols() if not protocol.rule.parameters]
LABEL_MAP_RULES = [name for name, kernel in KERNELS.items() if kernel.channel == PAIRS and not kernel.parameters]


def invoke(world: World, *words: str):
    return CliRunner().invoke(main, ["rescore", "--results", str(world.results), *words])


def forget(path: Path, *names: str) -> None:
    """Take protocols out of a record, as one has them that was written before they existed."""
    record = read_record(path)
    scores = {name: score for name, score in record.scores.items() if name not in names}
    requested = tuple(name for name in record.requested if name not in names)
    write_record(path, dataclasses.replace(record, scores=scores, requested=requested))


@pytest.mark.parametrize("predictor", ["Brightness", "Masks"])
def test_for_every_protocol_the_result_equals_a_fresh_run_bit_for_bit(
    world: World, tmp_path: Path, predictor: str
) -> None:
    (path,) = run(world.request(predictor))
    allowed = tuple(read_record(path).scores)
    (fresh,) = run(world.request(predictor, protocols=("standard", *allowed[1:]), results=tmp_path / "fresh"))
    forget(path, *allowed[1:])
    assert list(read_record(path).scores) == ["standard"]

    (found,) = rescore(RescoreRequest(world.results, allowed)).records
    expected = json.loads(fresh.read_text())
    assert json.loads(path.read_text())["scores"] == expected["scores"]
    assert list(json.loads(path.read_text())["scores"]) == list(expected["scores"])
    assert read_record(path).requested == read_record(fresh).requested == allowed
    assert set(allowed) | set(found.refused) == set(NAMES) | {"open-miou"}


def test_every_rule_on_label_maps_is_allowed_by_a_run_without_void(world: World) -> None:
    run(world.request())
    (found,) = rescore(RescoreRequest(world.results)).records

    undefined = {"torchmetrics-pairs"}  # the world's labels ignore some pixels
    assert set(LABEL_MAP_RULES) - undefined <= found.record.scores.keys()
    assert "undefined with ignore" in found.refused["torchmetrics-pairs"]


def test_the_authors_own_pass_is_rescored_from_its_own_evidence(world: World) -> None:
    (path,) = run(world.request("Masks", protocols=("coseg-authors",)))
    before = path.read_bytes()
    forget(path, "coseg-authors")

    rescore(RescoreRequest(world.results, ("coseg-authors",)))
    assert path.read_bytes() == before


def test_what_evidence_cannot_answer_is_named_with_the_reason(world: World) -> None:
    run(world.request())
    (found,) = rescore(RescoreRequest(world.results)).records

    reason = found.refused["coseg-authors"]
    assert "another pass than open-vocabulary" in reason
    assert "geometry.input ('square-crop', not 'whole')" in reason
    assert "text.template ('a photo of {}', not 'a photo of a {}')" in reason
    assert "needs channel 'binary'" in found.refused["coseg-oracle"]
    assert "needs similarity" in found.refused["open-miou"]


def test_a_threshold_of_its_own_is_named_as_what_differs(world: World) -> None:
    run(world.request("Masks", protocols=("coseg-authors",)))
    path = next(world.results.glob("*/*.json"))
    record = read_record(path)
    score = record.scores["coseg-authors"]
    method = {**score.method.fields, "assignment": {**score.method.fields["assignment"], "threshold": 0.5}}
    half = dataclasses.replace(score.method, fields=method)
    write_record(path, dataclasses.replace(record, scores={"coseg-authors": dataclasses.replace(score, method=half)}))

    (problem,) = rescore(RescoreRequest(world.results)).problems
    assert "assignment.threshold (0.3, not 0.5)" in problem
    assert "Run again with --fresh" in problem


def test_a_protocol_that_no_record_allows_is_refused_before_anything_is_written(world: World) -> None:
    (path,) = run(world.request())
    forget(path, "mmseg")
    before = path.read_bytes()

    with pytest.raises(ProtocolError, match=r"coseg-oracle: .*needs channel 'binary'"):
        rescore(RescoreRequest(world.results, ("mmseg", "coseg-oracle")))
    assert path.read_bytes() == before


def test_a_protocol_that_one_record_allows_is_written_there_and_refused_by_name_for_the_other(world: World) -> None:
    paths = {name: run(world.request(name))[0] for name in ("Brightness", "Masks")}

    done = invoke(world, "--protocol", "coseg-oracle")
    assert done.exit_code == 0
    assert [line.split("\t")[:3] for line in done.stdout.splitlines()] == [["mine.Masks", "mine", "coseg-oracle"]]
    assert (
        "not under coseg-oracle: mine.Brightness on mine: kernel 'coseg-oracle' needs channel 'binary'" in done.stderr
    )
    assert read_record(paths["Masks"]).requested == ("standard", "coseg-oracle")
    assert read_record(paths["Brightness"]).requested == ("standard",)


def test_a_stored_figure_that_differs_is_said_and_replaced(world: World) -> None:
    (path,) = run(world.request())
    before = path.read_bytes()
    record = read_record(path)
    wrong = dataclasses.replace(record.scores["mess"], miou=12.3456)
    write_record(path, dataclasses.replace(record, scores={**record.scores, "mess": wrong}))

    done = invoke(world, "--protocol", "mess", "--protocol", "standard")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].endswith("\twas 12.35")
    assert "was" not in lines[1]
    assert "what was stored differs from today's under mess" in done.stderr
    assert json.loads(path.read_text())["scores"] == json.loads(before)["scores"]


def test_a_record_that_agrees_is_not_touched(world: World) -> None:
    (path,) = run(world.request())
    before = path.stat()

    done = invoke(world)
    assert done.exit_code == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert len(done.stdout.splitlines()) == len(read_record(path).scores)


def test_a_protocol_that_is_gone_keeps_its_figure(world: World) -> None:
    (path,) = run(world.request())
    record = read_record(path)
    old = dataclasses.replace(record.scores["mess"], protocol="old-rule", kernel="old-rule")
    write_record(path, dataclasses.replace(record, scores={**record.scores, "old-rule": old}))

    done = invoke(world)
    assert "kept as stored, because today's rules do not give it: old-rule" in done.stderr
    assert read_record(path).scores["old-rule"] == old


def test_predictions_of_another_program_are_rescored_too(world: World, tmp_path: Path) -> None:
    from running.test_score import write_all

    folder = write_all(world, tmp_path / "p")
    request = ScoreRequest(
        dataset=world.card, predictions=folder, data_root=world.root, results=world.results, name="theirs"
    )
    _, path = score_predictions(request)
    before = json.loads(path.read_text())
    forget(path, "mmseg")

    rescore(RescoreRequest(world.results, ("mmseg",)))
    assert json.loads(path.read_text())["scores"] == before["scores"]
    with pytest.raises(ProtocolError, match="needs another pass"):
        rescore(RescoreRequest(world.results, ("coseg-authors",)))


def test_a_row_of_another_name_keeps_the_settings_of_its_predictor(tmp_path: Path) -> None:
    from cosegbench.running.answering import entry_id
    from running.test_records import make_record

    record = make_record()
    prefix = dataclasses.replace(
        record.predictor, id="prefix-seed-2", target="cosegbench_baselines.predictors:CoSegPrefix"
    )
    assert entry_id(dataclasses.replace(record, predictor=prefix)) == "coseg-prefix"
    assert entry_id(record) == "mine.py:Mine"
    assert entry_id(dataclasses.replace(record, kind="score")) == "external"


def test_evidence_that_is_missing_or_another_runs_is_a_failure_of_that_record_only(world: World) -> None:
    lost, other, sound = (run(world.request(name=name))[0] for name in ("a", "b", "c"))
    next(lost.parent.glob("*.npz")).unlink()
    evidence = Evidence(4)
    evidence.add("image", *np.zeros((2, 3, 3), np.uint16))
    write_record(other, dataclasses.replace(read_record(other), evidence=save_evidence(evidence, other)))
    forget(sound, "mess")

    done = invoke(world, "--protocol", "mess")
    assert done.exit_code == 1
    assert "2 record(s) cannot be scored" in done.stderr
    assert "is missing" in done.stderr
    assert "speaks of 10 images" in done.stderr
    assert "Traceback" not in done.output
    assert "mess" in read_record(sound).scores


def test_only_the_predictor_and_the_column_asked_for_are_scored(world: World) -> None:
    for name in ("a", "b"):
        run(world.request(name=name))

    assert {each.cell for each in rescore(RescoreRequest(world.results, predictor="a")).records} == {("a", "mine")}
    assert len(rescore(RescoreRequest(world.results, dataset="mine")).records) == 2
    with pytest.raises(UnknownNameError, match="'coseg'"):
        rescore(RescoreRequest(world.results, predictor="coseg"))
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        rescore(RescoreRequest(world.results, dataset="mime"))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--protocol", "mmsg"), 2, "Did you mean 'mmseg'"),
        (("--protocol", "open-miou"), 2, "needs similarity"),
        (("--protocol", "coseg-authors"), 2, "nothing was written"),
    ],
)
def test_bad_requests_exit_with_two(world: World, words: tuple[str, ...], code: int, says: str) -> None:
    run(world.request())
    done = invoke(world, *words)

    assert done.exit_code == code
    assert says in done.stderr


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not exist"):
        rescore(RescoreRequest(tmp_path / "absent"))
    done = CliRunner().invoke(main, ["rescore", "--results", str(tmp_path / "absent")])
    assert done.exit_code == 2
    assert "absent does not exist" in done.stderr
    with pytest.raises(RequestError, match="no record lies in"):
        rescore(RescoreRequest(tmp_path))


def test_without_a_protocol_the_ones_that_are_not_allowed_are_named_and_asking_for_one_says_why(world: World) -> None:
    run(world.request())
    run(world.request("Masks"))

    assert "not under coseg-oracle: 1 of 2 columns; --protocol coseg-oracle says why" in invoke(world).stderr
    asked = invoke(world, "--protocol", "coseg-oracle").stderr
    assert "mine.Brightness on mine: kernel 'coseg-oracle' needs channel 'binary'" in asked


def test_json_holds_every_figure_what_changed_and_what_is_not_allowed(world: World) -> None:
    (path,) = run(world.request())

    (content,) = json.loads(invoke(world, "--json", "-").stdout)
    assert content["scores"] == json.loads(path.read_text())["scores"]
    assert content["changed"] == {}
    assert "needs channel" in content["not_allowed"]["coseg-oracle"]


def test_a_finished_run_stays_finished_after_rescoring(world: World) -> None:
    (path,) = run(world.request())
    forget(path, "mmseg")
    rescore(RescoreRequest(world.results, ("mmseg",)))
    seen = len(world.seen())

    run(world.request(protocols=("standard", "mmseg")))
    assert len(world.seen()) == seen
