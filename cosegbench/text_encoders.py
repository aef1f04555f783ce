"""Text encoders by name: the contract of entry point group ``cosegbench.text_encoders``; finding and building one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from cosegbench.errors import PluginError, RequestError, WorkError
from cosegbench.kernels.base import FloatArray
from cosegbench.plugins import PluginGroup, load_target
from cosegbench.text import TextRule

DEFAULT = "clip"
"""The encoder that is used where none is named."""

TEXT_ENCODERS = PluginGroup("cosegbench.text_encoders", "text encoder")


class TextEncoder(Protocol):
    """What turns class names into vectors. Built as ``Class(weights=..., device=...)``.

    A class may also have ``default_weights`` (world of the data sets, ``real`` or ``miniature`` -> weights where the
    user names none) and ``unknown(names)``: the names with a word that it does not know and so cannot tell apart.
    """

    def encode(self, names: Sequence[str], text: TextRule) -> Any:
        """(n, width) float array or tensor on the CPU, one row a name; need not be normalised."""

    def describe(self) -> Mapping[str, Any]:
        """What was loaded, as plain values: ``weights``, ``weights_digest`` and whatever else identifies it."""


def load_text_encoder(name: str, weights: str | None, world: str, device: str = "cpu") -> TextEncoder:
    """Find and build a text encoder.

    Args:
        name: as ``pyproject.toml`` of some installed package registers it, or ``module:Class``.
        weights: as the user names them; None for the encoder's default for the world.
        world: ``"real"`` or ``"miniature"``.
        device: torch device.

    Raises:
        UnknownNameError: no encoder has the name; lists the near ones.
        PluginError: it cannot be imported, or is no class with ``encode`` and ``describe``.
        RequestError: no weights were named and it has no default for the world.
        MissingWeightsError: its weights are not in reach.
    """
    target = TEXT_ENCODERS.load(TEXT_ENCODERS.find(name)) if ":" not in name else load_target(name, "text encoder")
    lacking = [method for method in ("encode", "describe") if not callable(getattr(target, method, None))]
    if lacking:
        raise PluginError(f"text encoder {name!r} has no {' and no '.join(lacking)}; it needs encode and describe.")
    chosen = weights if weights is not None else getattr(target, "default_weights", {}).get(world)
    if chosen is None:
        raise RequestError(f"text encoder {name!r} has no weights for {world} data sets of its own; give --weights.")
    built: TextEncoder = target(weights=chosen, device=device)
    return built


def embeddings(encoder: TextEncoder, names: Sequence[str], text: TextRule) -> FloatArray:
    """(n, width) float64 of unit length, one row a name.

    Raises:
        WorkError: the encoder returned another shape, a number that is not finite, or a row of zeros.
    """
    found = np.asarray(encoder.encode(names, text), np.float64)
    if found.ndim != 2 or found.shape[0] != len(names):
        raise WorkError(f"a text encoder returned shape {found.shape} for {len(names)} names; expected one row a name.")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not (np.isfinite(found).all() and (lengths > 0).all()):
        raise WorkError("a text encoder returned a vector without direction (zero, or not finite).")
    unit: FloatArray = found / lengths
    return unit


def unknown_names(encoder: TextEncoder, names: Sequence[str]) -> tuple[str, ...]:
    """Names that the encoder says it cannot read; none where it does not say."""
    ask = getattr(encoder, "unknown", None)
    return tuple(ask(names)) if callable(ask) else ()
