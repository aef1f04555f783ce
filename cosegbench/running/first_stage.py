"""The first stage of a predictor, kept: each image's ranked labels as JSON Lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench.errors import PredictorError, RecordError, RequestError
from cosegbench.files import atomic_file
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import plan
from cosegbench.running.building import Recipe
from cosegbench.running.cores import default_threads
from cosegbench.running.data import View, check_columns, check_files, choose_options, open_views
from cosegbench.running.outputs import guarded, name_images
from cosegbench.running.process import limited_threads, seed_batch
from cosegbench.running.ranked import check_ranked
from cosegbench.running.request import DEFAULT_BATCH_SIZE, Reporter, Silent
from cosegbench.text import TextRule

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset
    from cosegbench.prediction import RankedLabels


@dataclass(frozen=True, slots=True)
class LabelsRequest:
    """One call of ``labels``; the arguments are those of :class:`cosegbench.running.request.RunRequest`.

    Args:
        out: JSON Lines file; ``-`` is standard output.
        template: sentence made from a class name; None for the paper's.
    """

    predictor: str
    dataset: str | Path
    out: Path
    settings: tuple[str, ...] = ()
    data_root: Path | None = None
    split: str = "val"
    conventions: Mapping[str, str] = field(default_factory=dict)
    weights: str | None = None
    device: str | None = None
    seed: int | None = None
    limit: int | None = None
    batch_size: int = DEFAULT_BATCH_SIZE
    threads: int = field(default_factory=default_threads)
    template: str | None = None


def write_ranked_labels(request: LabelsRequest, reporter: Reporter | None = None) -> int:
    """Rank the labels of every image and write them, one line an image, best label first.

    Each line is an object with ``image_id``, ``indices`` (0..K-1), ``names`` and ``scores``.

    Returns:
        The number of images.

    Raises:
        RequestError: an unknown name, missing data, or a predictor without ``rank_labels``.
        DataError: broken files; all of them are listed.
        PredictorError: the predictor broke its contract; no file is written.
        RecordError: the file cannot be written.
    """
    tell = reporter or Silent()
    text = TextRule() if request.template is None else TextRule(request.template)
    recipe = Recipe(
        resolve_predictor(request.predictor), request.settings, request.weights, request.device, request.seed
    )
    if not callable(getattr(recipe.entry.cls, "rank_labels", None)):
        raise RequestError(
            f"predictor {recipe.id!r} has no first stage that can be kept: it has no rank_labels(images)."
        )
    recipe.options("real")
    (card,) = check_columns([request.dataset], request.conventions)
    (dataset,) = open_views(
        [View(request.dataset, choose_options(card, request.conventions, {}))],
        data_root=request.data_root,
        split=request.split,
        limit=request.limit,
        remark=tell.remark,
    )
    check_files([dataset])
    predictor = recipe.build(dataset.world)
    with limited_threads(request.threads):
        if getattr(predictor, "tunes", False):
            guarded(predictor, "tune", f"data set {dataset.id}", dataset)
        guarded(predictor, "prepare", f"data set {dataset.id}", dataset.vocabulary, text)
        lines = _lines(predictor, dataset, request, recipe.run_seed, tell)
        return _write(request.out, lines)


def _lines(predictor: Any, dataset: Dataset, request: LabelsRequest, seed: int, tell: Reporter) -> Iterator[str]:
    names = dataset.vocabulary.names
    with tell.progress(f"{dataset.id} (labels)", len(dataset.image_ids), 0) as tick:
        for batch in plan(dataset.image_ids, request.batch_size):
            images = [dataset.image(image_id) for image_id in batch.image_ids]
            seed_batch(seed, batch.index)
            answer = guarded(predictor, "rank_labels", f"images {name_images(batch.image_ids)}", images)
            for image_id, ranked in zip(batch.image_ids, _counted(answer, batch.image_ids), strict=True):
                check_ranked(ranked, len(names), image_id)
                yield _line(image_id, ranked, names)
            tick(len(images))


def _counted(answer: Any, image_ids: Sequence[str]) -> Sequence[RankedLabels]:
    if not isinstance(answer, Sequence) or len(answer) != len(image_ids):
        came = f"{len(answer)} entries" if isinstance(answer, Sequence) else f"a {type(answer).__name__}"
        raise PredictorError(
            f"images {name_images(image_ids)}: rank_labels returned {came}; expected one RankedLabels for "
            f"each of {len(image_ids)} images."
        )
    return answer


def _line(image_id: str, ranked: RankedLabels, names: Sequence[str]) -> str:
    row = {
        "image_id": image_id,
        "indices": [int(label) for label in ranked.labels],
        "names": [names[label] for label in ranked.labels],
        "scores": [float(score) for score in ranked.scores],
    }
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _write(out: Path, lines: Iterator[str]) -> int:
    count = 0
    if str(out) == "-":
        for count, line in enumerate(lines, start=1):  # noqa: B007 - the count is the answer
            sys.stdout.write(line)
        return count
    try:
        with atomic_file(out) as stream:
            for count, line in enumerate(lines, start=1):  # noqa: B007 - the count is the answer
                stream.write(line.encode())
    except OSError as error:
        raise RecordError(f"{out} cannot be written: {error}.") from error
    return count
