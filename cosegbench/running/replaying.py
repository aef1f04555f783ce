"""``score --soft``: saved 8-bit masks by another threshold, another treatment of "nothing" or any rule; no predictor.

A figure of saved masks is never mistaken for one of a run: its family, its method half, its row in tables and a remark
with every figure say what it is of, and its record is of a kind of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.cards import load_card
from cosegbench.dataset import Dataset
from cosegbench.errors import DataError, ProtocolError, RequestError
from cosegbench.evidence import BINARY
from cosegbench.presence import miscounted
from cosegbench.protocols import Replay, get_protocol
from cosegbench.records import SCHEMA_VERSION, Record
from cosegbench.running.answering import entry_of, pass_differences
from cosegbench.running.data import View, check_columns, choose_options, content_digests, open_views
from cosegbench.running.environment import describe_environment
from cosegbench.running.families import Family, check_protocols, group_protocols
from cosegbench.running.finish import describe_dataset, save_evidence, score_protocols
from cosegbench.running.request import Reporter, Silent
from cosegbench.running.scoring import ScoreRequest, gather, keep_record, own_record_path
from cosegbench.running.soft_folder import SUFFIX, SoftManifest, mask_path, read_soft_manifest
from cosegbench.running.soft_masks import read_masks

if TYPE_CHECKING:
    from cosegbench.card_schema import DatasetCard
    from cosegbench.evidence import Evidence

KIND = "replay"
"""``kind`` of a record whose figures are of saved masks."""


@dataclass(frozen=True, slots=True)
class _Saved:
    folder: Path
    manifest: SoftManifest

    @property
    def predictor(self) -> str:
        """The predictor's own id, by which protocols know it."""
        return entry_of(self.manifest.predictor)


def replay_masks(request: ScoreRequest, how: Replay, reporter: Reporter | None = None) -> tuple[Record, Path | None]:
    """Score a folder of masks that ``run --save soft`` kept.

    Args:
        request: as for label PNGs; ``predictions`` is the folder that was given to ``--save-predictions`` or one of the
            folders of masks in it, and ``limit`` None the number of images that the run was asked for. Where
            ``results`` is given, ``name`` may be left out: it is the predictor's.
        how: what becomes of the masks.
        reporter: whom to tell.

    Returns:
        The record, and where it was written; None where no record was asked for.

    Raises:
        RequestError: an unknown name, no such masks, data that is missing or not the run's.
        ProtocolError: what these masks cannot answer, with the reason; or a threshold that makes no sense.
        DataError: images without masks, or files that are wrong; all of them are listed.
        RecordError: the record cannot be written.
    """
    tell = reporter or Silent()
    check_protocols(request.protocols)
    (card,) = check_columns([request.dataset], request.conventions)
    saved, family = _choose(_found(request.predictions, card.id), request.protocols, card.id, how)
    manifest = saved.manifest
    request = replace(request, limit=request.limit if request.limit is not None else manifest.dataset.limit)
    if request.results is not None and request.name is None:
        request = replace(request, name=manifest.predictor.id)
    path = own_record_path(request, family)
    dataset = _open(request, card, family, saved, tell)
    with tell.progress(dataset.id, len(dataset.image_ids), 0) as tick:
        evidence = gather(dataset, dataset.image_ids, _observer(dataset, family, saved), tick)
    record = _record(request, dataset, family, manifest, evidence, path, tell)
    return keep_record(record, path, tell)


def _found(predictions: Path, column: str) -> list[_Saved]:
    """The folders of masks of one column.

    Raises:
        RequestError: there is no such folder.
        DataError: a manifest is damaged.
    """
    if not predictions.is_dir():
        raise RequestError(f"predictions folder {predictions} does not exist.")
    folders = [predictions, *sorted(predictions.glob(f"*{SUFFIX}"))]
    manifests = [(folder, read_soft_manifest(folder)) for folder in folders]
    saved = [_Saved(folder, manifest) for folder, manifest in manifests if manifest is not None]
    here = [each for each in saved if each.manifest.column == column]
    if not here:
        others = sorted({each.manifest.column for each in saved})
        held = f" It holds masks of {', '.join(others)}." if others else ""
        raise RequestError(
            f"there are no saved masks of {column} in {predictions}.{held} To save them: cosegbench run --dataset "
            f"{column} --save-predictions {predictions} --save soft"
        )
    if empty := [each for each in here if each.manifest.holds == "nothing"]:
        raise RequestError(
            f"{empty[0].folder} holds no masks, because predictor {empty[0].manifest.predictor.id!r} returns none. Its "
            "label PNGs can be scored without --soft."
        )
    return here


def _choose(saved: Sequence[_Saved], names: Sequence[str], column: str, how: Replay) -> tuple[_Saved, Family]:
    """The masks that answer the protocols, and the protocols as they are on them.

    Raises:
        ProtocolError: what no saved masks answer, and what of the pass differs; or protocols of several passes.
    """
    chosen = [
        (each, family)
        for each in saved
        for family in group_protocols(names, each.predictor, column)
        if family.name == each.manifest.family and not pass_differences(each.manifest.method, family.asked[0])
    ]
    answered = {name for _, family in chosen for name in family.requested}
    refused = [f"{name}: {_why_not(name, saved, column)}" for name in names if name not in answered]
    if refused:
        raise ProtocolError("\n  - ".join(["the saved masks do not answer what was asked for:", *refused]))
    if len(chosen) > 1:
        folders = ", ".join(str(each.folder) for each, _ in chosen)
        raise ProtocolError(
            f"{', '.join(names)} are answered by the masks of several passes ({folders}). Score them one at a time."
        )
    ((masks, family),) = chosen
    protocols = how.protocols(family.protocols.values())
    if how.threshold is None and (cut := [name for name in names if protocols[name].rule.channel == BINARY]):
        raise ProtocolError(
            f"{', '.join(cut)} cuts masks at a threshold, and there is none. Give one, or score coseg-oracle-exclusive."
        )
    return masks, Family(how.family(family.name), protocols, family.requested, column)


def _why_not(name: str, saved: Sequence[_Saved], column: str) -> str:
    """What of their passes the saved masks have otherwise than a protocol."""
    reasons = []
    for each in saved:
        protocol = get_protocol(name).for_cell(each.predictor, column)
        lines = pass_differences(each.manifest.method, protocol)
        if protocol.family != each.manifest.family and not lines:
            lines = ["it scores other images or classes"]
        reasons.append(f"it needs another pass than {each.manifest.family} ({each.folder}): {', '.join(lines)}")
    return "; ".join(reasons)


def _open(request: ScoreRequest, card: DatasetCard, family: Family, saved: _Saved, tell: Reporter) -> Dataset:
    """The labels that the masks are scored on.

    Raises:
        RequestError: data that is missing, or other images or classes than the masks were made for.
        DataError: not the whole split.
    """
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
    made = saved.manifest.dataset
    there: Mapping[str, object] = {"data set": made.id, "split": made.split, "classes": made.vocabulary_digest}
    here = {"data set": dataset.id, "split": dataset.split, "classes": dataset.vocabulary.digest}
    if wrong := [key for key in there if there[key] != here[key]]:
        said = ", ".join(f"{key} {there[key]!s:.40}, not {here[key]!s:.40}" for key in wrong)
        raise RequestError(f"the masks in {saved.folder} were made for other images or classes: {said}.")
    return dataset


def _observer(dataset: Dataset, family: Family, saved: _Saved) -> Callable[[str], Evidence]:
    geometry, manifest = family.geometry, saved.manifest

    def observe(image_id: str) -> Evidence:
        path = mask_path(saved.folder, image_id)
        found = read_masks(path)
        if (found.image_id, found.run) != (image_id, manifest.run):
            raise DataError(f"{path} is not of image {image_id!r} of the run that its manifest names.")
        target = geometry.prepare_target(dataset.target(image_id), manifest.input_size)
        return family.observe(dataset.vocabulary, image_id, found.masks, target)

    return observe


def _record(
    request: ScoreRequest,
    dataset: Dataset,
    family: Family,
    manifest: SoftManifest,
    evidence: Evidence,
    path: Path | None,
    tell: Reporter,
) -> Record:
    facts = {
        **manifest.predictor.facts,
        "replayed_run": manifest.run,
        "replayed_masks": f"{manifest.rounding}; error up to {manifest.largest_error:.6f}",
    }
    predictor = replace(manifest.predictor, id=request.name or manifest.predictor.id, facts=facts)
    return Record(
        schema_version=SCHEMA_VERSION,
        kind=KIND,
        family=family.name,
        predictor=predictor,
        dataset=describe_dataset(
            dataset, content_digests([dataset], photographs=False)[0], request.limit, family.column
        ),
        scores=score_protocols(evidence, family, tell.remark),
        requested=family.requested,
        evidence=None if path is None else save_evidence(evidence, path),
        execution=None,
        environment=describe_environment(),
    )
