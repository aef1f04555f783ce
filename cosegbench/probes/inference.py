"""What a probe with inference is asked for, and everything about it that can be refused before any work is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cosegbench
from cosegbench.errors import RequestError
from cosegbench.probes.result import DEFAULT_FOLDER, ProbeResult, definition_digest, read_result, result_path
from cosegbench.records import DatasetInfo, PredictorInfo
from cosegbench.records.codec import encode
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import plan
from cosegbench.running.building import Recipe
from cosegbench.running.cores import default_threads
from cosegbench.running.data import View, check_columns, choose_options, content_digests, open_views
from cosegbench.running.data import sizes_digest as photograph_sizes
from cosegbench.running.environment import library_versions
from cosegbench.running.finish import describe_dataset
from cosegbench.running.job import canonical, differences, journal_path, make_identity
from cosegbench.running.journal import read_identity
from cosegbench.running.request import DEFAULT_BATCH_SIZE, Reporter

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What probes with inference share; the arguments are those of :class:`cosegbench.running.request.RunRequest`.

    Args:
        results: folder of probe results.
    """

    predictor: str
    dataset: str | Path
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
    results: Path = DEFAULT_FOLDER
    name: str | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """A predictor and a data set that were found to fit.

    Args:
        request: what the user asked for.
        recipe: how the predictor is built.
        dataset: images and labels.
        predictor: what the result says about the predictor.
        about: what it says about the data set.
    """

    request: ProbeRequest
    recipe: Recipe
    dataset: Dataset
    predictor: PredictorInfo
    about: DatasetInfo

    def path(self, probe: str) -> Path:
        """Where the result of a probe goes."""
        return result_path(self.request.results, probe, self.dataset.id, self.recipe.id)

    def identity(self, probe: str, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that may change a count."""
        execution = {
            "batch_size": self.request.batch_size,
            "threads": self.request.threads,
            "device": self.recipe.run_device,
            "seed": self.recipe.run_seed,
            "cosegbench": cosegbench.__version__,
            "libraries": library_versions(),
        }
        sizes = photograph_sizes(self.dataset)
        found = make_identity(self.predictor, self.about, sizes, probe, definition_digest(definition), execution)
        return {**found, "definition": encode(definition)}


def open_bench(request: ProbeRequest, tell: Reporter) -> Bench:
    """Look at everything that can be refused before any work is done.

    Raises:
        RequestError: an unknown name, an option that does not fit, or data or weights that are missing.
        DataError: broken labels.
    """
    recipe = Recipe(
        entry=resolve_predictor(request.predictor),
        settings=request.settings,
        weights=request.weights,
        device=request.device,
        seed=request.seed,
        name=request.name,
    )
    recipe.options("real")
    plan((), request.batch_size)
    (card,) = check_columns([request.dataset], request.conventions)
    (dataset,) = open_views(
        [View(request.dataset, choose_options(card, request.conventions, {}))],
        data_root=request.data_root,
        split=request.split,
        limit=request.limit,
        remark=tell.remark,
    )
    predictor = recipe.info(recipe.build(dataset.world), dataset.world)
    about = describe_dataset(dataset, content_digests([dataset])[0], request.limit, dataset.id)
    return Bench(request, recipe, dataset, predictor, about)


def finished(path: Path, identity: Mapping[str, Any], *, fresh: bool) -> ProbeResult | None:
    """What lies there already, if it is this very probe; None where there is nothing whole, or it shall be replaced.

    Raises:
        RequestError: another probe's result or journal lies there; says in what they differ.
        RecordError: it cannot be read.
    """
    if fresh:
        return None
    result = read_result(path) if path.is_file() else None
    file = path if result is not None else journal_path(path)
    stored = (result.execution.identity if result.execution else {}) if result is not None else read_identity(file)
    if stored is None:
        return None
    there, mine = (json.loads(canonical(each)) for each in (stored, identity))
    if there == mine:
        return result
    lines = "".join(f"\n    - {line}" for line in differences(there, mine))
    raise RequestError(f"{file} holds another probe:{lines}\nGive --fresh to replace it, or --results to keep both.")
