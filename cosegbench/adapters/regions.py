"""COCO-style region files: index by image, check the categories, decode polygons and run lengths to masks."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.adapters.limits import check_size
from cosegbench.errors import DataError
from cosegbench.labels import IGNORE
from cosegbench.vocabulary import Vocabulary

Mask = npt.NDArray[np.bool_]

_MOST_BITS = 35
"""Bits before the last group of a run length; the largest picture needs far fewer."""


@dataclass(slots=True)
class ImageRegions:
    """One image of a region file.

    Args:
        height: in pixels.
        width: in pixels.
        split: the file's ``phase`` field, or None where it has none.
        annotations: its annotations, in file order.
    """

    height: int
    width: int
    split: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)


def read_regions(path: Path, annotations_key: str, vocabulary: Vocabulary | None = None) -> dict[str, ImageRegions]:
    """Index a region file by image id (the stem of ``file_name``).

    Args:
        path: the JSON file.
        annotations_key: ``"annotations"``, or ``"annos_segmentation"`` in PASCAL in Detail.
        vocabulary: where given, the file's categories must carry its names: a file that numbers its categories
            otherwise would give wrong labels that look right.

    Raises:
        DataError: absent, not JSON, not of this layout, or its categories contradict the vocabulary.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path}: is missing.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as JSON: {error}.") from error
    try:
        if vocabulary is not None:
            _check_categories(path, content["categories"], vocabulary)
        return _index(path, content["images"], content.get(annotations_key))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{path}: has not the layout of an annotation file: {error!r}.") from error


def _index(
    path: Path, images: list[dict[str, Any]], annotations: list[dict[str, Any]] | None
) -> dict[str, ImageRegions]:
    if annotations is None:
        raise DataError(f"{path}: holds no list of annotations.")
    by_number: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for annotation in annotations:
        category = annotation["category_id"]
        # 0 and 65535 have meanings of their own in a painted map.
        if type(category) is not int or not 0 < category < IGNORE:
            raise DataError(f"{path}, annotation {annotation.get('id')}: category {category!r} is no id.")
        by_number[annotation["image_id"]].append(annotation)
    found: dict[str, ImageRegions] = {}
    for image in images:
        number = image["id"] if "id" in image else image["image_id"]
        stem = PurePosixPath(image["file_name"]).stem
        if stem in found:
            # Its annotations are taken already, and a second entry without them would blank the image.
            raise DataError(f"{path}: lists image {stem!r} twice.")
        regions = by_number.pop(number, [])
        height, width = image["height"], image["width"]
        if type(height) is not int or type(width) is not int:  # true is an int, and no size
            raise DataError(f"{path}: image {stem!r} has height {height!r} and width {width!r}.")
        check_size(height, width, f"{path}, image {stem!r}")
        found[stem] = ImageRegions(height, width, image.get("phase"), regions)
    if by_number:
        raise DataError(
            f"{path}: annotations name {len(by_number)} images that are not listed, such as {next(iter(by_number))!r}."
        )
    return found


def _check_categories(path: Path, categories: list[dict[str, Any]], vocabulary: Vocabulary) -> None:
    known = {entry.native_id: {_plain(name) for name in (entry.name, *entry.synonyms)} for entry in vocabulary.classes}
    problems = []
    for category in categories:
        number = category["id"] if "id" in category else category["category_id"]
        if _plain(category["name"]) not in known.get(number, {_plain(category["name"])}):
            problems.append(f"category {number} is {category['name']!r} in the file, not {sorted(known[number])}")
    if problems:
        raise DataError(f"{path}: its categories are not those of {vocabulary.id}.", problems)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def decode_region(segmentation: Any, height: int, width: int, where: str) -> Mask:
    """The pixels of one region, (height, width), stored column by column.

    Args:
        segmentation: a list of polygons (their union is meant), or a run-length dict with ``size`` [height, width] and
            ``counts`` as a list or as COCO's compressed text. Runs go down columns and start with zeros.
        height: of the image.
        width: of the image.
        where: names file and annotation in messages.

    Raises:
        DataError: neither of the two, a size that is not the image's, or runs that do not add up to it.
    """
    from pycocotools import mask as codec

    try:
        if isinstance(segmentation, dict):
            _check_runs(segmentation, height, width, where)
            plain = isinstance(segmentation["counts"], list)
            runs = codec.frPyObjects(segmentation, height, width) if plain else segmentation
        elif _polygons(segmentation):
            _check_points(segmentation, height, width, where)
            runs = codec.merge(codec.frPyObjects(segmentation, height, width))
        else:
            raise DataError(f"{where}: segmentation is neither polygons of at least 3 points nor run lengths.")
        decoded: Mask = codec.decode(runs).view(np.bool_)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError) as error:
        raise DataError(f"{where}: segmentation cannot be decoded: {error}.") from error
    return decoded


def _polygons(segmentation: Any) -> bool:
    """Whether this is a list of polygons; the codec would take a list of four numbers for a box."""
    return (
        isinstance(segmentation, list)
        and len(segmentation) > 0
        and all(isinstance(part, list) and len(part) >= 6 and len(part) % 2 == 0 for part in segmentation)
    )


def _check_points(polygons: list[list[float]], height: int, width: int, where: str) -> None:
    """Refuse points far outside: the codec takes memory for every step of an edge, and counts in 32 bits."""
    side = max(height, width)
    # NaN compares false with everything, and is refused with the rest.
    if not all(-side <= value <= 2 * side for part in polygons for value in part):
        raise DataError(f"{where}: a polygon has a point more than {side} pixels outside its image, or none at all.")


def _check_runs(segmentation: dict[str, Any], height: int, width: int, where: str) -> None:
    """Refuse runs that are not exactly as long as the image: the codec would write past its buffer or not fill it."""
    if list(segmentation["size"]) != [height, width]:
        raise DataError(f"{where}: run lengths are for size {segmentation['size']}, the image has {[height, width]}.")
    counts = segmentation["counts"]
    runs = counts if isinstance(counts, list) else _unpack_runs(counts)
    if any(not isinstance(run, int) for run in runs) or min(runs, default=0) < 0 or sum(runs) != height * width:
        raise DataError(f"{where}: runs add up to {sum(runs)}, the image has {height * width} pixels.")


def _unpack_runs(counts: str | bytes) -> list[int]:
    """The runs of COCO's compressed text: six bits a character, the third run on as differences to the last but one."""
    if not isinstance(counts, str | bytes):  # a number would be taken for so many zero bytes
        raise TypeError(f"counts is a {type(counts).__name__}")
    letters = counts.encode() if isinstance(counts, str) else counts
    # The codec reads on behind a text that ends within a number, and gives other letters a meaning.
    if letters and (not 48 <= min(letters) <= max(letters) <= 111 or (letters[-1] - 48) & 0x20):
        raise ValueError("run lengths end within a number, or hold letters that are none")
    runs: list[int] = []
    value = shift = 0
    for letter in letters:
        if shift > _MOST_BITS:
            raise ValueError("a run length is longer than any image")
        bits = letter - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
