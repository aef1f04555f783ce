"""What of an image a protocol shows to the predictor where the user may choose: ``run --input``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from cosegbench.errors import ProtocolError
from cosegbench.geometry import Geometry, Window

if TYPE_CHECKING:
    from cosegbench.protocols.fields import Method

InputKind = Literal["squash", "crop", "slide"]

INPUTS: tuple[InputKind, ...] = ("squash", "crop", "slide")
"""What may be chosen; the first is the default."""

_FAMILY = re.compile(r"[^+]+\+(?:(crop)|slide(?:-(\d+)-(\d+))?)")


@dataclass(frozen=True, slots=True)
class Input:
    """A choice of what the predictor sees.

    Args:
        kind: ``"squash"``: the whole image, which a predictor with a square input squashes by itself; ``"crop"``: the
            central square of the short side, the rest is void; ``"slide"``: windows, averaged where they overlap.
        window: how windows slide; with ``"slide"`` only.

    Raises:
        ProtocolError: an unknown kind, or a window that does not slide.
    """

    kind: InputKind = "squash"
    window: Window | None = None

    def __post_init__(self) -> None:
        if self.kind not in INPUTS:
            raise ProtocolError(f"unknown input {self.kind!r}. Known: {', '.join(INPUTS)}.")
        if self.window is not None and self.kind != "slide":
            raise ProtocolError(f"a window or stride goes with --input slide only; the input is {self.kind}.")

    @classmethod
    def chosen(cls, kind: InputKind, size: int | None, stride: int | None) -> Input:
        """From the values of ``--input``, ``--window`` and ``--stride``.

        Raises:
            ProtocolError: they do not fit together.
        """
        given = size is not None or stride is not None
        return cls(kind, Window(size, stride) if given else None)

    @classmethod
    def of_family(cls, family: str) -> Input:
        """From the name of a family, such as ``"open-vocabulary+crop"``; the default where it names no input.

        Raises:
            ProtocolError: the window that it names does not slide.
        """
        found = _FAMILY.fullmatch(family)
        if found is None:
            return cls()
        if found[1]:
            return cls("crop")
        return cls("slide", Window(int(found[2]), int(found[3])) if found[2] else None)

    def method(self, before: Method) -> Method:
        """The method half of a protocol, with this input."""
        if self.kind == "slide":
            return replace(before, geometry=Geometry(), window=self.window or Window())
        return replace(before, geometry=Geometry("central-square" if self.kind == "crop" else "whole"), window="whole")


def input_label(method: Mapping[str, Any]) -> str:
    """The input in a word or two, from the plain fields of a method half, for instance ``"slide 352/176"``.

    Where the figure is of saved masks, it says so too: ``"8-bit masks > 0.5"``. Empty for the default, for protocols
    that fix their input, and where nothing is known of the method. Two figures of one predictor and protocol that
    differ in their input or masks differ here; it is part of the row's name in tables.
    """
    return ", ".join(words for words in (shown_label(method), str(method.get("masks", ""))) if words)


def shown_label(method: Mapping[str, Any]) -> str:
    """As :func:`input_label`, of the input alone."""
    window, geometry = method.get("window"), method.get("geometry")
    if isinstance(window, Mapping):
        return " ".join(["slide", *([f"{window['size']}/{window['stride']}"] if window["size"] else [])])
    return "crop" if isinstance(geometry, Mapping) and geometry.get("input") == "central-square" else ""
