"""``--save-predictions``: what was scored as 16-bit label PNGs, and with ``--save soft`` the masks in 8 bit too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.errors import RecordError, RequestError
from cosegbench.files import remove_parts
from cosegbench.labels import VOID
from cosegbench.running.label_files import Manifest, write_labels, write_manifest
from cosegbench.running.request import SAVES, RunRequest
from cosegbench.running.soft_folder import SoftFolder, lacking_masks

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.dataset import Dataset
    from cosegbench.prediction import Prediction
    from cosegbench.running.families import Family, LabelMaker
    from cosegbench.running.job import Job


@dataclass(frozen=True, slots=True)
class PredictionFolder:
    """One data set's folder of label PNGs.

    Args:
        folder: where they go: the folder given, and in it one named like the data set.
        manifest: how they are to be read.
        label_map: makes the label map that is scored.
    """

    folder: Path
    manifest: Manifest
    label_map: LabelMaker

    @classmethod
    def open(
        cls, parent: Path, dataset: Dataset, family: Family, predictor: str, remark: Callable[[str], None]
    ) -> PredictionFolder | None:
        """Make the folder; None where the family makes no label maps.

        Raises:
            RecordError: the folder cannot be made.
        """
        label_map = family.label_maps(dataset.vocabulary)
        if label_map is None:
            remark(f"{dataset.id} ({family.name}): makes no label maps, so none are saved.")
            return None
        folder = parent / dataset.id
        manifest = Manifest(
            void=VOID,
            dataset=dataset.id,
            vocabulary_digest=dataset.vocabulary.digest,
            predictor=predictor,
            protocol=family.name,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_manifest(folder, manifest)
        except OSError as error:
            raise RecordError(f"folder {folder} for predictions cannot be written: {error}.") from error
        return cls(folder, manifest, label_map)

    def path(self, image_id: str) -> Path:
        """The file of one image."""
        return self.folder / f"{image_id}.png"

    def save(self, image_id: str, prediction: Prediction | Mosaic, shape: tuple[int, int]) -> None:
        """Write one image's label map.

        Raises:
            RecordError: it cannot be written.
        """
        try:
            write_labels(self.path(image_id), self.label_map(image_id, prediction, shape))
        except OSError as error:
            raise RecordError(f"{self.path(image_id)} cannot be written: {error}.") from error


@dataclass(frozen=True, slots=True)
class Saving:
    """Everything that one job saves of its predictions.

    Args:
        labels: label PNGs, made of the masks as the predictor gave them; None where the pass makes none.
        masks: the masks in 8 bit; None where they were not asked for.
    """

    labels: PredictionFolder | None
    masks: SoftFolder | None

    @classmethod
    def open(
        cls, request: RunRequest, job: Job, input_size: int | None, remark: Callable[[str], None]
    ) -> Saving | None:
        """Make the folders; None where nothing is to be saved.

        Raises:
            RequestError: a folder holds another run's masks.
            RecordError: a folder cannot be made.
        """
        parent = request.save_predictions
        if parent is None:
            return None
        labels = PredictionFolder.open(parent, job.dataset, job.family, job.predictor.id, remark)
        soft = request.save == "soft"
        masks = SoftFolder.open(parent, job, input_size, fresh=request.fresh) if soft else None
        for made in (labels, masks):
            if made is not None and request.team.leads:  # the others begin when this is done
                remove_parts(made.folder)  # what a killed process left half-written
        return cls(labels, masks)

    def save(self, image_id: str, prediction: Prediction | Mosaic, shape: tuple[int, int]) -> None:
        """Write what is kept of one image.

        Args:
            image_id: which.
            prediction: as the predictor gave it.
            shape: (H, W) of the label map.

        Raises:
            RecordError: it cannot be written.
        """
        if self.labels is not None:
            self.labels.save(image_id, prediction, shape)
        if self.masks is not None:
            self.masks.save(image_id, prediction)

    def report(self, title: str, remark: Callable[[str], None]) -> None:
        """Say so where masks were asked for and the predictor gave none."""
        if self.masks is not None and self.masks.manifest.holds == "nothing":
            remark(f"{title}: the predictor returns no masks, so that only label maps are saved.")


def check_saving(request: RunRequest) -> None:
    """Refuse what cannot be saved before anything is looked at.

    Raises:
        RequestError: masks without a folder, or of parts of an image.
    """
    if request.save not in SAVES:
        raise RequestError(f"unknown kind of saved predictions {request.save!r}. Known: {', '.join(SAVES)}.")
    if request.save == "soft" and request.team.processes > 1:
        raise RequestError(
            "--save soft is for one process: its folder has one writer. Save labels, or use one process."
        )
    if request.save == "soft" and request.save_predictions is None:
        raise RequestError("--save soft needs a folder: give --save-predictions DIR.")
    if request.save == "soft" and request.input.kind != "squash":
        raise RequestError(
            f"--save soft keeps masks of whole images, and --input {request.input.kind} shows parts of them. Save the "
            "labels (--save labels), or leave --input out."
        )


def require_saved(request: RunRequest, job: Job, image_ids: Iterable[str]) -> None:
    """Refuse to go on with, or to leave alone, a run whose images were done before without being saved.

    Raises:
        RequestError: says how many are missing.
    """
    parent, ids = request.save_predictions, list(image_ids)
    if parent is None:
        return
    missing = 0
    if job.family.label_maps(job.dataset.vocabulary) is not None:
        folder = parent / job.dataset.id
        missing = sum(not (folder / f"{image_id}.png").is_file() for image_id in ids)
    if request.save == "soft":
        missing = max(missing, lacking_masks(parent, job, ids))
    if missing:
        what = " with their masks" if request.save == "soft" else ""
        raise RequestError(
            f"{missing} images of {job.family.column} were done before without being saved in {parent}{what}. "
            "Give --fresh to do them again."
        )
