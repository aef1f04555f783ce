"""A probe's inference: what can be refused is refused first; batches go through the run loop and its journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cosegbench
from cosegbench.errors import RequestError, WorkError
from cosegbench.evidence import Evidence
from cosegbench.files import text_digest
from cosegbench.probes.result import DEFAULT_FOLDER, ProbeResult, definition_digest, read_result, result_path
from cosegbench.records import DatasetInfo, ExecutionInfo, PredictorInfo, Timing
from cosegbench.records.codec import encode
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import Batch, plan
from cosegbench.running.building import Recipe
from cosegbench.running.cores import default_threads
from cosegbench.running.data import View, check_columns, check_files, choose_options, content_digests, open_views
from cosegbench.running.data import sizes_digest as photograph_sizes
from cosegbench.running.environment import library_versions
from cosegbench.running.finish import describe_dataset, timing
from cosegbench.running.job import canonical, differences, make_identity
from cosegbench.running.journal import Journal
from cosegbench.running.loop import Pass, run_pass
from cosegbench.running.outputs import guarded
from cosegbench.running.process import limited_threads
from cosegbench.running.request import DEFAULT_BATCH_SIZE, Reporter
from cosegbench.running.samples import Sample

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset
    from cosegbench.prediction import Prediction
    from cosegbench.text import TextRule
    from cosegbench.vocabulary import Vocabulary


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
class Round:
    """Pictures that are shown to a predictor that was prepared for them.

    Args:
        title: for progress and messages.
        units: names of the pictures, in order.
        vocabulary: what the predictor is asked for.
        text: how names become sentences.
        read: name -> the picture, and what is scored.
        observe: a picture and its prediction -> its evidence.
    """

    title: str
    units: Sequence[str]
    vocabulary: Vocabulary
    text: TextRule
    read: Callable[[str], Sample]
    observe: Callable[[Sample, Prediction], Evidence]


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


@dataclass(frozen=True, slots=True)
class Done:
    """What the rounds gave.

    Args:
        evidence: of every picture.
        about: the data set, with the digest of its photographs.
        predictor: what the predictor says of itself after its work.
        execution: how it was computed.
        timing: how long.
    """

    evidence: Evidence
    about: DatasetInfo
    predictor: PredictorInfo
    execution: ExecutionInfo
    timing: Timing


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
    """What lies there already, if it is this very probe; None where there is nothing, or it shall be replaced.

    Raises:
        RequestError: another probe's result lies there; says in what they differ.
        RecordError: it cannot be read.
    """
    if fresh or not path.is_file():
        return None
    result = read_result(path)
    stored = {} if result.execution is None else json.loads(canonical(result.execution.identity))
    mine = json.loads(canonical(identity))
    if stored == mine:
        return result
    lines = "".join(f"\n    - {line}" for line in differences(stored, mine))
    raise RequestError(f"{path} holds another probe:{lines}\nGive --fresh to replace it, or --results to keep both.")


def run_rounds(bench: Bench, path: Path, identity: Mapping[str, Any], rounds: Sequence[Round], tell: Reporter) -> Done:
    """Show every picture; what was shown before the process was stopped is not shown again.

    Args:
        bench: predictor and data set.
        path: of the result; the journal lies beside it until the result is written.
        identity: of the probe.
        rounds: at least one; names of pictures differ over all of them.
        tell: whom to tell.

    Raises:
        DataError: broken files; nothing was computed.
        PredictorError: the predictor broke its contract; what was computed before is kept.
        RecordError: the journal is another probe's, or cannot be written.
    """
    (photographs,) = check_files([bench.dataset])
    request, evidence, facts = bench.request, Evidence(len(bench.dataset.vocabulary)), bench.predictor
    file = journal_path(path)
    if request.fresh:
        file.unlink(missing_ok=True)
    with limited_threads(request.threads), Journal(file, identity) as journal:
        for each, batches in zip(rounds, _batches(rounds, request.batch_size), strict=True):
            done = journal.done()
            if any(batch.index not in done for batch in batches):
                facts = _show(bench, each, batches, journal, tell)
        for unit, blob in journal.evidence():
            evidence.add_image_bytes(unit, blob)
        spent = journal.spent()
    execution = ExecutionInfo(
        batch_size=request.batch_size,
        threads=request.threads,
        device=bench.recipe.run_device,
        seed=bench.recipe.run_seed,
        run_digest=text_digest(canonical(identity)),
        identity=identity,
    )
    about = replace(bench.about, images_digest=photographs)
    return Done(evidence, about, facts, execution, timing(spent, len(evidence)))


def journal_path(path: Path) -> Path:
    """Where the journal of a result lies while the probe is not finished."""
    return path.with_name(path.name.removesuffix(".json") + ".journal.sqlite")


def _show(bench: Bench, each: Round, batches: Sequence[Batch], journal: Journal, tell: Reporter) -> PredictorInfo:
    """One round with a predictor of its own, so that no names leave traces in the next."""
    predictor = bench.recipe.build(bench.dataset.world)
    where = f"data set {bench.dataset.id}, {each.title}"
    if getattr(predictor, "tunes", False):
        guarded(predictor, "tune", where, bench.dataset)
    guarded(predictor, "prepare", where, each.vocabulary, each.text)

    def observe(sample: Sample, prediction: Any) -> Evidence:
        return each.observe(sample, prediction)

    work = Pass(predictor, each.read, observe, bench.recipe.run_seed, bench.request.batch_size)
    done = journal.done()
    before = sum(len(batch.image_ids) for batch in batches if batch.index in done)
    with tell.progress(f"{bench.recipe.id}, {each.title}", len(each.units), before) as tick:
        try:
            run_pass(work, batches, journal, tick, threads=bench.request.threads)
        except KeyboardInterrupt:
            raise WorkError(
                f"stopped: what was computed is kept in {journal.path}. Start the same command again (without --fresh) "
                "to go on."
            ) from None
    return bench.recipe.info(predictor, bench.dataset.world)


def _batches(rounds: Sequence[Round], size: int) -> Iterator[tuple[Batch, ...]]:
    """The batches of each round, numbered through."""
    start = 0
    for each in rounds:
        planned = tuple(Batch(start + batch.index, batch.image_ids) for batch in plan(each.units, size))
        start += len(planned)
        yield planned
