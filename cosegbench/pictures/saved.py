"""Saved predictions of several predictors on one data set: read as ``score`` reads them, and images chosen by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cosegbench.cards import load_card
from cosegbench.dataset import Dataset
from cosegbench.errors import DataError, RequestError, UnknownNameError
from cosegbench.labels import LabelArray
from cosegbench.prediction import LabelMap
from cosegbench.presence import miscounted
from cosegbench.protocols import get_protocol
from cosegbench.running.data import View, check_columns, choose_options, open_views
from cosegbench.running.families import Family
from cosegbench.running.label_files import Manifest, find_folder, pair_files, read_labels, read_manifest
from cosegbench.running.request import DEFAULT_PROTOCOL, Reporter, Silent
from cosegbench.running.scoring import check_vocabulary, collect, label_map_family
from cosegbench.statistics.counts import summands
from cosegbench.statistics.images import image_values

MOST_IMAGES = 50
"""Rows of one picture; more would be no picture, and the canvas is held in memory."""

MOST_PREDICTORS = 12


@dataclass(frozen=True, slots=True)
class ShowRequest:
    """One call of ``show``.

    Args:
        dataset: card id or path.
        predictions: what a predictor is called in the picture -> folder of its label PNGs.
        images: ids to show, in this order.
        worst: so many of the images with the lowest mIoU of ``of``.
        median: so many from the middle.
        best: so many with the highest.
        of: whose figures choose; None where there is one predictor.
        data_root: where the data lies; None for the defaults.
        split: a split of the card.
        conventions: options of the card.
        limit: choose from the first so many images only; None for all.
    """

    dataset: str | Path
    predictions: Mapping[str, Path]
    images: tuple[str, ...] = ()
    worst: int = 0
    median: int = 0
    best: int = 0
    of: str | None = None
    data_root: Path | None = None
    split: str = "val"
    conventions: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One chosen image.

    Args:
        image_id: which.
        reasons: why it is here, for instance ``"worst 1"``; empty for one that was named.
        figures: predictor -> mean IoU over the classes that the image shows, percent; NaN where it shows none.
    """

    image_id: str
    reasons: tuple[str, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    manifest: Manifest | None


class SavedPredictions:
    """The data set of a request and the folders of its predictors, checked.

    Raises:
        RequestError: a request that cannot be met as asked: nothing to show, too much, an unknown name, a folder
            without predictions, or predictions for other classes.
        MissingDataError: labels or photographs are absent.
    """

    def __init__(self, request: ShowRequest, reporter: Reporter | None = None) -> None:
        _check(request)
        self.request, self.tell = request, reporter or Silent()
        (card,) = check_columns([request.dataset], request.conventions)
        self.family: Family = label_map_family((DEFAULT_PROTOCOL,), card.id)
        view, required = self.family.view
        name = request.dataset if view == card.id else view
        (self.dataset,) = open_views(
            [View(name, choose_options(load_card(name), request.conventions, required))],
            data_root=request.data_root,
            split=request.split,
            limit=request.limit,
            remark=self.tell.remark,
        )
        known = frozenset(self.dataset.image_ids)
        for image_id in request.images:
            if image_id not in known:
                raise UnknownImageError(image_id, self.dataset)
        self._folders = {name: self._open(path) for name, path in request.predictions.items()}

    def chosen(self) -> list[Shown]:
        """The images to show: those that were named, then worst, median and best; each once, with all its reasons.

        Raises:
            DataError: predictions are missing or wrong, or fewer images have a figure than were asked for.
        """
        reasons: dict[str, list[str]] = {image_id: [] for image_id in self.request.images}
        for reason, image_id in self._ranked():
            reasons.setdefault(image_id, []).append(reason)
        figures = {name: self.figures(name, list(reasons)) for name in self.request.predictions}
        return [
            Shown(image_id, tuple(why), {name: found[image_id] for name, found in figures.items()})
            for image_id, why in reasons.items()
        ]

    def figures(self, name: str, image_ids: Sequence[str]) -> dict[str, float]:
        """The mean IoU of each image over the classes that it shows, percent, by the standard rule.

        Raises:
            DataError: images without a prediction, or files that are wrong; all of them are listed.
        """
        folder = self._folders[name]
        pairs, _ = pair_files(folder.path, image_ids)
        with self.tell.progress(name, len(pairs), 0) as tick:
            evidence = collect(self.dataset, pairs, folder.manifest, self.family, tick)
        found = summands(evidence, get_protocol(DEFAULT_PROTOCOL).kernel)
        return dict(zip(found.image_ids, image_values(found).tolist(), strict=True))

    def labels(self, name: str, image_id: str) -> LabelArray:
        """The label map (H, W) uint16 that is scored for one image.

        Raises:
            DataError, LabelError, RequestError: as :func:`cosegbench.running.label_files.read_labels`.
        """
        folder = self._folders[name]
        labels = read_labels(folder.path / f"{image_id}.png", len(self.dataset.vocabulary), folder.manifest)
        make = self.family.label_maps(self.dataset.vocabulary)
        shape = (labels.shape[0], labels.shape[1])
        return labels if make is None else make(image_id, LabelMap(labels), shape)

    def _open(self, path: Path) -> _Folder:
        folder = find_folder(path, self.dataset.id)
        manifest = read_manifest(folder)
        check_vocabulary(folder, manifest, self.dataset)
        return _Folder(folder, manifest)

    def _ranked(self) -> list[tuple[str, str]]:
        """(reason, image id) of the images that figures choose, in the order in which they are shown."""
        request = self.request
        if not (request.worst or request.median or request.best):
            return []
        if problems := list(miscounted(self.dataset)):
            raise DataError(f"{self.dataset.id}: the labels are not those of the whole split.", problems)
        found = self.figures(request.of or next(iter(request.predictions)), self.dataset.image_ids)
        return ranks(found, request.worst, request.median, request.best)


class UnknownImageError(RequestError):
    """An id that is not among a data set's images; names some near ones, because a list of all would be no help."""

    def __init__(self, image_id: str, dataset: Dataset) -> None:
        import difflib

        near = difflib.get_close_matches(image_id, dataset.image_ids, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(
            f"unknown image {image_id!r} of data set {dataset.id}, split {dataset.split}.{hint} "
            f"It has {len(dataset)} images, the first is {dataset.image_ids[0]!r}."
        )


def ranks(figures: Mapping[str, float], worst: int, median: int, best: int) -> list[tuple[str, str]]:
    """(reason, image id): so many of each end and of the middle; images without a figure are left out.

    Equal figures go by id. The middle of an even number of images is the lower one first.

    Args:
        figures: image id -> figure; NaN for none.
        worst: how many, lowest first.
        median: how many around the middle, lowest first.
        best: how many, highest first.

    Raises:
        RequestError: more are asked for than have a figure.
    """
    known = sorted((value, image_id) for image_id, value in figures.items() if not np.isnan(value))
    if max(worst, median, best) > len(known):
        raise RequestError(
            f"{max(worst, median, best)} images were asked for, and {len(known)} have a figure. Ask for fewer."
        )
    start = (len(known) - median) // 2
    highest = sorted(known, key=lambda each: (-each[0], each[1]))
    groups = {"worst": known[:worst], "median": known[start : start + median], "best": highest[:best]}
    return [
        (f"{name} {place}" if len(group) > 1 else name, image_id)
        for name, group in groups.items()
        for place, (_, image_id) in enumerate(group, 1)
    ]


def _check(request: ShowRequest) -> None:
    """Refuse what cannot be drawn before anything is looked for."""
    ranked = request.worst + request.median + request.best
    if not request.predictions:
        raise RequestError("no predictions were named: give --predictions NAME=DIR (repeatable).")
    if len(request.predictions) > MOST_PREDICTORS:
        raise RequestError(f"{len(request.predictions)} predictors; a picture takes {MOST_PREDICTORS}.")
    if not request.images and not ranked:
        raise RequestError("no images were named: give --image ID (repeatable), or --worst, --median or --best N.")
    if len(request.images) + ranked > MOST_IMAGES:
        raise RequestError(f"{len(request.images) + ranked} images; a picture takes {MOST_IMAGES}. Ask for fewer.")
    if request.of is not None and request.of not in request.predictions:
        raise UnknownNameError("predictor of --predictions", request.of, request.predictions)
    if ranked and request.of is None and len(request.predictions) > 1:
        raise RequestError(
            f"--worst, --median and --best need --of: whose figures choose? One of {', '.join(request.predictions)}."
        )
