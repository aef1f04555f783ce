"""The folder of one pass's 8-bit masks: its manifest, and whose it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cosegbench.errors import DataError, RecordError, RequestError
from cosegbench.files import write_text
from cosegbench.prediction import MaskSet
from cosegbench.records import DatasetInfo, PredictorInfo
from cosegbench.records.codec import decode, encode
from cosegbench.running.label_files import MANIFEST
from cosegbench.running.soft_masks import LARGEST_ERROR, LEVELS, write_masks

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.prediction import Prediction
    from cosegbench.running.job import Job

FORMAT = "cosegbench-soft-masks"
SUFFIX = ".soft"
_VERSION = 1

ROUNDING = "level = ceil(255 p - 1/2): the nearest, the lower one where two are equally near; it stands for level / 255"

Holds = Literal["masks", "nothing"]


@dataclass(frozen=True, slots=True)
class SoftManifest:
    """Whose masks a folder holds, and how they were made.

    Args:
        format: always ``cosegbench-soft-masks``.
        schema_version: of the manifest.
        run: digest of ``identity``; every file of the folder bears it.
        identity: what the run is, as its record says it: predictor, weights, labels, photographs, pass, versions.
        family: of the protocols that shared the pass.
        column: id of the table's column.
        dataset: as in the record.
        predictor: as in the record.
        method: the fields of the pass's method half: text, geometry, window, assignment.
        input_size: side of the predictor's input, or None where it states none.
        holds: ``masks``, or ``nothing`` where the predictor returned none.
        levels: greatest level of a mask; it stands for probability 1.
        rounding: how a probability became a level.
        largest_error: how far a probability may be off.
    """

    format: str
    schema_version: int
    run: str
    identity: Mapping[str, Any]
    family: str
    column: str
    dataset: DatasetInfo
    predictor: PredictorInfo
    method: Mapping[str, Any]
    input_size: int | None = None
    holds: str = "masks"
    levels: int = LEVELS
    rounding: str = ROUNDING
    largest_error: float = LARGEST_ERROR


def folder_of(parent: Path, job: Job) -> Path:
    """Where the masks of a job go: named like its record."""
    return parent / (job.record.name.removesuffix(".json") + SUFFIX)


def manifest_of(job: Job, input_size: int | None) -> SoftManifest:
    """What the folder of a job says."""
    return SoftManifest(
        format=FORMAT,
        schema_version=_VERSION,
        run=job.digest,
        identity=job.identity,
        family=job.family.name,
        column=job.family.column,
        dataset=job.about,
        predictor=job.predictor,
        method=job.family.asked[0].method.fields,
        input_size=input_size,
    )


def read_soft_manifest(folder: Path) -> SoftManifest | None:
    """The manifest of a folder of masks; None where there is none, or one of label PNGs.

    Raises:
        DataError: it is no JSON, newer than this cosegbench, or has a missing or unknown key.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        return None
    version = values.get("schema_version")
    if not isinstance(version, int) or version > _VERSION:
        raise DataError(f"{path}: schema version {version!r}; this cosegbench reads {_VERSION}. Install a newer one.")
    try:
        manifest: SoftManifest = decode(SoftManifest, values, "manifest")
    except RecordError as error:
        raise DataError(f"{path}: {error}") from error
    return manifest


@dataclass(slots=True)
class SoftFolder:
    """Keeps the masks of one pass.

    Args:
        folder: where they go.
        manifest: what the folder says.
    """

    folder: Path
    manifest: SoftManifest
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, parent: Path, job: Job, input_size: int | None, *, fresh: bool) -> SoftFolder:
        """Make the folder, or go on with it.

        Raises:
            RequestError: it holds masks of another run, or of nobody knows which, and they are not to be replaced.
            RecordError: it cannot be written.
            DataError: its manifest is damaged.
        """
        folder, manifest = folder_of(parent, job), manifest_of(job, input_size)
        try:
            there = None if fresh else read_soft_manifest(folder)
            old = [] if there is not None and there.run == manifest.run else list(folder.rglob("*.npz"))
            if not fresh and (old or (there is not None and there.run != manifest.run)):
                raise RequestError(
                    f"{folder} holds the masks of another run; runs are never mixed. Give --fresh to replace them, or "
                    "another --save-predictions."
                )
            for path in old:
                path.unlink()
            if there is None:
                _write(folder, manifest)
        except OSError as error:
            raise RecordError(f"folder {folder} for masks cannot be written: {error}.") from error
        return cls(folder, there or manifest)

    def save(self, image_id: str, prediction: Prediction | Mosaic) -> bool:
        """Keep one image's masks; False where the prediction has none, which the manifest then says.

        Raises:
            RecordError: it cannot be written.
        """
        path = mask_path(self.folder, image_id)
        try:
            if isinstance(prediction, MaskSet):
                write_masks(path, prediction, image_id, self.manifest.run)
                return True
            with self._lock:  # images are counted on several threads
                if self.manifest.holds != "nothing":
                    self.manifest = replace(self.manifest, holds="nothing")
                    _write(self.folder, self.manifest)
            return False
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error}.") from error


def mask_path(folder: Path, image_id: str) -> Path:
    """The file of one image."""
    return folder / f"{image_id}.npz"


def lacking_masks(parent: Path, job: Job, image_ids: list[str]) -> int:
    """How many of the images have no file of this run's masks; 0 where the run said that its predictor gives none.

    Raises:
        DataError: the manifest is damaged.
    """
    folder = folder_of(parent, job)
    manifest = read_soft_manifest(folder)
    if manifest is None or manifest.run != job.digest:
        return len(image_ids)
    return 0 if manifest.holds == "nothing" else sum(not mask_path(folder, each).is_file() for each in image_ids)


def _write(folder: Path, manifest: SoftManifest) -> None:
    write_text(folder / MANIFEST, json.dumps(encode(manifest), indent=1, ensure_ascii=False) + "\n")
