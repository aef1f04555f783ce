"""``--save-predictions``: what was scored, as 16-bit label PNGs that ``score`` reads again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.errors import RecordError, RequestError
from cosegbench.labels import VOID
from cosegbench.running.label_files import Manifest, write_labels, write_manifest

if TYPE_CHECKING:
    from cosegbench.assignment import Mosaic
    from cosegbench.dataset import Dataset
    from cosegbench.prediction import Prediction
    from cosegbench.running.families import Family, LabelMaker


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
        cls, parent: Path | None, dataset: Dataset, family: Family, predictor: str, remark: Callable[[str], None]
    ) -> PredictionFolder | None:
        """Make the folder; None where none was asked for, or where the family makes no label maps.

        Raises:
            RecordError: the folder cannot be made.
        """
        if parent is None:
            return None
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


def require_saved(parent: Path | None, dataset: Dataset, family: Family, image_ids: Iterable[str]) -> None:
    """Refuse to go on with, or to leave alone, a run whose images were done before without being saved.

    Raises:
        RequestError: says how many are missing.
    """
    if parent is None or family.label_maps(dataset.vocabulary) is None:
        return
    folder = parent / dataset.id
    missing = sum(not (folder / f"{image_id}.png").is_file() for image_id in image_ids)
    if missing:
        raise RequestError(
            f"{missing} images of {family.column} were done before without being saved in {folder}. "
            "Give --fresh to do them again."
        )
