"""Whether a data set's files are there, at a cheap look: folders, lists and names, and no file is opened."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cosegbench.card_schema import JSON_KINDS
from cosegbench.errors import CosegbenchError

if TYPE_CHECKING:
    from cosegbench.card_schema import DatasetCard
    from cosegbench.dataset import Dataset

COUNT = "count: "
"""How a line of ``Dataset.missing()`` begins that some images can be used in spite of."""


def advice(
    card: DatasetCard, root: Path | None = None, split: str = "val", options: Mapping[str, str] | None = None
) -> str:
    """The one command that mends missing data.

    Args:
        card: the data set's.
        root: where it is missing; None: nobody said.
        split: the split that is missing.
        options: the chosen conventions; None: the defaults.
    """
    if card.world == "miniature":
        return "Draw it with: cosegbench datasets miniature --out DIR"
    if not card.archives:
        return f"What it needs, and where: cosegbench datasets info {card_name(card)}"
    return f"Download it with: cosegbench datasets fetch {shlex.quote(card_name(card))}" + _flags(
        root, split, {key: value for key, value in (options or {}).items() if value != card.options[key].default}
    )


def advice_for(cards: Sequence[DatasetCard], root: Path | None = None) -> str:
    """The one command that mends what these data sets lack alike."""
    names = {advice(card, root) for card in cards}
    if len(names) == 1:
        return names.pop()
    if all(card.archives for card in cards):
        every = " ".join(shlex.quote(card_name(card)) for card in cards)
        return f"Download them with: cosegbench datasets fetch {every}{_flags(root, 'val', {})}"
    return "What each needs, and where: cosegbench datasets info NAME"


def _flags(root: Path | None, split: str, other: Mapping[str, str]) -> str:
    flags = f" --data-root {'DIR' if root is None else shlex.quote(str(root))}"
    flags += f" --split {shlex.quote(split)}" if split != "val" else ""
    return flags + "".join(f" --convention {shlex.quote(f'{key}={value}')}" for key, value in other.items())


def card_name(card: DatasetCard) -> str:
    """What a user types for this card: its id, or its path where it is the user's own."""
    from cosegbench.locate import data_file

    return card.id if card.path.parent == data_file("datasets") else str(card.path)


def blocking(dataset: Dataset, photographs: bool) -> Iterator[str]:
    """What nothing can be done without."""
    card, root = dataset.card, dataset.root
    if not root.is_dir():
        yield f"{root} is missing: the data root."
        return
    if card.marker and not (root / card.marker).is_file():
        yield f"{root / card.marker} is missing: {root} is not a data root of the {card.world} world."
        return
    labels = dataset.labels.path("")
    found = True
    if dataset.format.kind in JSON_KINDS:
        if not labels.is_file():
            yield f"{labels} is missing: the labels."
    elif not labels.parent.is_dir():
        found = False
        yield f"{labels.parent} is missing: the folder of labels."
    if photographs and not (folder := dataset.image_path("").parent).is_dir():
        yield f"{folder} is missing: the folder of photographs."
    if not found and not dataset.split_card.list and not dataset.split_card.images_json:
        return  # the folders are the list, and have been named
    try:
        if not dataset.image_ids:
            yield f"{dataset.id}, split {dataset.split}: the list of images is empty."
    except CosegbenchError as error:
        yield str(error)


def miscounted(dataset: Dataset) -> Iterator[str]:
    """Whether the listed images are those that the card pins; nothing for a subset. Lines begin with :data:`COUNT`."""
    split, found = dataset.split_card, len(dataset.image_ids)
    if not dataset.whole:
        return
    where = f"{COUNT}data set {dataset.id}, split {dataset.split}:"
    if split.count is not None and found != split.count:
        yield f"{where} {found} images are listed, {split.count} were expected."
    elif split.ids_sha256 and dataset.image_list_digest != split.ids_sha256:
        yield f"{where} the image ids are not those that the card pins (SHA-256 {dataset.image_list_digest})."


def partly_there(dataset: Dataset, photographs: bool) -> Iterator[str]:
    """Folders that hold only some of the split's files. Lines begin with :data:`COUNT`."""
    places = [("labels", dataset.labels.pattern)] if dataset.format.kind not in JSON_KINDS else []
    places += [("photographs", dataset.image_pattern)] if photographs else []
    for word, pattern in places:
        folder = Path(pattern).parent
        before, after = Path(pattern).name.split("{id}")
        # Plain text, because a hundred thousand Path objects take a second.
        with os.scandir(folder) as entries:
            there = {entry.name for entry in entries}
        found = sum(f"{before}{image_id}{after}" in there for image_id in dataset.image_ids)
        if found < len(dataset.image_ids):
            yield f"{COUNT}{found} of {len(dataset.image_ids)} {word} are in {folder}."
