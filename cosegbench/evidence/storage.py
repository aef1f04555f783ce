"""Evidence of many images as one compressed ``.npz``: columns, sorted images, equal evidence gives equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import EvidenceError
from cosegbench.evidence.archive import read_arrays
from cosegbench.evidence.channels import BOUNDARY, LAYOUTS, check_rows

VERSION = 2
"""Greatest version that is read. 2 adds channel ``boundary``; evidence without it is written as 1, with the same bytes
as ever."""

Images = dict[str, dict[str, bytes]]


def save(path: Path, num_classes: int, images: Mapping[str, Mapping[str, bytes]]) -> None:
    """Write ``path`` (any suffix); the caller makes the write atomic.

    Keys: ``version``, ``num_classes``, ``image_ids`` (sorted), and for each channel ``<channel>/images`` (which images
    hold it), ``<channel>/counts`` (rows of each) and one array a column.
    """
    ids = sorted(images)
    arrays: dict[str, Any] = {
        "version": np.int64(VERSION if any(BOUNDARY in channels for channels in images.values()) else 1),
        "num_classes": np.int64(num_classes),
        "image_ids": np.array(ids, dtype=np.str_) if ids else np.zeros(0, "<U1"),
    }
    for channel, layout in LAYOUTS.items():
        held = [index for index, image_id in enumerate(ids) if channel in images[image_id]]
        if not held:
            continue
        blobs = [images[ids[index]][channel] for index in held]
        rows = np.frombuffer(b"".join(blobs), layout)
        arrays[f"{channel}/images"] = np.array(held, np.uint32)
        arrays[f"{channel}/counts"] = np.array([len(blob) // layout.itemsize for blob in blobs], np.uint32)
        for name in layout.names or ():
            arrays[f"{channel}/{name}"] = np.ascontiguousarray(rows[name])
    # A file handle, because NumPy appends ".npz" to a path; its archive members carry a fixed date.
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: Path) -> tuple[int, Images]:
    """Read what :func:`save` wrote.

    Raises:
        EvidenceError: no such file, not such a file, a newer version, or counts that contradict themselves.
    """
    try:
        return _read(path, read_arrays(path))
    except FileNotFoundError as error:
        raise EvidenceError(f"no evidence at {path}; run the predictor again to make it.") from error
    except EvidenceError:
        raise
    except Exception as error:  # what the decoders raise depends on where the damage is
        raise EvidenceError(f"{path} is not an evidence file or is damaged; run again with --fresh.") from error


def _read(path: Path, archive: dict[str, npt.NDArray[Any]]) -> tuple[int, Images]:
    version = int(archive["version"])
    if version > VERSION:
        raise EvidenceError(f"{path} has version {version}; this cosegbench reads up to {VERSION}: update it.")
    wanted = {"version", "num_classes", "image_ids"}
    for channel, layout in LAYOUTS.items():
        names = {f"{channel}/{name}" for name in ("images", "counts", *(layout.names or ()))}
        wanted |= names if names & archive.keys() else set()
    if wrong := sorted(archive.keys() ^ wanted):
        raise EvidenceError(f"{path} is damaged: {', '.join(wrong)} is there alone or missing; run again with --fresh.")
    num_classes = int(archive["num_classes"])
    ids = [str(image_id) for image_id in archive["image_ids"]]
    images: Images = {image_id: {} for image_id in ids}
    if len(images) != len(ids):
        raise EvidenceError(f"{path} holds one image id twice.")
    for channel, layout in LAYOUTS.items():
        if f"{channel}/images" not in archive:
            continue
        counts = archive[f"{channel}/counts"].astype(np.int64)
        columns = {name: archive[f"{channel}/{name}"] for name in layout.names or ()}
        # One value would be repeated for as many rows as the counts claim.
        if (counts < 0).any() or any(column.shape != (int(counts.sum()),) for column in columns.values()):
            raise EvidenceError(f"{path} is damaged: channel {channel} has not as many rows as it says.")
        rows = np.empty(int(counts.sum()), layout)
        for name, column in columns.items():
            rows[name] = column
        start = 0
        for index, count in zip(archive[f"{channel}/images"], counts, strict=True):
            part = rows[start : start + int(count)]
            check_rows(channel, part, num_classes, ids[int(index)])
            images[ids[int(index)]][channel] = part.tobytes()
            start += int(count)
    if bare := [image_id for image_id, channels in images.items() if not channels]:
        raise EvidenceError(f"{path} is damaged: it holds nothing about image {bare[0]!r}; run again with --fresh.")
    return num_classes, images
