"""What one run is: everything that may change a count, as plain values, and the digest over them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cosegbench.errors import RecordError
from cosegbench.files import remove_parts, text_digest
from cosegbench.options import RESERVED
from cosegbench.records import DatasetInfo, PredictorInfo, evidence_path, read_record
from cosegbench.running.journal import read_identity
from cosegbench.running.owner import Held
from cosegbench.running.salvage import rollback_file

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset
    from cosegbench.running.families import Family

_COUNTED = "also counted"
"""Key of what is counted on request; absent where nothing is, so that the runs of before keep their identity."""

State = Literal["new", "partial", "finished", "other"]


@dataclass(frozen=True, slots=True)
class Job:
    """One inference pass: a predictor over one data set for the protocols of one family.

    Args:
        dataset: images and labels.
        about: what the record says about them.
        family: the protocols.
        predictor: what the record says about the predictor.
        record: where the record goes.
        identity: what the run is; two runs with one identity give one result.
    """

    dataset: Dataset
    about: DatasetInfo
    family: Family
    predictor: PredictorInfo
    record: Path
    identity: Mapping[str, Any]

    @property
    def title(self) -> str:
        """For progress and messages."""
        return f"{self.family.column} ({self.family.name})"

    @property
    def digest(self) -> str:
        """SHA-256 over the identity."""
        return text_digest(canonical(self.identity))

    @property
    def journal(self) -> Path:
        """Where the journal lies while the run is not finished."""
        return journal_path(self.record)

    @property
    def owner(self) -> Path:
        """The file that says which process works on the run."""
        return owner_path(self.record)

    def owner_of(self, process: int) -> Path:
        """The file that says who writes the journal of one process; process 0 writes its own as the run's owner."""
        return _beside(self.record, f".{process}.lock") if process else self.owner

    def owners(self) -> list[Path]:
        """Every such file that is there, and the run's own whether it is there or not."""
        return [self.owner, *self._numbered(".", ".lock")]

    def journals(self) -> list[Path]:
        """Every journal that is there, of however many processes."""
        return [*([self.journal] if self.journal.is_file() else []), *self.other_journals()]

    def other_journals(self) -> list[Path]:
        """The journals that are there, but for that of process 0."""
        return self._numbered(".journal.", ".sqlite")

    def seen(self, images_digest: str) -> Job:
        """The same job, whose record will state what the photographs were."""
        return replace(self, about=replace(self.about, images_digest=images_digest))

    def stored_identity(self) -> tuple[State, Mapping[str, Any]]:
        """What lies in the results folder: the state, and the identity of what lies there.

        Raises:
            RecordError: a record or journal that cannot be read.
        """
        recorded = self.recorded_identity()
        if recorded[0] != "new":
            return recorded
        mine = json.loads(canonical(self.identity))
        found = [identity for identity in map(read_identity, self.journals()) if identity is not None]
        others = [identity for identity in found if identity != mine]
        if others:
            return "other", others[0]
        return ("partial", mine) if found else ("new", {})

    def recorded_identity(self) -> tuple[State, Mapping[str, Any]]:
        """As above, of the record alone: ``new`` where there is none, whatever the journals hold.

        Raises:
            RecordError: it cannot be read.
        """
        if not self.record.is_file():
            return "new", {}
        mine, execution = json.loads(canonical(self.identity)), read_record(self.record).execution
        stored = {} if execution is None else json.loads(canonical(execution.identity))
        return ("finished" if mine in (stored, _without_requests(stored)) else "other"), stored

    def clear(self) -> None:
        """Remove record, evidence and journals; the record first, so that no record ever lacks its evidence.

        Raises:
            RecordError: a file cannot be removed.
        """
        self._remove(self.record, evidence_path(self.record))
        self.remove_journals()

    def remove_journals(self) -> None:
        """Remove the journals of a run whose record is written.

        Raises:
            RecordError: one cannot be removed.
        """
        for path in (self.journal, *self.other_journals()):
            self._remove(path, rollback_file(path))

    def sweep(self) -> None:
        """Remove what killed processes left half-written; only for whoever holds the run."""
        for path in (self.record, evidence_path(self.record), self.journal, *self.journals(), *self.owners()):
            remove_parts(path.parent, path.name)

    def sweep_finished(self) -> None:
        """Remove the journals of a finished run, whose process was killed before; a folder may be read-only."""
        if not any(path.exists() for path in (*self.journals(), *self.owners())):
            return
        with contextlib.suppress(RecordError), Held(self.owner):
            self.remove_journals()
            self.sweep()

    def _numbered(self, before: str, after: str) -> list[Path]:
        """The files beside the record that bear the number of a process, in order."""
        start = _beside(self.record, before).name
        found = {
            int(number): path
            for path in self.record.parent.glob(f"{escape(start)}*{after}")
            if (number := path.name[len(start) : -len(after)]).isascii() and number.isdigit()
        }
        return [found[number] for number in sorted(found)]

    @staticmethod
    def _remove(*paths: Path) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise RecordError(f"{path} cannot be removed: {error}.") from error


def _without_requests(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The identity of the run that counts nothing on request: a finished run that counted more serves it too."""
    protocols = identity.get("protocols", {})
    return {**identity, "protocols": {key: value for key, value in protocols.items() if key != _COUNTED}}


def journal_path(record: Path, process: int = 0) -> Path:
    """The journal of one process of a run; one that is alone is the first.

    Args:
        record: where the run's record goes.
        process: its number among those that share the run, from 0.
    """
    return _beside(record, f".journal.{process}.sqlite" if process else ".journal.sqlite")


def owner_path(record: Path) -> Path:
    """The file that says which process works on what is to become this record."""
    return _beside(record, ".lock")


def _beside(record: Path, suffix: str) -> Path:
    return record.with_name(record.name.removesuffix(".json") + suffix)


def canonical(values: Mapping[str, Any]) -> str:
    """One text for equal values: sorted keys, no spaces."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def make_identity(
    predictor: PredictorInfo,
    dataset: DatasetInfo,
    photographs: str,
    family: str,
    pass_digest: str,
    execution: Mapping[str, Any],
    counted: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything that may change a count.

    Args:
        predictor: class, origin, arguments, weights, and what it says of itself before it sees a data set.
        dataset: images, labels, conventions, vocabulary.
        photographs: digest of the sizes of their files.
        family: name of the protocols' family.
        pass_digest: over what its protocols do to images and predictions.
        execution: batch size, threads, device, seed, versions.
        counted: channels of evidence that are counted on request only.
    """
    also = {_COUNTED: ", ".join(counted)} if counted else {}
    return {
        "predictor": {
            "target": predictor.target,
            "origin": predictor.origin,
            "source": predictor.source_digest,
            # Weights, device and seed stand elsewhere; the path of a weight file says less than its digest.
            "arguments": {key: value for key, value in predictor.arguments.items() if key not in RESERVED},
            "weights": predictor.weights,
            "weights_digest": predictor.weights_digest,
            "facts": dict(predictor.facts),
        },
        "dataset": {
            "id": dataset.id,
            "split": dataset.split,
            "limit": dataset.limit,
            "options": dict(dataset.options),
            "labels": dataset.content_digest,
            "images": dataset.image_list_digest,
            "photographs": photographs,
            "vocabulary": dataset.vocabulary_digest,
        },
        "protocols": {"family": family, "pass": pass_digest, **also},
        "execution": dict(execution),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """``"dataset.limit: 5 there, none now"`` for each value that differs."""
    old, new = dict(_flat(before)), dict(_flat(now))
    keys = [*new, *(key for key in old if key not in new)]
    return [
        f"{key}: {_show(old.get(key))} there, {_show(new.get(key))} now" for key in keys if old.get(key) != new.get(key)
    ]


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _show(value: Any) -> str:
    if value is None:
        return "none"
    text = str(value)
    return text[:10] + "..." if len(text) == 64 and text.isalnum() else text
