"""The journals of all processes of a run, read as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cosegbench.errors import RecordError
from cosegbench.evidence import Evidence
from cosegbench.running.job import Job
from cosegbench.running.journal import Journal, Spent
from cosegbench.running.stopping import AGAIN


def done_by_others(job: Job, remark: Callable[[str], None]) -> frozenset[int]:
    """Indices of the batches that the journals beside this process's hold.

    Raises:
        RecordError: one is held by a process that still works, or cannot be read.
        RequestError: one was begun on other photographs.
    """
    done: frozenset[int] = frozenset()
    for path in job.other_journals():
        with _opened(job, path, remark) as journal:
            done |= journal.done()
    return done


def merge(job: Job, own: Journal, remark: Callable[[str], None]) -> tuple[Evidence, Spent]:
    """The evidence of all journals, whose counts are integers, and the time that they took.

    Args:
        job: the run; every batch of it should be stored.
        own: this process's journal, which is open.
        remark: takes a line for people.

    Returns:
        The evidence, and the seconds of all processes added up; the starts are those of process 0.

    Raises:
        RecordError: a journal cannot be read, or an image is missing.
        EvidenceError: two journals hold different counts of one image.
    """
    evidence = Evidence(len(job.dataset.vocabulary))
    spent = own.spent()
    _add(evidence, own)
    for path in job.other_journals():
        with _opened(job, path, remark) as journal:
            _add(evidence, journal)
            more = journal.spent()
        spent = Spent(spent.seconds + more.seconds, spent.predictor_seconds + more.predictor_seconds, spent.sessions)
    if missing := _missing(evidence, job.dataset.image_ids):
        raise RecordError(f"{job.title}: {missing} images are in no journal. What is there is kept. {AGAIN}")
    return evidence, spent


def _add(evidence: Evidence, journal: Journal) -> None:
    for image_id, blob in journal.evidence():
        evidence.add_image_bytes(image_id, blob)


def _missing(evidence: Evidence, image_ids: Sequence[str]) -> int:
    return len(set(image_ids) - set(evidence.image_ids))


@contextmanager
def _opened(job: Job, path: Path, remark: Callable[[str], None]) -> Iterator[Journal]:
    with Journal(path, job.identity, job.about.images_digest) as journal:
        if journal.mended:
            remark(journal.mended)
        yield journal
