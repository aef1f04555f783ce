"""One image's masks in 8 bit: the rule of rounding, and the file.

A file is an ``.npz`` of plain arrays (no pickle) of one image:

======================  ============================================================================================
``version``             1
``image_id``, ``run``   whose they are: the image's id, and the digest of the run's identity
``mask_steps``          (N, h, w) uint8, the masks on the predictor's own grid; along each row every value less the one
                        before it, modulo 256, which compresses better: ``np.cumsum(mask_steps, axis=-1,
                        dtype=np.uint8) / 255`` are the probabilities
``precision``           ``float32``, or ``float64`` where the masks were of that type
``similarity``          (N, K) in their own type (bfloat16 as float32), unchanged
``nothing``             (N,) likewise; absent where the predictor gave none
``kind``, ``scale``     as in :class:`cosegbench.prediction.MaskSet`
======================  ============================================================================================

A probability p becomes the level ceil(255 p - 1/2): the nearest of 0..255, the lower one where two are equally near.
The level q stands for q / 255, so no probability is more than 1/510 (0.002) off. The lower one, because a threshold
must be exceeded: where 255 t lies half-way between two levels (t = 0.1, 0.3, 0.5, 0.7, 0.9), a value of the grid
exceeds t after rounding exactly where it did before, but for differences of single precision's own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import to_numpy
from cosegbench.errors import DataError
from cosegbench.evidence.archive import read_arrays
from cosegbench.files import atomic_file
from cosegbench.prediction import MaskSet

VERSION = 1
LEVELS = 255
LARGEST_ERROR = 1 / (2 * LEVELS)
"""How far a probability may be off."""

_KEYS = {"version", "image_id", "run", "mask_steps", "precision", "similarity", "kind", "scale"}
_OPTIONAL = {"nothing"}
_CHUNK = 1 << 20

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class SavedMasks:
    """What a file holds: the masks as probabilities q / 255, and whose they are."""

    image_id: str
    run: str
    masks: MaskSet


def quantise(masks: npt.NDArray[Any]) -> Levels:
    """Probabilities (N, h, w) as levels 0..255; what interpolation left outside [0, 1] is cut off."""
    levels = np.empty(masks.shape, np.uint8)
    rows = max(1, _CHUNK // max(1, int(np.prod(masks.shape[1:]))))
    for start in range(0, len(masks), rows):  # a few masks at a time: float64 is exact here, and eight times as large
        exact = np.ceil(masks[start : start + rows].astype(np.float64) * LEVELS - 0.5)
        levels[start : start + rows] = exact.clip(0, LEVELS)
    return levels


def restore(levels: Levels, precision: str) -> npt.NDArray[Any]:
    """The probabilities that levels stand for, (N, h, w) float32 or float64."""
    kind = np.float64 if precision == "float64" else np.float32
    restored: npt.NDArray[Any] = levels.astype(kind)
    restored /= kind(LEVELS)
    return restored


def write_masks(path: Path, masks: MaskSet, image_id: str, run: str) -> None:
    """Write one image's masks, whole or not at all; equal masks give equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    maps = to_numpy(masks.masks)
    levels = quantise(maps)
    steps = levels.copy()
    steps[..., 1:] -= levels[..., :-1]
    arrays: dict[str, Any] = {
        "version": np.int64(VERSION),
        "image_id": np.array(image_id),
        "run": np.array(run),
        "mask_steps": steps,
        "precision": np.array("float64" if maps.dtype == np.float64 else "float32"),
        "similarity": np.ascontiguousarray(to_numpy(masks.similarity)),
        "kind": np.array(masks.kind),
        "scale": np.float64(masks.scale),
    }
    if masks.nothing is not None:
        arrays["nothing"] = np.ascontiguousarray(to_numpy(masks.nothing))
    with atomic_file(path) as stream:
        np.savez_compressed(stream, **arrays)


def read_masks(path: Path) -> SavedMasks:
    """Read what :func:`write_masks` wrote.

    Raises:
        DataError: no such file, damaged, of a newer version, or arrays that do not fit together.
    """
    try:
        arrays = read_arrays(path)
        version = int(arrays["version"])
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    except Exception as error:  # what the decoders raise depends on where the damage is
        raise DataError(f"{path} holds no masks or is damaged. Save it again: run --fresh --save soft.") from error
    if version > VERSION:
        raise DataError(f"{path} has version {version}; this cosegbench reads up to {VERSION}: update it.")
    if problem := _problem(arrays):
        raise DataError(f"{path} is damaged: {problem}. Save it again: run --fresh --save soft.")
    levels: Levels = np.cumsum(arrays["mask_steps"], axis=-1, dtype=np.uint8)
    masks = MaskSet(
        masks=restore(levels, str(arrays["precision"])),
        similarity=arrays["similarity"],
        nothing=arrays.get("nothing"),
        kind=str(arrays["kind"]),  # type: ignore[arg-type]  # checked
        scale=float(arrays["scale"]),
    )
    return SavedMasks(str(arrays["image_id"]), str(arrays["run"]), masks)


def _problem(arrays: dict[str, npt.NDArray[Any]]) -> str | None:
    """What of the arrays does not fit together; the rest is checked as any prediction is."""
    if wrong := sorted((arrays.keys() ^ _KEYS) - (arrays.keys() & _OPTIONAL)):
        return f"{', '.join(wrong)} is missing or unknown"
    if arrays["mask_steps"].dtype != np.uint8 or arrays["mask_steps"].ndim != 3:
        return f"mask_steps is {arrays['mask_steps'].dtype} of shape {arrays['mask_steps'].shape}"
    if str(arrays["precision"]) not in ("float32", "float64"):
        return f"precision is {str(arrays['precision'])!r}"
    if arrays["scale"].shape != () or arrays["scale"].dtype.kind not in "iuf":
        return f"scale is {arrays['scale'].dtype} of shape {arrays['scale'].shape}"
    if str(arrays["kind"]) not in ("logit", "probability", "cosine"):
        return f"kind is {str(arrays['kind'])!r}"
    return None
