"""``run`` from beginning to end: look at everything that can be refused first, then one pass after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosegbench
from cosegbench.dataset import Dataset
from cosegbench.errors import RequestError
from cosegbench.records import PredictorInfo, record_path
from cosegbench.registry import resolve_predictor
from cosegbench.running.batches import plan
from cosegbench.running.building import Recipe
from cosegbench.running.data import check_files, content_digests, open_datasets
from cosegbench.running.families import Family, group_protocols
from cosegbench.running.finish import describe_dataset
from cosegbench.running.job import Job, differences, make_identity
from cosegbench.running.process import limited_threads
from cosegbench.running.request import Reporter, RunRequest, Silent
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
        RecordError: a journal or record cannot be read or written.
    """
    tell = reporter or Silent()
    families = group_protocols(request.protocols)
    recipe = _recipe(request)
    datasets = open_datasets(
        request.datasets,
        data_root=request.data_root,
        split=request.split,
        conventions=request.conventions,
        limit=request.limit,
        remark=tell.remark,
    )
    jobs = _Planner(request, recipe, families).jobs(datasets)
    left = list(jobs) if request.fresh else _left_to_do(jobs, tell)
    check_files(list({job.dataset.id: job.dataset for job in left}.values()))
    if request.fresh:
        for job in left:
            job.clear()
    for job in left:
        JobRunner(job, recipe, request, tell).run()
    return [job.record for job in jobs]


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
    recipe.options("real")
    plan((), request.batch_size)
    with limited_threads(request.threads):
        return recipe


@dataclass(frozen=True, slots=True)
class _Planner:
    """Makes the jobs of a request."""

    request: RunRequest
    recipe: Recipe
    families: Sequence[Family]

    def jobs(self, datasets: Sequence[Dataset]) -> list[Job]:
        """A job for each data set and family; builds the predictor once a world, to learn what it is."""
        infos = {world: self._info(world) for world in dict.fromkeys(each.world for each in datasets)}
        digests = content_digests(datasets)
        return [
            self._job(each, family, infos[each.world], digests[each.id]) for each in datasets for family in self.families
        ]

    def _info(self, world: str) -> PredictorInfo:
        predictor = self.recipe.build(world)
        for family in self.families:
            family.check_predictor(predictor, self.recipe.id)
        return self.recipe.info(predictor, world)

    def _job(self, dataset: Dataset, family: Family, info: PredictorInfo, content_digest: str) -> Job:
        about = describe_dataset(dataset, content_digest, self.request.limit)
        identity = make_identity(info, about, family.name, family.pass_digest, self._execution())
        path = record_path(self.request.results, self.recipe.id, dataset.id, family.name)
        return Job(dataset, about, family, info, path, identity)

    def _execution(self) -> Mapping[str, Any]:
        return {
            "batch_size": self.request.batch_size,
            "threads": self.request.threads,
            "device": self.recipe.run_device,
            "seed": self.recipe.run_seed,
            "cosegbench": cosegbench.__version__,
        }


def _left_to_do(jobs: Sequence[Job], tell: Reporter) -> list[Job]:
    """The jobs that are not finished.

    Raises:
        RequestError: the results folder holds other runs under these names; says in what each differs.
    """
    left, others = [], []
    for job in jobs:
        state, stored = job.stored_identity()
        if state == "finished":
            tell.remark(f"{job.title}: finished before, nothing to compute: {job.record}")
            continue
        if state == "other":
            lines = differences(stored, job.identity) if stored else ["it was not made by `run`"]
            others.append("".join([f"\n  {job.record} differs:", *(f"\n    - {line}" for line in lines)]))
        left.append(job)
    if others:
        raise RequestError(
            f"the results folder holds another run of {jobs[0].predictor.id!r}; runs are never mixed.{''.join(others)}\n"
            "Give --fresh to replace it, or --name or --results to keep both."
        )
    return left
