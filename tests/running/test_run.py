from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fakes import write_photograph

from cosegbench.cli import main
from cosegbench.dataset import load_dataset
from cosegbench.errors import (
    DataError,
    MissingDataError,
    PredictorError,
    ProtocolError,
    RecordError,
    RequestError,
    UnknownNameError,
)
from cosegbench.evidence import Evidence
from cosegbench.kernels import score
from cosegbench.records import check_evidence, read_record
from cosegbench.running.request import RunRequest
from cosegbench.running.runner import run
from cosegbench.running.stopping import StoppedError
from cosegbench.verify import verify
from running.support import IMAGES, World


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.remarks: list[str] = []
        self.bars: list[tuple[str, int, int]] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def progress(self, title: str, total: int, done: int):
        self.bars.append((title, total, done))
        return nullcontext(lambda images: None)


def test_a_run_predicts_every_image_once_in_fixed_batches_and_writes_a_record(world: World) -> None:
    (path,) = run(world.request())

    record = read_record(path)
    assert world.seen() == sorted(world.labels)
    assert path == world.results / "mine.Brightness" / "mine.open-vocabulary.json"
    assert record.requested == ("standard",)
    assert {"standard", "mess", "detectron2-gt", "fine-grained"} <= set(record.scores)
    assert record.execution is not None
    assert (record.execution.batch_size, record.execution.threads, record.execution.seed) == (3, 1, 0)
    assert (record.predictor.given, record.predictor.arguments["shift"]) == ({"seed": 0}, 0)
    assert (record.dataset.images, record.dataset.limit, record.dataset.column) == (IMAGES, None, "mine")
    assert record.timing is not None
    assert record.timing.images_per_second is not None
    assert not list(path.parent.glob("*journal*"))


def test_the_record_says_what_the_evidence_beside_it_says(world: World) -> None:
    (path,) = run(world.request())
    record = read_record(path)
    evidence = Evidence.load(check_evidence(path, record))

    for name in ("gt-void-fn", "mess", "detectron2-union"):
        assert record.scores[name].miou == score(evidence, name).miou
    assert evidence.image_ids == load_dataset(world.card, world.root).image_ids


def test_a_finished_run_says_so_and_computes_nothing(world: World) -> None:
    run(world.request())
    before, stamp = world.seen(), world.evidence()
    listener = Listener()
    (path,) = run(world.request(), listener)

    assert world.seen() == before
    assert world.evidence() == stamp
    assert listener.remarks == [f"mine (open-vocabulary): finished before, nothing to compute: {path}"]


def test_a_finished_run_refuses_a_protocol_that_its_evidence_cannot_answer(world: World) -> None:
    (path,) = run(world.request())

    with pytest.raises(ProtocolError, match=r"needs evidence 'binary'.*returns no masks"):
        run(world.request(protocols=("standard", "coseg-oracle")))
    listener = Listener()
    run(world.request(protocols=("torchmetrics-pairs",)), listener)
    assert any("no figure under torchmetrics-pairs" in line for line in listener.remarks)
    path.with_name("mine.open-vocabulary.evidence.npz").unlink()
    with pytest.raises(RecordError, match=r"is missing\. Run again with --fresh"):
        run(world.request())


def test_a_run_that_failed_goes_on_after_what_was_committed_and_gives_the_same_bits(world: World) -> None:
    undisturbed = elsewhere(world)
    run(undisturbed)
    expected = (undisturbed.results / "mine.Brightness" / "mine.open-vocabulary.evidence.npz").read_bytes()
    world.control.joinpath("seen.txt").unlink()

    world.tell("fail", 6)
    with pytest.raises(PredictorError) as caught:
        run(world.request())
    assert "ValueError: the disk is on fire (mine.py:" in str(caught.value)
    assert "'image_000006', 'image_000007', 'image_000008'" in str(caught.value)
    world.forget("fail")
    listener = Listener()
    run(world.request(), listener)

    assert listener.bars == [("mine (open-vocabulary)", IMAGES, 6)]
    assert sorted(world.seen()) == sorted([*world.labels, "image_000006", "image_000007", "image_000008"])
    assert world.evidence() == expected
    record = read_record(world.results / "mine.Brightness" / "mine.open-vocabulary.json")
    assert record.timing is not None
    assert record.timing.sessions == 2


def test_a_run_that_failed_before_its_first_batch_does_not_refuse_the_mended_request(world: World) -> None:
    world.tell("fail", 0)
    with pytest.raises(PredictorError):
        run(world.request())
    world.forget("fail")
    [path] = run(dataclasses.replace(world.request(), settings=("shift=1",)))

    assert read_record(path).execution is not None


def elsewhere(world: World) -> RunRequest:
    """The same request into another results folder."""
    return dataclasses.replace(world.request(), results=world.results.parent / "undisturbed")


def test_a_process_that_was_killed_goes_on_and_gives_the_same_bits(world: World) -> None:
    request = elsewhere(world)
    run(request)
    expected = (request.results / "mine.Brightness" / "mine.open-vocabulary.evidence.npz").read_bytes()
    (world.control / "seen.txt").unlink()

    world.tell("kill", 6)
    killed = subprocess.run([sys.executable, "-m", "cosegbench", *world.words()], capture_output=True, check=False)
    assert killed.returncode == -9
    assert len(world.seen()) == 9
    world.forget("kill")
    listener = Listener()
    run(world.request(), listener)

    # the batch before the last call may not have been stored yet; those before it always are
    [(title, images, kept)] = listener.bars
    assert (title, images) == ("mine (open-vocabulary)", IMAGES)
    assert kept in (3, 6)
    assert world.evidence() == expected


def test_stopping_by_hand_says_how_to_go_on_and_keeps_what_was_done(world: World) -> None:
    world.tell("stop", 3)
    with pytest.raises(StoppedError, match=r"3 of 10 images .* Start the same command again \(without --fresh\)"):
        run(world.request())
    world.forget("stop")
    listener = Listener()
    run(world.request(), listener)

    assert listener.bars[0][2] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": ("shift=1",)}, "predictor.arguments.shift: 0 there, 1 now"),
        ({"batch_size": 4}, "execution.batch_size: 3 there, 4 now"),
        ({"threads": 2}, "execution.threads: 1 there, 2 now"),
        ({"seed": 5}, "execution.seed: 0 there, 5 now"),
        ({"limit": 4}, "dataset.limit: none there, 4 now"),
        ({"weights": "other"}, "predictor.weights: none there, other now"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_another_run_under_the_same_name_is_refused_with_what_differs(
    world: World, change: dict[str, Any], words: str, finished: bool
) -> None:
    if not finished:
        world.tell("fail", 3)
        with pytest.raises(PredictorError):
            run(world.request())
        world.forget("fail")
    else:
        run(world.request())
    before = len(world.seen())

    with pytest.raises(RequestError) as caught:
        run(world.request(**change))
    assert words in str(caught.value)
    assert "--fresh" in str(caught.value)
    assert len(world.seen()) == before


def test_a_run_is_not_gone_on_with_after_a_library_was_exchanged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tell("fail", 3)
    with pytest.raises(PredictorError):
        run(world.request())
    world.forget("fail")
    monkeypatch.setattr("cosegbench.running.runner.library_versions", lambda: {"numpy": "0.1"})

    with pytest.raises(RequestError, match=r"execution\.libraries\.numpy: .* there, 0\.1 now"):
        run(world.request())


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("label", "dataset.labels"),
        ("photograph", "dataset.photographs"),
        ("file", "predictor.source"),
        ("card", "dataset.vocabulary"),
    ],
)
def test_a_changed_label_photograph_predictor_file_or_vocabulary_is_another_run(
    world: World, what: str, words: str
) -> None:
    run(world.request())
    if what == "label":
        label = world.root / "labels/image_000003.png"
        label.write_bytes((world.root / "labels/image_000003.png").read_bytes() + b"\0")
    elif what == "photograph":
        write_photograph(world.root / "photos/image_000003.jpg", (31, 47), seed=99)
    elif what == "file":
        world.file.write_text(world.file.read_text() + "\n# changed\n")
    else:
        names = world.root / "mine.csv"
        names.write_text(names.read_text().replace("class 2", "something else"))

    with pytest.raises(RequestError, match=words):
        run(world.request())


def test_a_predictor_that_says_something_else_of_itself_is_another_run(world: World) -> None:
    tower = world.control / "tower.txt"
    tower.write_text("one")
    run(world.request("Told"))
    run(world.request("Told"))
    tower.write_text("another")
    with pytest.raises(RequestError, match=r"predictor\.facts\.tower: one there, another now"):
        run(world.request("Told"))


def test_the_record_states_a_digest_of_the_photographs_that_any_changed_byte_changes(world: World) -> None:
    (path,) = run(world.request())
    first = read_record(path).dataset.images_digest
    assert first == verify(load_dataset(world.card, world.root)).images_digest
    lines = "".join(
        f"{image_id} {hashlib.sha256((world.root / f'photos/{image_id}.jpg').read_bytes()).hexdigest()}\n"
        for image_id in sorted(world.labels)
    )
    assert first == hashlib.sha256(lines.encode()).hexdigest()
    photograph = world.root / "photos/image_000003.jpg"
    photograph.write_bytes(photograph.read_bytes() + b"\0")
    (path,) = run(world.request(fresh=True))
    assert read_record(path).dataset.images_digest not in ("", first)


def test_fresh_replaces_another_run_and_a_name_keeps_both(world: World) -> None:
    run(world.request())
    (kept,) = run(world.request(settings=("shift=1",), name="shifted"))
    (path,) = run(world.request(settings=("shift=1",), fresh=True))

    assert read_record(path).predictor.arguments["shift"] == 1
    assert read_record(path).scores["standard"].miou == read_record(kept).scores["standard"].miou
    assert kept.parent.name == "shifted"


def test_a_limit_scores_the_first_images_only(world: World) -> None:
    (path,) = run(world.request(limit=4))

    assert world.seen() == sorted(world.labels)[:4]
    assert (read_record(path).dataset.images, read_record(path).dataset.limit) == (4, 4)


def test_protocols_of_one_family_share_a_pass_and_others_have_their_own(world: World) -> None:
    paths = run(world.request("Masks", protocols=("standard", "mess", "coseg-oracle", "coseg-authors")))
    shared, apart = (read_record(path) for path in paths)

    assert [path.name for path in paths] == ["mine.open-vocabulary.json", "mine.coseg-authors.json"]
    assert shared.requested == ("standard", "mess", "coseg-oracle")
    assert shared.scores["coseg-oracle"].miou is not None
    assert apart.requested == ("coseg-authors",)
    assert apart.scores["coseg-authors"].method.fields["geometry"]["input"] == "square-crop"
    assert apart.scores["coseg-authors"].remarks


def test_a_predictor_without_an_input_size_is_refused_by_a_protocol_that_needs_one(world: World) -> None:
    with pytest.raises(ProtocolError, match="input_size"):
        run(world.request(protocols=("standard", "coseg-authors")))
    assert world.seen() == []


def test_a_label_map_under_an_oracle_protocol_is_refused(world: World) -> None:
    with pytest.raises(ProtocolError, match="needs a MaskSet"):
        run(world.request(protocols=("coseg-oracle",)))


def test_all_that_is_missing_is_said_before_weights_are_looked_for(world: World, tmp_path: Path) -> None:
    world.file.write_text(
        "class Needy:\n"
        "    def __init__(self, weights: str = 'absent'): raise OSError('no weights')\n"
        "    def prepare(self, vocabulary, text): ...\n"
        "    def predict(self, images): ...\n"
    )
    with pytest.raises(MissingDataError) as caught:
        run(world.request("Needy", datasets=("voc20", "context59"), data_root=tmp_path / "nowhere"))
    assert "voc20" in str(caught.value)
    assert "context59" in str(caught.value)
    with pytest.raises(PredictorError, match="no weights"):
        run(world.request("Needy"))


def test_broken_files_stop_a_run_with_the_list_that_verify_gives(world: World) -> None:
    (world.root / "labels/image_000001.png").unlink()
    photo = world.root / "photos/image_000004.jpg"
    photo.write_bytes(photo.read_bytes()[:100])
    expected = verify(load_dataset(world.card, world.root)).problems

    with pytest.raises(DataError) as caught:
        run(world.request())
    assert len(expected) == 2
    assert caught.value.problems == expected
    assert world.seen() == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"datasets": ()}, RequestError, "no data set was named"),
        ({"protocols": ("standrd",)}, UnknownNameError, "Did you mean 'standard'"),
        ({"conventions": {"images": "5105"}}, UnknownNameError, "convention"),
        ({"split": "test"}, UnknownNameError, "split"),
        ({"settings": ("shft=1",)}, UnknownNameError, "Did you mean 'shift'"),
        ({"device": "cpu", "threads": 0}, RequestError, "--threads is 0"),
        ({"device": "cuda:9"}, RequestError, "takes no device"),
        ({"batch_size": 0}, RequestError, "batch size"),
        ({"limit": 0}, RequestError, "limit"),
    ],
)
def test_a_request_that_cannot_be_done_is_refused(
    world: World, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run(world.request(**change))
    assert not world.results.exists()


def test_a_set_named_twice_is_refused(world: World) -> None:
    with pytest.raises(RequestError, match="more than once"):
        run(world.request(datasets=(world.card, str(world.card))))


def test_weights_for_a_predictor_that_takes_none_are_refused(world: World) -> None:
    with pytest.raises(RequestError, match="takes no weights"):
        run(world.request("Masks", weights="some"))


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Write a change into a record as a text editor would; the text from before."""
    before = path.read_text()
    values = json.loads(before)
    change(values)
    path.write_text(json.dumps(values))
    return before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda values: values["scores"]["standard"].update(miou=99.0), "mIoU: the record says 99.0, its evidence"),
        (lambda values: values["dataset"].update(limit=3), "dataset.limit: the record says 3, the identity"),
        (
            lambda values: values["scores"]["standard"]["method"]["fields"].update(reduction="none"),
            "the method half says digest",
        ),
    ],
)
def test_a_finished_record_that_was_edited_stops_the_run_with_both_ways_out(
    world: World, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    (path,) = run(world.request())
    edited(path, change)
    seen = len(world.seen())

    done = CliRunner().invoke(main, world.words())
    assert done.exit_code == 1
    assert says in done.stderr
    assert "cosegbench rescore" in done.stderr
    assert "run --fresh" in done.stderr
    assert "finished before, nothing to compute" not in done.stderr
    assert "99.00" not in done.stdout
    assert len(world.seen()) == seen


def test_rescore_makes_an_edited_figure_finished_again(world: World) -> None:
    (path,) = run(world.request())
    edited(path, lambda values: values["scores"]["standard"].update(miou=99.0))
    assert CliRunner().invoke(main, ["rescore", "--results", str(world.results)]).exit_code == 0
    assert CliRunner().invoke(main, world.words()).exit_code == 0


@pytest.mark.parametrize(
    ("part", "field", "key"),
    [
        ("dataset", "limit", "limit"),
        ("dataset", "content_digest", "labels"),
        ("dataset", "vocabulary_digest", "vocabulary"),
        ("predictor", "weights_digest", "weights_digest"),
    ],
)
def test_a_table_refuses_a_record_that_contradicts_the_identity_of_its_run(
    world: World, part: str, field: str, key: str
) -> None:
    (path,) = run(world.request())
    words = ["table", "--results", str(world.results)]
    assert CliRunner().invoke(main, words).exit_code == 0
    before = edited(path, lambda values: values[part].update({field: 7 if field == "limit" else "7" * 64}))
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert f"{part}.{field}: the record says 7" in done.stderr
    assert f"the identity of its run {json.loads(before)['execution']['identity'][part][key]}" in done.stderr
    assert "cosegbench rescore" in done.stderr
    assert "run --fresh" in done.stderr


def test_a_table_refuses_an_identity_that_its_digest_does_not_name_and_takes_one_that_states_less(world: World) -> None:
    (path,) = run(world.request())
    words = ["table", "--results", str(world.results)]
    before = edited(path, lambda values: values["execution"]["identity"]["execution"].update(seed=5))
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "execution.run_digest: the record says" in done.stderr

    path.write_text(before)
    edited(path, lambda values: values["execution"].update(identity={}))
    assert CliRunner().invoke(main, words).exit_code == 0
