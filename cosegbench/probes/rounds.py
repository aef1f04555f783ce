"""A probe's inference: rounds of pictures through the run loop and its journal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench.errors import RecordError
from cosegbench.evidence import Evidence
from cosegbench.files import text_digest
from cosegbench.probes.inference import Bench, ProbeRequest
from cosegbench.records import DatasetInfo, ExecutionInfo, PredictorInfo, Timing
from cosegbench.running.batches import Batch, plan
from cosegbench.running.data import check_files
from cosegbench.running.finish import timing
from cosegbench.running.job import canonical, journal_path, owner_path
from cosegbench.running.journal import Journal
from cosegbench.running.loop import Pass, run_pass
from cosegbench.running.outputs import guarded
from cosegbench.running.owner import Held
from cosegbench.running.process import limited_threads
from cosegbench.running.request import Reporter
from cosegbench.running.salvage import remove_journal
from cosegbench.running.samples import Sample
from cosegbench.running.stopping import AGAIN, StoppedError

if TYPE_CHECKING:
    from cosegbench.prediction import Prediction
    from cosegbench.text import TextRule
    from cosegbench.vocabulary import Vocabulary


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
        RecordError: the journal is another probe's or cannot be written, or another process works on the result.
        RequestError: it was begun on other photographs.
    """
    (photographs,) = check_files([bench.dataset])
    request, evidence, facts = bench.request, Evidence(len(bench.dataset.vocabulary)), bench.predictor
    file = journal_path(path)
    with (
        Held(owner_path(path)),
        limited_threads(request.threads),
        _open(file, identity, photographs, request) as journal,
    ):
        try:
            for each, batches in zip(rounds, _batches(rounds, request.batch_size), strict=True):
                done = journal.done()
                if any(batch.index not in done for batch in batches):
                    facts = _show(bench, each, batches, journal, tell)
        except Exception:
            with contextlib.suppress(RecordError):  # the failure itself is what the user must see
                if not journal.done():  # nothing to go on with, and it would refuse the mended request
                    remove_journal(file)
            raise
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


def _open(file: Path, identity: Mapping[str, Any], photographs: str, request: ProbeRequest) -> Journal:
    if request.fresh:
        remove_journal(file)
    return Journal(file, identity, photographs)


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
        except KeyboardInterrupt as stop:
            raise StoppedError(f"stopped: what was computed is kept in {journal.path}. {AGAIN}", stop) from None
    return bench.recipe.info(predictor, bench.dataset.world)


def _batches(rounds: Sequence[Round], size: int) -> Iterator[tuple[Batch, ...]]:
    """The batches of each round, numbered through."""
    start = 0
    for each in rounds:
        planned = tuple(Batch(start + batch.index, batch.image_ids) for batch in plan(each.units, size))
        start += len(planned)
        yield planned
