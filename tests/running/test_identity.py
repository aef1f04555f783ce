from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosegbench.errors import PredictorError, RequestError
from cosegbench.records import DatasetInfo, PredictorInfo
from cosegbench.running.job import Job, make_identity
from cosegbench.running.journal import Journal
from cosegbench.running.runner import run
from running.support import World

PREDICTOR = PredictorInfo("p", "m:P", "file", {}, {"k": 1}, "w", "1" * 64, "2" * 64, facts={"tower": "a"})
DATASET = DatasetInfo("d", "val", "real", 2, None, "3" * 64, "4" * 64, {"images": "all"}, "v", "5" * 64, ("a",), None)
EXECUTION = {"batch_size": 8, "threads": 1, "device": "cpu", "seed": 0, "cosegbench": "0", "libraries": {"numpy": "1"}}


def identity(
    predictor: Mapping[str, Any] | None = None,
    dataset: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any] | None = None,
    photographs: str = "6" * 64,
    family: str = "f",
    pass_digest: str = "7" * 64,
) -> dict[str, Any]:
    return make_identity(
        replace(PREDICTOR, **(predictor or {})),
        replace(DATASET, **(dataset or {})),
        photographs,
        family,
        pass_digest,
        {**EXECUTION, **(execution or {})},
    )


CHANGES: list[dict[str, Any]] = [
    *({"predictor": {key: "other"}} for key in ("target", "origin", "weights", "weights_digest", "source_digest")),
    {"predictor": {"arguments": {"k": 2}}},
    {"predictor": {"arguments": {"k": 1, "more": 1}}},
    {"predictor": {"facts": {"tower": "b"}}},
    *(
        {"dataset": {key: "other"}}
        for key in ("id", "split", "content_digest", "image_list_digest", "vocabulary_digest")
    ),
    {"dataset": {"limit": 5}},
    {"dataset": {"options": {"images": "5105"}}},
    *({"execution": {key: 99}} for key in ("batch_size", "threads", "device", "seed", "cosegbench")),
    {"execution": {"libraries": {"numpy": "2"}}},
    {"photographs": "other"},
    {"family": "other"},
    {"pass_digest": "other"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_each_part_of_what_a_run_is_makes_it_another_run(tmp_path: Path, change: dict[str, Any]) -> None:
    none: Any = None
    job = Job(none, none, none, none, tmp_path / "d.f.json", identity(**change))
    with Journal(job.journal, identity()):
        pass
    assert job.stored_identity() == ("other", identity())
    assert replace(job, identity=identity()).stored_identity()[0] == "partial"


def half_done(world: World, **changes: Any) -> None:
    world.tell("fail", 3)
    with pytest.raises(PredictorError):
        run(world.request(**changes))
    world.forget("fail")


def test_a_weight_file_that_was_written_anew_under_its_name_is_another_run(world: World, tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"one")
    half_done(world, weights=str(weights))
    weights.write_bytes(b"two")
    with pytest.raises(RequestError, match=r"predictor\.weights_digest"):
        run(world.request(weights=str(weights)))


@pytest.mark.parametrize(
    ("before", "after"),
    [('background = "ignore"', 'background = "class"'), ("[format]", '[format]\ndrop_classes = ["class 2"]')],
    ids=["the background scored", "dropped classes"],
)
def test_a_card_that_reads_the_same_labels_otherwise_is_another_run(world: World, before: str, after: str) -> None:
    card = Path(world.card)
    text = card.read_text()
    if before not in text:
        pytest.fail(f"the card has no {before}: {text}")
    half_done(world)
    card.write_text(text.replace(before, after, 1))
    with pytest.raises(RequestError, match=r"dataset\.labels"):
        run(world.request())


def test_a_photograph_whose_bytes_changed_and_whose_size_did_not_stops_a_run_that_was_begun(world: World) -> None:
    half_done(world)
    photograph = world.root / "photos/image_000001.jpg"
    data = bytearray(photograph.read_bytes())
    data[-40] ^= 1
    photograph.write_bytes(data)
    with pytest.raises(RequestError, match=r"begun on other photographs.*--fresh"):
        run(world.request())
    run(world.request(fresh=True))


def test_protocols_that_see_other_inputs_have_journals_of_their_own(world: World) -> None:
    half_done(world)
    run(world.request("Masks", protocols=("coseg-authors",), name="mine.Brightness"))
    names = {path.name for path in (world.results / "mine.Brightness").iterdir()}
    assert "mine.open-vocabulary.journal.sqlite" in names
    assert "mine.coseg-authors.json" in names
