"""One job: resume its journal, do the batches that are left, write the record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.errors import RecordError
from cosegbench.records import SCHEMA_VERSION, ExecutionInfo, Record, write_record
from cosegbench.running.batches import Batch, plan
from cosegbench.running.building import Recipe
from cosegbench.running.environment import describe_environment
from cosegbench.running.finish import save_evidence, score_protocols, timing
from cosegbench.running.guards import warnings_of
from cosegbench.running.job import Job, journal_path
from cosegbench.running.journal import Journal
from cosegbench.running.loop import Pass, run_pass
from cosegbench.running.meeting import Helping, Leading
from cosegbench.running.merging import done_by_others, merge
from cosegbench.running.outputs import guarded
from cosegbench.running.owner import Held
from cosegbench.running.process import limited_threads
from cosegbench.running.request import Reporter, RunRequest, Tick
from cosegbench.running.samples import Sample
from cosegbench.running.saving import Saving, require_saved
from cosegbench.running.stopping import AGAIN, StoppedError

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.dataset import Dataset
    from cosegbench.evidence import Evidence
    from cosegbench.prediction import Prediction
    from cosegbench.running.families import Family


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Does one job.

    Args:
        job: what to do.
        recipe: how its predictor is built; a new one for every job, so that no data set leaves traces in the next.
        request: what the user asked for.
        tell: whom to tell.
    """

    job: Job
    recipe: Recipe
    request: RunRequest
    tell: Reporter

    def run(self) -> None:
        """Go on with the job until its record is written; the caller holds it (:class:`cosegbench.running.owner.Held`).

        Raises:
            StoppedError: the user stopped it.
            WorkError: the predictor, the data, the journal or the record failed, or another process of the team was
                lost; what was committed is kept.
            RequestError: another process of the team was given another request.
        """
        job, team = self.job, self.request.team
        predictor = self.recipe.build(job.dataset.world)
        job.sweep()
        saving = self._saving(predictor)
        batches = plan(job.dataset.image_ids, self.request.batch_size)
        with self._journal(0, job.about.images_digest) as journal:
            done = journal.done() | done_by_others(job, self.tell.remark)
            left = [batch for batch in batches if batch.index not in done]
            leading = Leading(job, team, [batch.index for batch in left])
            before = [image_id for batch in batches if batch.index in done for image_id in batch.image_ids]
            try:
                require_saved(self.request, job, before)
                with leading, self.tell.progress(job.title, len(job.dataset.image_ids), len(before)) as tick:
                    self._infer(predictor, team.share(left), journal, saving, tick)
                    leading.wait(tick)
                if saving is not None:
                    saving.report(job.title, self.tell.remark)
                self._write(predictor, journal)
            except KeyboardInterrupt as stop:
                kept = len(before) + leading.images + len(_images(left, journal))
                raise StoppedError(self._stopped(kept, journal), stop) from None
            except Exception:
                self._drop_if_empty(journal)
                raise
        job.remove_journals()
        self.tell.remark(f"{job.title}: wrote {job.record}")

    def help(self) -> None:
        """Do this process's share of a job that process 0 leads.

        Raises:
            StoppedError: the user stopped it.
            WorkError: as :meth:`run`; or process 0 was lost, or another process has this one's number.
        """
        job, team = self.job, self.request.team
        predictor = self.recipe.build(job.dataset.world)
        helping = Helping(job, team)
        with helping as call, Held(job.owner_of(team.process)):
            saving = self._saving(predictor)
            left = set(call.left)
            batches = [each for each in plan(job.dataset.image_ids, self.request.batch_size) if each.index in left]
            with self._journal(team.process, call.photographs) as journal:
                try:
                    self._infer(predictor, team.share(batches), journal, saving, helping.tick)
                except KeyboardInterrupt as stop:
                    raise StoppedError(self._stopped(len(_images(batches, journal)), journal), stop) from None
                except Exception:
                    self._drop_if_empty(journal)
                    raise

    def _saving(self, predictor: Any) -> Saving | None:
        return Saving.open(self.request, self.job, getattr(predictor, "input_size", None), self.tell.remark)

    @contextlib.contextmanager
    def _journal(self, process: int, photographs: str) -> Iterator[Journal]:
        """The journal of a process, open while torch has the threads that the run is given."""
        path = journal_path(self.job.record, process)
        with limited_threads(self.request.threads), Journal(path, self.job.identity, photographs) as journal:
            if journal.mended:
                self.tell.remark(journal.mended)
            yield journal

    def _drop_if_empty(self, journal: Journal) -> None:
        """Remove a journal that holds nothing to go on with: it would refuse the mended request."""
        with contextlib.suppress(RecordError, OSError):  # the failure itself is what the user must see
            if not journal.done():
                journal.path.unlink(missing_ok=True)

    def _infer(
        self, predictor: Any, batches: Sequence[Batch], journal: Journal, saving: Saving | None, tick: Tick
    ) -> None:
        """Predict the batches, which are in no journal."""
        dataset, family = self.job.dataset, self.job.family
        if self.job.predictor.tuned:  # also where nothing is left to predict: the record tells what was settled
            guarded(predictor, "tune", f"data set {dataset.id}", dataset)
        if not batches:
            return
        guarded(predictor, "prepare", f"data set {dataset.id}", dataset.vocabulary, family.text)
        size = getattr(predictor, "input_size", None)

        def read(image_id: str) -> Sample:
            return read_sample(dataset, family, image_id, size)

        def observe(sample: Sample, prediction: Prediction | Mosaic) -> Evidence:
            if saving is not None:
                saving.save(sample.image_id, prediction, sample.size)
            return family.observe(dataset.vocabulary, sample.image_id, prediction, sample.target)

        work = Pass(predictor, read, observe, self.recipe.run_seed, self.request.batch_size)
        run_pass(work, batches, journal, tick, threads=self.request.threads)

    def _write(self, predictor: Any, journal: Journal) -> None:
        """Evidence first, then the record that names its digest."""
        job, request = self.job, self.request
        evidence, spent = merge(job, journal, self.tell.remark)
        for text in warnings_of(evidence, job.dataset.vocabulary):
            self.tell.remark(f"{job.title}: {text}")
        record = Record(
            schema_version=SCHEMA_VERSION,
            kind="run",
            family=job.family.name,
            predictor=self.recipe.info(predictor, job.dataset.world),
            dataset=job.about,
            scores=score_protocols(evidence, job.family, self.tell.remark),
            requested=job.family.requested,
            evidence=save_evidence(evidence, job.record),
            execution=ExecutionInfo(
                batch_size=request.batch_size,
                threads=request.threads,
                device=self.recipe.run_device,
                seed=self.recipe.run_seed,
                run_digest=job.digest,
                identity=job.identity,
            ),
            environment=describe_environment(),
            timing=timing(spent, len(job.dataset.image_ids), request.team.processes),
        )
        write_record(job.record, record)

    def _stopped(self, kept: int, journal: Journal) -> str:
        total = len(self.job.dataset.image_ids)
        if not kept:
            self._drop_if_empty(journal)
            return f"stopped: no image of {self.job.title} was done. {AGAIN}"
        return f"stopped: {kept} of {total} images of {self.job.title} are kept in {self.job.journal}. {AGAIN}"


def read_sample(dataset: Dataset, family: Family, image_id: str, input_size: int | None) -> Sample:
    """One image as a family's protocols show and score it.

    Args:
        dataset: where it is read from.
        family: of the protocols.
        image_id: which image.
        input_size: side of the predictor's input in pixels, where it states one.

    Raises:
        DataError: photograph or label is absent or cannot be decoded.
        LabelError: the label is wrong.
    """
    image, target = dataset.image(image_id), dataset.target(image_id)
    size = (target.shape[0], target.shape[1])
    places = family.places(size)
    views = (
        (family.geometry.prepare_image(image, input_size),)
        if places is None
        else tuple(place.cut(image) for place in places)
    )
    return Sample(image_id, views, places, size, family.geometry.prepare_target(target, input_size))


def _images(batches: Sequence[Batch], journal: Journal) -> list[str]:
    """The images of the batches that are stored."""
    done = journal.done()
    return [image_id for batch in batches if batch.index in done for image_id in batch.image_ids]
