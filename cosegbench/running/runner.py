"""``run`` from beginning to end: look at everything that can be refused first, then one pass after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cosegbench
from cosegbench.card_schema import DatasetCard
from cosegbench.cards import load_card
from cosegbench.dataset import Dataset
from cosegbench.errors import ProtocolError, RecordError, RequestError
from cosegbench.records import PredictorInfo, Record, read_record, record_path
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import plan
from cosegbench.running.building import Recipe
from cosegbench.running.data import (
    View,
    check_columns,
    check_files,
    choose_options,
    content_digests,
    open_views,
    sizes_digest,
)
from cosegbench.running.environment import library_versions
from cosegbench.running.families import Family, check_protocols, fixed_inputs, group_protocols
from cosegbench.running.finish import describe_dataset
from cosegbench.running.job import Job, differences, make_identity
from cosegbench.running.owner import Held, check_free
from cosegbench.running.process import limited_threads, take_gpu
from cosegbench.running.proving import MEND, changed_figures, changed_statements
from cosegbench.running.request import Reporter, RunRequest, Silent
from cosegbench.running.saving import check_saving, require_saved
from cosegbench.running.work import JobRunner


def run(request: RunRequest, reporter: Reporter | None = None) -> list[Path]:
    """Run a predictor on data sets; what is finished is not computed again, what was begun is gone on with.

    Returns:
        The paths of the records, data set by data set, family by family.

    Raises:
        RequestError: an unknown name, an option that does not fit, data or weights that are missing, or a results
            folder that holds another run. Nothing was computed.
        DataError: broken files; all of them are listed, and nothing was computed.
        PredictorError: the predictor broke its contract; what was computed before is kept.
        StoppedError: the user stopped it; what was computed is kept.
        RecordError: a journal or record cannot be read or written, or another process is working on the run.
    """
    tell = reporter or Silent()
    check_protocols(request.protocols, request.input)
    check_saving(request)
    if request.input.kind != "squash" and (fixed := fixed_inputs(request.protocols)):
        tell.remark(
            f"{', '.join(fixed)}: says itself what the predictor sees; --input {request.input.kind} is not for it."
        )
    cards = check_columns(request.datasets, request.conventions)
    recipe = _recipe(request)
    jobs = _Planner(request, recipe, tell).jobs(cards)
    if not request.team.leads:
        _help(jobs, recipe, request, tell)
        return [job.record for job in jobs]
    for job in jobs:
        if request.fresh or not job.record.is_file():
            for owner in job.owners():
                check_free(owner)
    left = _left_to_do(jobs, request, tell)
    photographs = check_files([job.dataset for job in left])
    with contextlib.ExitStack() as stack:
        held = {job.record: stack.enter_context(Held(job.owner)) for job in left}
        seen = [job.seen(digest) for job, digest in zip(left, photographs, strict=True)]
        # Again, now that nobody else can: while the photographs were read, another process may have done it.
        left = _left_to_do(seen, request, tell)
        if request.fresh:
            for job in left:
                job.clear()
        for job in left:
            JobRunner(job, recipe, request, tell).run()
            held[job.record].release()
    return [job.record for job in jobs]


def _help(jobs: Sequence[Job], recipe: Recipe, request: RunRequest, tell: Reporter) -> None:
    """Do this process's share of each job that process 0 leads: of those that were not finished before.

    Process 0 finishes no job before every other has reported, so a record that is there was there before.

    Raises:
        CosegbenchError: as :func:`run`.
    """
    for job in jobs:
        state, stored = job.recorded_identity()
        if request.fresh or state == "new":
            JobRunner(job, recipe, request, tell).help()
        elif state == "other":
            raise _refused([(job, stored)])


def _recipe(request: RunRequest) -> Recipe:
    """Everything about the predictor and the process that can be refused before any data is looked at."""
    recipe = Recipe(
        entry=resolve_predictor(request.predictor),
        settings=request.settings,
        weights=request.weights,
        device=request.device,
        seed=request.seed,
        name=request.name,
    )
    take_gpu(request.device, request.team)
    recipe.options("real")
    plan((), request.batch_size)
    with limited_threads(request.threads):
        return recipe


@dataclass(frozen=True, slots=True)
class _Planner:
    """Makes the jobs of a request."""

    request: RunRequest
    recipe: Recipe
    tell: Reporter

    def jobs(self, cards: Sequence[DatasetCard]) -> list[Job]:
        """A job for each column and family; data is looked for before weights are.

        The predictor is built once a world, to learn what it is and whether it can serve.
        """
        request = self.request
        families = [
            family
            for card in cards
            for family in group_protocols(request.protocols, self.recipe.entry.id, card.id, request.input)
        ]
        names = dict(zip((card.id for card in cards), request.datasets, strict=True))
        views = [self._view(family, names) for family in families]
        datasets = open_views(
            views, data_root=request.data_root, split=request.split, limit=request.limit, remark=self.tell.remark
        )
        built = {world: self.recipe.build(world) for world in dict.fromkeys(each.world for each in datasets)}
        infos = {world: self.recipe.info(predictor, world) for world, predictor in built.items()}
        fitted = [
            family.fitted(built[dataset.world], self.recipe.id)
            for family, dataset in zip(families, datasets, strict=True)
        ]
        digests = content_digests(datasets)
        execution = self._execution()
        about = [infos[each.world] for each in datasets]
        return [self._job(*each, execution) for each in zip(fitted, datasets, about, digests, strict=True)]

    def _view(self, family: Family, names: Mapping[str, str | Path]) -> View:
        view, required = family.view
        name = names[view] if view == family.column else view
        return View(name, choose_options(load_card(name), self.request.conventions, required))

    def _job(
        self,
        family: Family,
        dataset: Dataset,
        info: PredictorInfo,
        content_digest: str,
        execution: Mapping[str, Any],
    ) -> Job:
        about = describe_dataset(dataset, content_digest, self.request.limit, family.column)
        identity = make_identity(
            info,
            about,
            sizes_digest(dataset),
            family.name,
            family.pass_digest,
            execution,
            family.counted_on_request,
        )
        path = record_path(self.request.results, self.recipe.id, family.column, family.name)
        return Job(dataset, about, family, info, path, identity)

    def _execution(self) -> Mapping[str, Any]:
        return {
            "batch_size": self.request.batch_size,
            "threads": self.request.threads,
            "device": self.recipe.run_device,
            "seed": self.recipe.run_seed,
            "cosegbench": cosegbench.__version__,
            "libraries": library_versions(),
        }


def _check_finished(job: Job, tell: Reporter) -> None:
    """Look at what a finished run can still answer.

    Raises:
        ProtocolError: a protocol that was asked for needs evidence that this predictor does not give.
        RecordError: the evidence is absent or was changed, or the record does not say what was measured.
    """
    record = read_record(job.record)
    _check_unedited(job, record)
    for protocol in job.family.asked:
        if protocol.name in record.scores:
            continue
        if record.evidence is not None and protocol.rule.channel not in record.evidence.channels:
            raise ProtocolError(
                f"protocol {protocol.name!r} needs evidence {protocol.rule.channel!r}, and {job.record} was finished "
                f"with {', '.join(record.evidence.channels)}: the predictor returns no masks."
            )
        tell.remark(f"{job.title}: {job.record} holds no figure under {protocol.name}, which is undefined for it.")


def _check_unedited(job: Job, record: Record) -> None:
    """Refuse a record whose statements or figures that were asked for are not what was measured.

    The other figures are left to `table`: a rule that is gone keeps its figure, and nobody can compute it again.

    Raises:
        RecordError: lists the differences with both values; or the evidence is absent or damaged.
    """
    names = job.family.requested
    asked = replace(record, scores={name: score for name, score in record.scores.items() if name in names})
    lines = [*changed_statements(asked), *changed_figures(job.record, asked)]
    if lines:
        summary = f"{job.record} was finished before and does not say what was measured. {MEND}"
        raise RecordError("\n  - ".join([summary, *lines]))


def _left_to_do(jobs: Sequence[Job], request: RunRequest, tell: Reporter) -> list[Job]:
    """The jobs that are not finished; all of them where the request is fresh.

    Raises:
        RequestError: the results folder holds other runs under these names (says in what each differs), or a finished
            one whose predictions were not saved.
    """
    if request.fresh:
        return list(jobs)
    left: list[Job] = []
    others: list[tuple[Job, Mapping[str, Any]]] = []
    for job in jobs:
        state, stored = job.stored_identity()
        if state == "finished":
            job.sweep_finished()
            _check_finished(job, tell)
            require_saved(request, job, job.dataset.image_ids)
            tell.remark(f"{job.title}: finished before, nothing to compute: {job.record}")
            continue
        if state == "other":
            others.append((job, stored))
        left.append(job)
    if others:
        raise _refused(others)
    return left


def _refused(others: Sequence[tuple[Job, Mapping[str, Any]]]) -> RequestError:
    """What to say where other runs lie under the names of these jobs."""
    text = ""
    for job, stored in others:
        lines = differences(stored, job.identity) if stored else ["it was not made by `run`"]
        text += "".join([f"\n  {job.record} differs:", *(f"\n    - {line}" for line in lines)])
    name = others[0][0].predictor.id
    return RequestError(
        f"{name!r} has another run in the results folder; runs are never mixed.{text}\n"
        "Give --fresh to replace it, or --name or --results to keep both."
    )
