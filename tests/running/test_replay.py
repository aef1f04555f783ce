"""`run --save soft` and `score --soft`: what saved masks answer, what they do not, and how their figures are marked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cosegbench import Evidence
from cosegbench.assignment import AssignmentRule
from cosegbench.cli import main
from cosegbench.dataset import load_dataset
from cosegbench.errors import DataError, ProtocolError, RequestError, WorkError
from cosegbench.kernels import score
from cosegbench.pairing import oracle_counts
from cosegbench.protocols import Input, Replay
from cosegbench.records import evidence_path, read_record
from cosegbench.running.replaying import replay_masks
from cosegbench.running.rescoring import RescoreRequest, rescore
from cosegbench.running.runner import run
from cosegbench.running.scoring import ScoreRequest, score_predictions
from cosegbench.running.soft_masks import read_masks
from running.soft_support import add_predictors
from running.support import CLASSES, World

EVERY = ("standard", "boundary-iou", "coseg-authors")


@pytest.fixture
def soft(world: World, tmp_path: Path) -> World:
    return add_predictors(world, tmp_path)


def save(world: World, predictor: str = "Levels", **changes: object) -> list[Path]:
    given = {"protocols": EVERY, "save_predictions": world.results.parent / "saved", "save": "soft"}
    return run(world.request(predictor, **{**given, **changes}))


def request(world: World, *protocols: str, **changes: object) -> ScoreRequest:
    folder = world.results.parent / "saved"
    given = {"dataset": world.card, "predictions": folder, "data_root": world.root, "protocols": protocols}
    return ScoreRequest(**{**given, **changes})  # type: ignore[arg-type]


def masks_folder(world: World, family: str = "open-vocabulary") -> Path:
    return world.results.parent / "saved" / f"mine.{family}.soft"


@pytest.mark.parametrize("family", [("standard", "boundary-iou"), ("coseg-authors",)])
def test_masks_that_8_bits_hold_give_the_evidence_of_the_run_bit_for_bit(soft: World, family: tuple[str, ...]) -> None:
    paths = {read_record(path).family: path for path in save(soft)}
    record, path = replay_masks(request(soft, *family, results=soft.results), Replay())

    assert path is not None
    ran = paths[record.family.removesuffix("+8-bit")]
    assert evidence_path(path).read_bytes() == evidence_path(ran).read_bytes()
    before = read_record(ran)
    assert {name: each.iou for name, each in record.scores.items()} == {
        name: each.iou for name, each in before.scores.items()
    }
    for name in family:
        assert record.scores[name].evaluation == before.scores[name].evaluation


@pytest.mark.parametrize("threshold", [0.2, 0.5, None])
@pytest.mark.parametrize("nothing", ["own", "draws-nothing", "unused"])
def test_another_threshold_and_another_treatment_of_nothing_are_what_assignment_makes_of_the_masks(
    soft: World, threshold: float | None, nothing: str
) -> None:
    from cosegbench.assignment import assign

    save(soft, "Smooth", protocols=("standard",))
    how = Replay(threshold, nothing)  # type: ignore[arg-type]
    record, _ = replay_masks(request(soft, "standard", "mess"), how)

    dataset, expected = load_dataset(soft.card, soft.root), Evidence(CLASSES)
    rule = AssignmentRule(threshold, "draws-nothing" if nothing == "own" else nothing)  # type: ignore[arg-type]
    for image_id in dataset.image_ids:
        masks, target = read_masks(masks_folder(soft) / f"{image_id}.npz").masks, dataset.target(image_id)
        expected.add(image_id, assign(masks, target.shape, rule, CLASSES, None, image_id), target)
        if threshold is not None:
            counts = oracle_counts(masks, target, threshold)
            expected.add_binary(image_id, counts.classes, counts.intersection, counts.predicted, counts.true)
    for name in ("gt-void-fn", "mess", "detectron2-gt", *(["coseg-oracle"] if threshold is not None else [])):
        assert record.scores[name].miou == score(expected, name).miou
    assert ("coseg-oracle" in record.scores) == (threshold is not None)
    assert ("torchmetrics-jaccard-macro" in record.scores) == (not expected.confusion()[-1].any())


def test_the_figures_of_a_run_are_of_the_masks_as_the_predictor_gave_them(soft: World, tmp_path: Path) -> None:
    plain, *_ = run(soft.request("Smooth", results=tmp_path / "plain"))
    kept, *_ = save(soft, "Smooth", protocols=("standard",))

    assert evidence_path(kept).read_bytes() == evidence_path(plain).read_bytes()
    record, _ = score_predictions(request(soft, "standard"))  # the label maps beside the masks
    assert record.scores["standard"].iou == read_record(plain).scores["standard"].iou


def test_a_figure_of_saved_masks_is_marked_and_has_a_row_of_its_own(soft: World) -> None:
    ran, *_ = save(soft, protocols=("standard",))
    before = ran.read_bytes()
    record, path = replay_masks(request(soft, "standard", results=soft.results), Replay(0.5))

    assert path == soft.results / "soft.Levels" / "mine.open-vocabulary+8-bit-threshold-0_5.json"
    assert read_record(path) == record
    assert (record.kind, record.execution, record.timing) == ("replay", None, None)
    assert record.predictor.facts["replayed_run"] == json.loads(before)["execution"]["run_digest"]
    assert all("saved in 8 bit" in each.remarks[-1] for each in record.scores.values())
    assert record.scores["standard"].method.fields["masks"] == "8-bit masks > 0.5"
    assert ran.read_bytes() == before

    done = CliRunner().invoke(main, ["table", "--no-printed", "--results", str(soft.results), "--format", "json"])
    assert done.exit_code == 0, done.output
    rows = [row["row"] for table in json.loads(done.stdout)["tables"] for row in table["rows"]]
    assert rows == ["soft.Levels", "soft.Levels, 8-bit masks > 0.5"]
    assert "saved in 8 bit" in done.stdout


def test_rescoring_leaves_a_replay_what_it_is(soft: World) -> None:
    save(soft, protocols=("standard",))
    for how in (Replay(), Replay(0.25, "unused"), Replay(None)):
        _, path = replay_masks(request(soft, "standard", results=soft.results), how)
        assert path is not None
        before = path.read_bytes()
        outcome = rescore(RescoreRequest(soft.results))
        (found,) = (each for each in outcome.records if each.path == path)
        assert (outcome.problems, found.changed, path.read_bytes()) == ((), (), before)
        assert found.cell[0] == f"soft.Levels, {how.label}"


@pytest.mark.parametrize(
    "how", [Replay(), Replay(0.25), Replay(None), Replay(1e-05), Replay("own", "unused"), Replay(0)]
)
def test_the_name_of_a_family_says_what_was_replayed_and_reads_back(how: Replay) -> None:
    name = how.family("open-vocabulary")
    assert Replay.of_family(name) == ("open-vocabulary", how)
    assert "." not in name
    for plain in ("open-vocabulary", "open-vocabulary+crop", "open-vocabulary+slide-352-176"):
        assert Replay.of_family(plain) == (plain, None)


def test_what_saved_masks_cannot_answer_is_named_with_what_differs(soft: World) -> None:
    save(soft, protocols=("standard",))
    with pytest.raises(ProtocolError, match="do not answer") as caught:
        replay_masks(request(soft, "coseg-authors"), Replay())
    assert "text.template ('a photo of {}', not 'a photo of a {}')" in str(caught.value)
    assert "geometry.input ('square-crop', not 'whole')" in str(caught.value)
    assert "threshold" not in str(caught.value)  # which saved masks do answer
    with pytest.raises(ProtocolError, match="cuts masks at a threshold"):
        replay_masks(request(soft, "coseg-oracle"), Replay(None))
    with pytest.raises(RequestError, match="needs similarity"):
        replay_masks(request(soft, "open-miou"), Replay())


def test_protocols_of_several_passes_are_scored_one_at_a_time(soft: World) -> None:
    save(soft)
    with pytest.raises(ProtocolError, match="several passes"):
        replay_masks(request(soft, "standard", "coseg-authors"), Replay())
    record, _ = replay_masks(request(soft, "coseg-authors", predictions=masks_folder(soft, "coseg-authors")), Replay())
    assert record.family == "coseg-authors+8-bit"


def test_of_score_maps_only_the_label_maps_are_kept_and_that_is_said(soft: World) -> None:
    ran = CliRunner().invoke(main, [*soft.words(*SOFT, predictor="Scores"), str(soft.results.parent / "saved")])
    assert ran.exit_code == 0, ran.output
    assert "the predictor returns no masks, so that only label maps are saved" in ran.stderr
    assert not list(masks_folder(soft).glob("*.npz"))
    save(soft, "Scores", protocols=("standard",))  # finished before, and nothing is missing
    with pytest.raises(RequestError, match="holds no masks"):
        replay_masks(request(soft, "standard"), Replay())
    assert score_predictions(request(soft, "standard"))[0].scores["standard"].miou is not None


SOFT = ("--save", "soft", "--save-predictions")


def test_parts_of_images_have_no_masks_to_keep_and_masks_need_a_folder(soft: World) -> None:
    with pytest.raises(RequestError, match="--input crop shows parts"):
        save(soft, protocols=("standard",), input=Input("crop"))
    with pytest.raises(RequestError, match="needs a folder"):
        save(soft, save_predictions=None)
    assert not soft.results.exists()


def test_masks_of_two_runs_are_never_mixed(soft: World) -> None:
    save(soft, protocols=("standard",))
    with pytest.raises(RequestError, match="holds the masks of another run"):
        save(soft, protocols=("standard",), name="again", seed=1)
    save(soft, protocols=("standard",), name="again", seed=1, fresh=True, limit=4)
    assert len(list(masks_folder(soft).glob("*.npz"))) == 4
    record, _ = replay_masks(request(soft, "standard"), Replay())
    assert (record.dataset.images, record.dataset.limit) == (4, 4)
    (masks_folder(soft) / "manifest.json").unlink()
    with pytest.raises(RequestError, match="holds the masks of another run"):
        save(soft, protocols=("standard",), name="third")
    assert len(list(masks_folder(soft).glob("*.npz"))) == 4


def test_a_run_that_was_finished_without_masks_must_be_done_again(soft: World) -> None:
    save(soft, protocols=("standard",), save="labels")
    with pytest.raises(RequestError, match=r"10 images of mine .* with their masks.*--fresh"):
        save(soft, protocols=("standard",))
    save(soft, protocols=("standard",), fresh=True)
    save(soft, protocols=("standard",))
    assert len(list(masks_folder(soft).glob("*.npz"))) == 10


def test_a_stopped_run_goes_on_saving_and_its_masks_are_those_of_one_that_was_not(soft: World) -> None:
    text = soft.file.read_text()
    broken = text.replace(
        "    def predict(self, images):",
        f"    def predict(self, images):\n        import pathlib; stop = pathlib.Path({str(soft.control)!r}) / 'stop'\n"
        "        if stop.exists() and images[0].info['image_id'] > 'image_000004':\n"
        "            raise ValueError('stop')",
        1,
    )
    assert broken != text
    soft.file.write_text(broken)
    (soft.control / "stop").touch()
    with pytest.raises(WorkError, match="stop"):
        save(soft, protocols=("standard",))
    assert len(list(masks_folder(soft).glob("*.npz"))) == 6
    (soft.control / "stop").unlink()
    save(soft, protocols=("standard",))
    files = {path.name: path.read_bytes() for path in masks_folder(soft).glob("*.npz")}
    save(soft, protocols=("standard",), fresh=True)
    assert len(files) == 10
    assert files == {path.name: path.read_bytes() for path in masks_folder(soft).glob("*.npz")}


def test_all_files_that_are_missing_damaged_or_of_another_image_are_listed_at_once(soft: World) -> None:
    save(soft, protocols=("standard",))
    folder = masks_folder(soft)
    (folder / "image_000001.npz").unlink()
    (folder / "image_000002.npz").write_bytes(b"nothing")
    (folder / "image_000003.npz").write_bytes((folder / "image_000004.npz").read_bytes())
    with pytest.raises(DataError, match="3 of 10 images cannot be scored") as caught:
        replay_masks(request(soft, "standard"), Replay())
    text = str(caught.value)
    assert "image_000001.npz cannot be read" in text
    assert "image_000002.npz holds no masks or is damaged" in text
    assert "image_000003.npz is not of image 'image_000003'" in text


def test_masks_for_other_classes_and_folders_without_masks_are_refused(soft: World) -> None:
    save(soft, protocols=("standard",))
    manifest = masks_folder(soft) / "manifest.json"
    content = json.loads(manifest.read_text())
    content["dataset"]["vocabulary_digest"] = "0" * 64
    manifest.write_text(json.dumps(content))
    with pytest.raises(RequestError, match="made for other images or classes: classes 0000"):
        replay_masks(request(soft, "standard"), Replay())
    manifest.write_text(json.dumps({**content, "schema_version": 2}))
    with pytest.raises(DataError, match="schema version 2"):
        replay_masks(request(soft, "standard"), Replay())
    with pytest.raises(RequestError, match=r"no saved masks of mine .*--save soft"):
        replay_masks(request(soft, "standard", predictions=soft.root), Replay())


def test_the_manifest_says_whose_masks_they_are_and_how_they_were_rounded(soft: World) -> None:
    path, *_ = save(soft, protocols=("standard",))
    record, content = json.loads(path.read_text()), json.loads((masks_folder(soft) / "manifest.json").read_text())
    assert (content["run"], content["identity"]) == (
        record["execution"]["run_digest"],
        record["execution"]["identity"],
    )
    assert content["predictor"] == record["predictor"]
    assert content["method"] == record["scores"]["standard"]["method"]["fields"]
    assert (content["input_size"], content["holds"], content["levels"]) == (16, "masks", 255)
    assert content["largest_error"] == 1 / 510
    assert np.isclose(content["largest_error"], 0.00196, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--soft"], 0, "soft.Levels, 8-bit masks\tmine\tstandard\t"),
        (["--soft", "--threshold", "0.5"], 0, "soft.Levels, 8-bit masks > 0.5\tmine\tstandard\t"),
        (["--soft", "--threshold", "none"], 0, "soft.Levels, 8-bit masks, no threshold\tmine"),
        (["--soft", "--nothing", "unused"], 0, "soft.Levels, 8-bit masks, nothing unused\tmine"),
        (["--soft", "--threshold", "half"], 2, "the threshold is 'half'; expected a number in [0, 1), or none"),
        (["--soft", "--threshold", "1"], 2, "must be in [0, 1); got 1.0"),
        (["--soft", "--threshold", "nan"], 2, "must be in [0, 1); got nan"),
        (["--threshold", "0.5"], 2, "are for saved masks, and label PNGs hold none. Give --soft"),
        (["--soft", "--protocol", "mmsg"], 2, "Did you mean 'mmseg'"),
    ],
)
def test_the_command_says_what_it_scored(soft: World, words: list[str], code: int, says: str) -> None:
    save(soft, protocols=("standard",))
    where = ["--predictions", str(soft.results.parent / "saved"), "--data-root", str(soft.root)]
    done = CliRunner().invoke(main, ["score", "--dataset", str(soft.card), *where, *words])
    assert done.exit_code == code, done.output
    assert says in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.output
