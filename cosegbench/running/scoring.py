"""``score``: the evidence of label PNGs that any program wrote. Needs labels only, no photographs and no predictor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.cards import load_card
from cosegbench.dataset import Dataset, in_threads
from cosegbench.errors import CosegbenchError, DataError, RequestError
from cosegbench.evidence import Evidence
from cosegbench.prediction import LabelMap
from cosegbench.presence import miscounted
from cosegbench.records import (
    SCHEMA_VERSION,
    PredictorInfo,
    Record,
    evidence_path,
    read_record,
    record_path,
    write_record,
)
from cosegbench.running.data import View, check_columns, choose_options, content_digests, open_views
from cosegbench.running.environment import describe_environment
from cosegbench.running.families import Family, check_protocols, group_protocols
from cosegbench.running.finish import EXTERNAL, describe_dataset, save_evidence, score_protocols
from cosegbench.running.guards import warnings_of
from cosegbench.running.label_files import Manifest, find_folder, pair_files, read_labels, read_manifest
from cosegbench.running.request import DEFAULT_PROTOCOL, Reporter, Silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """One call of ``score``.

    Args:
        dataset: card id or path.
        predictions: folder of label PNGs.
        protocols: names; all of one family that reduces predictions to label maps.
        data_root: where the labels lie; None for the defaults.
        split: a split of the card.
        conventions: options of the card.
        limit: only the first so many images.
        results: folder to write a record into; None writes none.
        name: the row's name in tables; needed for a record.
    """

    dataset: str | Path
    predictions: Path
    protocols: tuple[str, ...] = (DEFAULT_PROTOCOL,)
    data_root: Path | None = None
    split: str = "val"
    conventions: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    results: Path | None = None
    name: str | None = None


def score_predictions(request: ScoreRequest, reporter: Reporter | None = None) -> tuple[Record, Path | None]:
    """Score a folder of label PNGs.

    Returns:
        The record, and where it was written; None where no record was asked for.

    Raises:
        RequestError: an unknown name, no such folder, data that is missing, a vocabulary that is not the data set's, or
            8 bits for more than 255 classes.
        DataError: images without a prediction, or files that are wrong; all of them are listed.
        RecordError: the record cannot be written.
    """
    tell = reporter or Silent()
    if (request.results is None) != (request.name is None):
        raise RequestError(
            "a record needs both --results DIR and --name ID (the row's name in tables). Give both or none."
        )
    check_protocols(request.protocols)
    (card,) = check_columns([request.dataset], request.conventions)
    family = label_map_family(request.protocols, card.id)
    path = own_record_path(request, family)
    view, required = family.view
    name = request.dataset if view == card.id else view
    (dataset,) = open_views(
        [View(name, choose_options(load_card(name), request.conventions, required))],
        data_root=request.data_root,
        split=request.split,
        limit=request.limit,
        photographs=False,
        remark=tell.remark,
    )
    if problems := list(miscounted(dataset)):
        raise DataError(f"{dataset.id}: the labels are not those of the whole split; nothing was scored.", problems)
    folder = find_folder(request.predictions, dataset.id)
    manifest = read_manifest(folder)
    check_vocabulary(folder, manifest, dataset)
    pairs, extra = pair_files(folder, dataset.image_ids)
    if extra and request.limit is None:
        tell.remark("\n".join([f"{len(extra)} files in {folder} were not scored:", *(f"  - {line}" for line in extra)]))
    with tell.progress(dataset.id, len(pairs), 0) as tick:
        evidence = collect(dataset, pairs, manifest, family, tick)
    for text in warnings_of(evidence, dataset.vocabulary):
        tell.remark(text)
    return keep_record(_record(request, dataset, family, manifest, evidence, path, tell), path, tell)


def collect(
    dataset: Dataset, pairs: Mapping[str, Path], manifest: Manifest | None, family: Family, tick: Callable[[int], None]
) -> Evidence:
    """The evidence of all images from their label PNGs; raises as :func:`gather`, and RequestError for 8 bits."""

    def observe(image_id: str) -> Evidence:
        labels = read_labels(pairs[image_id], len(dataset.vocabulary), manifest)
        target = dataset.target(image_id)
        if labels.shape != target.shape:
            raise DataError(f"{pairs[image_id]} has (height, width) {labels.shape}, its label has {target.shape}.")
        return family.observe(dataset.vocabulary, image_id, LabelMap(labels), target)

    return gather(dataset, list(pairs), observe, tick)


def gather(
    dataset: Dataset, image_ids: Sequence[str], observe: Callable[[str], Evidence], tick: Callable[[int], None]
) -> Evidence:
    """The evidence of all images, counted on a few threads.

    Args:
        dataset: whose images they are.
        image_ids: the images.
        observe: image id -> its evidence.
        tick: called with 1 after each image.

    Raises:
        DataError: files that are wrong; all of them are listed.
        RequestError: as ``observe`` raises it.
    """
    evidence, problems = Evidence(len(dataset.vocabulary)), []

    def one(image_id: str) -> Evidence | CosegbenchError:
        try:
            return observe(image_id)
        except RequestError:
            raise
        except CosegbenchError as error:
            return error

    dataset.labels.has("")  # reads the index of a region file once, before the threads need it
    for found in in_threads(one, image_ids):
        if isinstance(found, Evidence):
            evidence.merge(found)
        else:
            problems.append(str(found))
        tick(1)
    if problems:
        raise DataError(f"{len(problems)} of {len(image_ids)} images cannot be scored.", problems)
    return evidence


def own_record_path(request: ScoreRequest, family: Family) -> Path | None:
    """Where the record goes; None where none was asked for.

    Raises:
        RequestError: a name that is no folder's, or a record of ``run`` lies there.
        RecordError: a record lies there that cannot be read.
    """
    if request.results is None or request.name is None:
        return None
    path = record_path(request.results, request.name, family.column, family.name)
    if path.is_file() and read_record(path).kind == "run":
        raise RequestError(
            f"{path} was made by `run`, which `score` does not replace. Give another --name or --results."
        )
    return path


def label_map_family(protocols: tuple[str, ...], column: str) -> Family:
    """The one family of the protocols, which must be one that label maps can serve."""
    families = group_protocols(protocols, EXTERNAL, column)
    unable = [name for family in families if not family.takes_label_maps for name in family.requested]
    if unable:
        raise RequestError(
            f"label PNGs cannot be scored under {', '.join(unable)}: it needs masks and similarities. Use `run` for it."
        )
    if len(families) > 1:
        names = " and ".join(", ".join(family.requested) for family in families)
        raise RequestError(f"{names} see different inputs, and label PNGs have one. Score them one at a time.")
    return families[0]


def check_vocabulary(folder: Path, manifest: Manifest | None, dataset: Dataset) -> None:
    """Refuse predictions that were made for other classes."""
    if manifest is None or manifest.vocabulary_digest in (None, dataset.vocabulary.digest):
        return
    whose = f"data set {manifest.dataset}" if manifest.dataset else "another vocabulary"
    raise RequestError(
        f"the predictions in {folder} were made for {whose}, whose classes are not those of {dataset.id}. "
        "Score them on that data set, or mend the folder's manifest.json."
    )


def _record(
    request: ScoreRequest,
    dataset: Dataset,
    family: Family,
    manifest: Manifest | None,
    evidence: Evidence,
    path: Path | None,
    tell: Reporter,
) -> Record:
    digest = content_digests([dataset], photographs=False)[0]
    facts = {} if manifest is None else {"predicted_by": manifest.predictor, "predicted_under": manifest.protocol}
    return Record(
        schema_version=SCHEMA_VERSION,
        kind="score",
        family=family.name,
        predictor=PredictorInfo(request.name or EXTERNAL, EXTERNAL, EXTERNAL, facts=facts),
        dataset=describe_dataset(dataset, digest, request.limit, family.column),
        scores=score_protocols(evidence, family, tell.remark, external=True),
        requested=family.requested,
        evidence=None if path is None else save_evidence(evidence, path),
        execution=None,
        environment=describe_environment(),
    )


def keep_record(record: Record, path: Path | None, tell: Reporter) -> tuple[Record, Path | None]:
    """Write a record where one was asked for, and say so.

    Raises:
        RecordError: it cannot be written.
    """
    if path is not None:
        write_record(path, record)
        tell.remark(f"wrote {path} and {evidence_path(path).name}")
    return record, path
