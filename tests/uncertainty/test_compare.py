from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from tables.samples import digest, record

from cosegbench import Evidence, score
from cosegbench.cli import main
from cosegbench.protocols import get_protocol
from cosegbench.records import ProtocolHalf, Record, ScoreInfo, read_record, record_path, write_record
from cosegbench.running.finish import save_evidence
from uncertainty.samples import make_evidence

PROTOCOLS = ("standard", "mess", "fine-grained", "coseg-oracle")
CLASSES = 6


def figures(evidence: Evidence, name: str) -> ScoreInfo:
    found, protocol = score(evidence, get_protocol(name).kernel), get_protocol(name)
    return ScoreInfo(
        protocol=name,
        kernel=found.kernel,
        evaluation=ProtocolHalf(protocol.evaluation.digest, protocol.evaluation.fields),
        method=ProtocolHalf(protocol.method.digest, {}),
        miou=found.miou,
        iou=tuple(None if np.isnan(each) else float(each) for each in found.iou),
        averaged=tuple(found.averaged.tolist()),
    )


def write(results: Path, predictor: str, evidence: Evidence, column: str = "voc20", **changes: object) -> Path:
    """A record with its evidence, whose figures are the kernels' own; ``changes`` are made to its data set."""
    path = record_path(results, predictor, column, "open-vocabulary")
    made: Record = record(predictor, column, {})
    data = dataclasses.replace(
        made.dataset,
        images=len(evidence),
        classes=tuple(f"class {place}" for place in range(evidence.num_classes)),
        content_digest=digest("content"),
        image_list_digest=digest("images", len(evidence)),
    )
    scores: Mapping[str, ScoreInfo] = {name: figures(evidence, name) for name in PROTOCOLS}
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = save_evidence(evidence, path)
    write_record(
        path, dataclasses.replace(made, dataset=dataclasses.replace(data, **changes), scores=scores, evidence=saved)
    )
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two predictors on two columns; the first is better."""
    folder = tmp_path / "results"
    for column, seed in (("voc20", 1), ("context59", 2)):
        write(folder, "good", make_evidence(15, CLASSES, seed=seed, skill=0.8), column)
        write(folder, "bad", make_evidence(15, CLASSES, seed=seed, shift=1), column)
    return folder


def compare(results: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["compare", "--results", str(results), "--resamples", "200", *words])


def content(results: Path, *words: str) -> dict:
    done = compare(results, *words, "--json", "-")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_figures_are_the_records_own_and_the_difference_is_theirs(results: Path, protocol: str) -> None:
    found = content(results, "good", "bad", "--protocol", protocol)

    assert [column["column"] for column in found["columns"]] == ["context59", "voc20"]
    for column in found["columns"]:
        stored = [
            read_record(record_path(results, name, column["column"], "open-vocabulary")).scores[protocol].miou
            for name in ("good", "bad")
        ]
        assert [column["first"]["miou"], column["second"]["miou"]] == stored
        assert column["difference"]["miou"] == stored[0] - stored[1]
        low, high = column["difference"]["percentile"]
        assert low < stored[0] - stored[1] < high
        assert column["p"] < 0.05
        assert column["better"] > column["worse"]
        assert column["better"] + column["worse"] + column["equal"] + column["without"] == column["images"] == 15


def test_the_text_names_both_figures_interval_p_images_classes_seed_and_resamples(results: Path) -> None:
    found = content(results, "good", "bad", "--dataset", "voc20")["columns"][0]
    text = compare(results, "good", "bad", "--dataset", "voc20").stdout

    cells = [cell.strip() for cell in next(line for line in text.splitlines() if "| voc20" in line).split("|")[1:-1]]
    low, high = found["difference"]["percentile"]
    assert cells == [
        "voc20",
        f"{found['first']['miou']:.2f}",
        f"{found['second']['miou']:.2f}",
        f"{found['difference']['miou']:+.2f}",
        f"[{low:+.2f}, {high:+.2f}]",
        f"{found['p']:.4f}",
        f"{found['better']} / {found['worse']} / {found['equal']}",
        "15",
        f"{found['classes_averaged'][0]}, the same",
    ]
    assert "good minus bad" in text
    assert "200 resamples of images, seed 0" in text
    assert found["evaluation_digest"][:12] in text


def test_classes_are_shown_by_size_of_difference_and_all_of_them_in_json(results: Path) -> None:
    words = ("good", "bad", "--dataset", "voc20")
    classes = content(results, *words)["columns"][0]["classes"]
    iou = [
        read_record(record_path(results, name, "voc20", "open-vocabulary")).scores["standard"].iou for name in words[:2]
    ]

    assert [each["class"] for each in classes] == [
        f"class {place}" for place in sorted(range(CLASSES), key=lambda place: -abs(iou[0][place] - iou[1][place]))
    ]
    for each in classes:
        place = int(each["class"].removeprefix("class "))
        assert (each["first"], each["second"]) == pytest.approx((iou[0][place], iou[1][place]))
        assert each["p"] <= each["adjusted"] <= 1
    text = compare(results, *words, "--classes", "2").stdout
    assert [each["class"] in text for each in classes] == [True, True, False, False, False, False]
    assert "class " not in compare(results, *words, "--classes", "0").stdout.partition("Intervals:")[2]


def test_equal_seeds_give_equal_output_and_other_seeds_other_draws(results: Path) -> None:
    words = ("good", "bad", "--seed", "3")
    first, again, other = (compare(results, *each).stdout for each in (words, words, ("good", "bad", "--seed", "4")))

    assert first == again
    assert first.replace("seed 3", "") != other.replace("seed 4", "")


def test_the_output_does_not_depend_on_the_folder_and_holds_no_path(results: Path, tmp_path: Path) -> None:
    here = compare(results, "good", "bad", "--json", "-").stdout
    moved = results.rename(tmp_path / "elsewhere")
    text = compare(moved, "good", "bad").stdout

    assert compare(moved, "good", "bad", "--json", "-").stdout == here
    assert str(tmp_path) not in here + text


def test_a_predictor_compared_with_itself_differs_by_nothing_and_p_is_one(results: Path) -> None:
    (column, _) = content(results, "good", "good")["columns"]

    assert (column["difference"]["miou"], column["difference"]["percentile"], column["p"]) == (0, [0, 0], 1)
    assert column["equal"] == 15
    assert "good (1) minus good (2)" in compare(results, "good", "good").stdout


def test_two_record_files_are_compared_without_a_results_folder(results: Path, tmp_path: Path) -> None:
    files = [str(record_path(results, name, "voc20", "open-vocabulary")) for name in ("good", "bad")]
    by_file = content(tmp_path / "absent", *files)

    assert by_file == content(results, "good", "bad", "--dataset", "voc20")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"content_digest": "a" * 64}, "they differ in labels ("),
        ({"image_list_digest": "b" * 64}, "they differ in image list ("),
        ({"vocabulary_digest": "c" * 64}, "they differ in vocabulary (vvvvvvvvvvvv and cccccccccccc)"),
        ({"split": "train"}, "they differ in split (val and train)"),
        ({"options": {"images": "5105"}}, "they differ in options: images (null and 5105)"),
    ],
)
def test_figures_over_other_images_or_labels_are_refused_with_what_differs(
    results: Path, changes: dict, says: str
) -> None:
    write(results, "bad", make_evidence(15, CLASSES, seed=1, shift=1), "voc20", **changes)

    done = compare(results, "good", "bad")
    assert done.exit_code == 2
    assert f"voc20: {says}" in done.stderr
    assert "Compare those that agree: --dataset context59" in done.stderr
    assert done.stdout == ""
    assert compare(results, "good", "bad", "--dataset", "context59").exit_code == 0


def test_two_evaluation_digests_are_refused_with_the_field_that_differs(results: Path) -> None:
    path = record_path(results, "bad", "voc20", "open-vocabulary")
    stored = read_record(path)
    old = stored.scores["standard"]
    half = ProtocolHalf("d" * 64, {**old.evaluation.fields, "resolution": "input"})
    scores = {**stored.scores, "standard": dataclasses.replace(old, evaluation=half)}
    write_record(path, dataclasses.replace(stored, scores=scores))

    done = compare(results, "good", "bad", "--dataset", "voc20")
    assert done.exit_code == 2
    assert "evaluation: resolution (original and input)" in done.stderr


def test_record_files_of_two_data_sets_are_refused_with_both_names(results: Path) -> None:
    files = [str(record_path(results, *each, "open-vocabulary")) for each in (("good", "voc20"), ("bad", "context59"))]
    done = compare(results, *files)
    assert done.exit_code == 2
    assert "view (voc20 and context59)" in done.stderr


def test_sets_of_averaged_classes_that_differ_are_said(tmp_path: Path) -> None:
    target = np.zeros((4, 4), np.uint16)
    for name, guess in (("one", 0), ("two", 2)):
        evidence = Evidence(3)
        for place in range(3):
            evidence.add(f"{place}", np.full((4, 4), guess, np.uint16), target)
            evidence.add_binary(f"{place}", [0], [0], [0], [16])
        write(tmp_path, name, evidence)
    (column,) = content(tmp_path, "one", "two", "--protocol", "mess")["columns"]

    assert column["classes_averaged"] == [1, 2]
    assert (column["only_first_averages"], column["only_second_averages"]) == ([], ["class 2"])
    assert "1 and 2, not the same" in compare(tmp_path, "one", "two", "--protocol", "mess").stdout
    assert "p is exact: all 8 ways" in compare(tmp_path, "one", "two", "--protocol", "mess").stdout


def test_classes_that_resamples_lack_are_reported_for_rules_that_average_classes(tmp_path: Path) -> None:
    for name, shift in (("one", 0), ("two", 1)):
        write(tmp_path, name, make_evidence(6, 12, shift=shift))
    (column,) = content(tmp_path, "one", "two")["columns"]

    assert column["first"]["classes_dropped"] > 0
    said = (
        f"{column['first']['classes_dropped']} of {column['classes_averaged'][0]} averaged classes are absent from some"
    )
    assert said in compare(tmp_path, "one", "two").stdout
    assert "absent from some" not in compare(tmp_path, "one", "two", "--protocol", "coseg-oracle").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("goood", "bad"), "Did you mean 'good'"),
        (("good", "absent.json"), "record absent.json does not exist"),
        (("good", "bad", "--protocol", "standrd"), "Did you mean 'standard'"),
        (("good", "bad", "--protocol", "mmseg"), "cosegbench rescore --protocol mmseg"),
        (("good", "bad", "--dataset", "voc21"), "voc21 is not measured for both"),
        (("good", "bad", "--suite", "miniature"), "is not measured for both"),
        (("good", "bad", "--suite", "miniature", "--dataset", "voc20"), "not both"),
        (("good", "bad", "--resamples", "0"), "--resamples"),
        (("good", "bad", "--level", "1"), "--level"),
    ],
)
def test_bad_requests_exit_with_two_and_say_what_to_do(results: Path, words: tuple[str, ...], says: str) -> None:
    done = compare(results, *words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_suite_gives_its_order_and_names_what_is_left_out(results: Path) -> None:
    done = compare(results, "good", "bad", "--suite", "cross-dataset", "--json", "-")

    assert [column["column"] for column in json.loads(done.stdout)["columns"]] == ["voc20", "context59"]
    assert "left out: coco-things, context459" in done.stderr


def test_evidence_that_is_missing_or_gives_another_figure_is_a_failure(results: Path) -> None:
    path = record_path(results, "bad", "voc20", "open-vocabulary")
    stored = read_record(path)
    wrong = dataclasses.replace(stored.scores["standard"], miou=1.0)
    write_record(path, dataclasses.replace(stored, scores={**stored.scores, "standard": wrong}))
    done = compare(results, "good", "bad", "--dataset", "voc20")
    assert done.exit_code == 1
    assert "cosegbench rescore" in done.stderr
    assert "run --fresh" in done.stderr

    next(path.parent.glob("voc20*.npz")).unlink()
    done = compare(results, "good", "bad", "--dataset", "voc20")
    assert done.exit_code == 1
    assert "is missing" in done.stderr
    assert "Traceback" not in done.output


def shown(results: Path, seed: int, label: str) -> Path:
    """The record of ``good`` on voc20 with another input, as ``run --input`` leaves it beside the default's."""
    evidence = make_evidence(15, CLASSES, seed=1, skill=0.1 * seed)
    folder = results.parent / label
    made = write(folder, "good", evidence)
    path = record_path(results, "good", "voc20", f"open-vocabulary+{label}")
    geometry = {"input": "central-square" if label == "crop" else "whole"}
    window = {"size": 8, "stride": 4} if label == "slide-8-4" else "whole"
    half = ProtocolHalf("external", {"geometry": geometry, "window": window})
    record = read_record(made)
    scores = {name: dataclasses.replace(score, method=half) for name, score in record.scores.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = save_evidence(evidence, path)
    write_record(path, dataclasses.replace(record, scores=scores, evidence=saved))
    return path


def test_of_several_inputs_the_default_is_compared_and_the_others_are_named(results: Path) -> None:
    before = content(results, "good", "bad")
    shown(results, 1, "crop")
    shown(results, 2, "slide-8-4")

    done = compare(results, "good", "bad", "--json", "-")
    assert json.loads(done.stdout) == before
    assert done.stderr.count("Left out of good: its records of input crop; slide 8/4.") == 1


def test_a_record_file_of_another_input_is_compared_and_both_inputs_are_named(results: Path) -> None:
    crop, slide = str(shown(results, 1, "crop")), str(shown(results, 2, "slide-8-4"))

    found = content(results, crop, slide)
    assert (found["first"], found["second"]) == ("good, crop", "good, slide 8/4")
    assert found["columns"][0]["first"]["miou"] == read_record(Path(crop)).scores["standard"].miou
    assert "good, crop minus good, input unknown" in compare(results, crop, "good").stdout
    squash = Path(shown(results, 3, "squash"))
    assert "good, crop minus good, squash" in compare(results, crop, str(squash)).stdout


def test_a_folder_of_one_other_input_is_compared_under_its_name_and_of_two_is_refused(results: Path) -> None:
    for path in (results / "good").iterdir():
        path.unlink()
    shown(results, 1, "crop")
    assert content(results, "good", "bad")["first"] == "good, crop"

    shown(results, 2, "slide-8-4")
    done = compare(results, "good", "bad")
    assert done.exit_code == 2
    assert "several inputs (crop; slide 8/4)" in done.stderr


def test_two_records_of_one_figure_are_refused_by_name(results: Path) -> None:
    path = record_path(results, "good", "voc20", "open-vocabulary")
    path.with_name("copy.json").write_bytes(path.read_bytes())
    done = compare(results, "good", "bad")
    assert done.exit_code == 2
    assert "two records hold the same figure on voc20" in done.stderr
