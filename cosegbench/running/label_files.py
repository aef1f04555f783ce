"""Folders of predicted label PNGs, our own or any program's: the manifest, the values, the pairing by name."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.adapters.base import NativeArray, looked_up
from cosegbench.adapters.png_pixels import png_values
from cosegbench.errors import DataError, LabelError, RequestError
from cosegbench.files import atomic_file, write_text
from cosegbench.labels import VOID, LabelArray

MANIFEST = "manifest.json"
FORMAT = "cosegbench-predictions"
_VERSION = 1
_INVALID = 65534


@dataclass(frozen=True, slots=True)
class Manifest:
    """How the values of a folder's PNGs are to be read.

    Args:
        format: always ``cosegbench-predictions``.
        schema_version: of the manifest.
        offset: stored value minus class index.
        void: the stored value that means "no class"; None leaves it to the bit depth (255 or 65535).
        dataset: id of the data set that was predicted, or None.
        vocabulary_digest: of its classes, or None; another vocabulary is refused.
        predictor: whose predictions they are, or None.
        protocol: how they were assigned, or None.
    """

    format: str = FORMAT
    schema_version: int = _VERSION
    offset: int = 0
    void: int | None = None
    dataset: str | None = None
    vocabulary_digest: str | None = None
    predictor: str | None = None
    protocol: str | None = None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder, whole or not at all."""
    write_text(folder / MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder; None where there is none.

    Raises:
        DataError: it is not JSON, has an unknown key, a value of another type, or is newer than this cosegbench.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    problem = _manifest_problem(values)
    if problem:
        raise DataError(f"{path}: {problem}")
    return Manifest(**values)


def find_folder(predictions: Path, dataset: str) -> Path:
    """The folder of PNGs: the one given, or its sub-folder named like the data set where it holds none itself.

    Raises:
        RequestError: there is no folder, or no PNG in it.
    """
    if not predictions.is_dir():
        raise RequestError(f"predictions folder {predictions} does not exist.")
    for folder in (predictions, predictions / dataset):
        if any(folder.glob("*.png")):
            return folder
    raise RequestError(f"there are no *.png files in {predictions} nor in {predictions / dataset}.")


def pair_files(folder: Path, image_ids: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """Image id -> PNG, paired by name and never by position.

    Returns:
        The pairs, and the names of files that belong to no image of the list.

    Raises:
        DataError: images without a prediction; lists all of them, and the files left over.
    """
    found = {path.stem: path for path in folder.glob("*.png")}
    extra = [f"{found[stem].name}: no image of the list has this name" for stem in sorted(set(found) - set(image_ids))]
    missing = [f"{folder / image_id}.png is missing" for image_id in image_ids if image_id not in found]
    if missing:
        summary = f"{len(missing)} of {len(image_ids)} images have no prediction in {folder}"
        if len(found) == len(image_ids) == len(missing):
            summary = (
                f"none of the {len(found)} files in {folder} has the name of an image. There are as many files as "
                "images, and files are paired by name, never by position: give each file its image's id"
            )
        raise DataError(summary + (f", and {len(extra)} files belong to none." if extra else "."), [*missing, *extra])
    return {image_id: found[image_id] for image_id in image_ids}, extra


def read_labels(path: Path, num_classes: int, manifest: Manifest | None) -> LabelArray:
    """One predicted label map.

    Args:
        path: an 8 or 16 bit PNG with one channel (a palette's indices count, not its colours).
        num_classes: K.
        manifest: how to read its values; None for offset 0 and 255 (8 bit) or 65535 (16 bit) as void.

    Returns:
        (H, W) uint16: class indices 0..K-1 and 65535 for void.

    Raises:
        RequestError: 8 bits for more than 255 classes, or a manifest that gives two meanings to one value.
        DataError: no PNG, or damaged.
        LabelError: more than one channel, or a value that is no class; names file, value and range.
    """
    values = _read(path)
    bits = 8 * values.dtype.itemsize
    if bits == 8 and num_classes > 255:
        raise RequestError(
            f"{path} has 8 bits, which cannot hold {num_classes} classes: values wrapped around where it was written. "
            "Write 16-bit PNGs."
        )
    rule = manifest or Manifest()
    void = rule.void if rule.void is not None else (1 << bits) - 1
    first, last = rule.offset, rule.offset + num_classes
    if first < 0 or last > 1 << bits or first <= void < last:
        raise RequestError(
            f"{path}: its manifest says that classes are stored as {first}..{last - 1} and void as {void}, which "
            f"{bits} bits cannot hold apart. Mend offset and void in {MANIFEST}."
        )
    table = np.full(1 << bits, _INVALID, np.uint16)
    table[first:last] = np.arange(num_classes)
    if 0 <= void < table.size:
        table[void] = VOID
    labels = looked_up(table, values)
    if (labels == _INVALID).any():
        wrong = np.unique(values[labels == _INVALID])
        hint = ""
        if manifest is None and wrong.tolist() == [num_classes]:
            hint = (
                " Values that end one too high come of classes counted from 1, or of a background class that this view "
                f'does not have: {MANIFEST} with "offset": 1, "void": 0 says so.'
            )
        elif manifest is None and wrong.tolist() == [255] and bits == 16:
            hint = f' Where 255 means no class, {MANIFEST} with "void": 255 says so.'
        raise LabelError(
            f"{path}: value {wrong[0]} at {int((labels == _INVALID).sum())} pixels is no class; expected "
            f"{first}..{last - 1}, or {void} for void.{hint}"
        )
    return labels


def write_labels(path: Path, labels: LabelArray) -> None:
    """Write a label map as a 16-bit PNG, whole or not at all: class indices, 65535 for void."""
    from PIL import Image

    with atomic_file(path) as stream:
        Image.fromarray(np.ascontiguousarray(labels, np.uint16)).save(stream, format="PNG", compress_level=4)


def _read(path: Path) -> NativeArray:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}.") from error
    return png_values(data, path, palette=None, deep=True)


def _manifest_problem(values: Any) -> str | None:
    known = {each.name: each for each in fields(Manifest)}
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        return f'it has no "format": "{FORMAT}".'
    version = values.get("schema_version", _VERSION)
    if not isinstance(version, int) or version > _VERSION:
        return f"schema version {version!r}; this cosegbench reads {_VERSION}."
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            return f"unknown key {key!r}.{f' Did you mean {near[0]!r}?' if near else ''}"
        wanted = int if key in ("offset", "void", "schema_version") else str
        optional = key not in ("format", "schema_version", "offset")
        if isinstance(value, bool) or not (isinstance(value, wanted) or (value is None and optional)):
            return f"{key} is {value!r}; expected {wanted.__name__}."
    return None
