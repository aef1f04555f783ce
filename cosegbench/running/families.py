"""Protocols grouped by the inference pass that they share, for one predictor on one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cosegbench.assignment import Mosaic, assign
from cosegbench.errors import ProtocolError
from cosegbench.evidence import BOUNDARY, PAIRS, Evidence
from cosegbench.geometry import Geometry, Place, Window, central_square
from cosegbench.labels import LabelArray
from cosegbench.protocols import Input, Protocol, family_protocols, get_protocol, observe
from cosegbench.text import TextRule

if TYPE_CHECKING:
    from cosegbench.prediction import Prediction
    from cosegbench.vocabulary import Vocabulary

_FROM_LABELS = (PAIRS, BOUNDARY)
"""The channels that a label map of the whole image fills."""

LabelMaker = Callable[[str, "Prediction | Mosaic", tuple[int, int]], LabelArray]
"""Image id, prediction and (H, W) -> the label map that is scored."""


@dataclass(frozen=True, slots=True)
class Family:
    """The protocols of one inference pass.

    Args:
        name: of the family; part of the record's file name.
        protocols: name -> protocol, every one that the pass serves, asked for or not; without cells.
        requested: names of those that the user asked for.
        column: id of the table's column.
    """

    name: str
    protocols: Mapping[str, Protocol]
    requested: tuple[str, ...]
    column: str

    @property
    def asked(self) -> tuple[Protocol, ...]:
        """The protocols that the user asked for."""
        return tuple(self.protocols[name] for name in self.requested)

    @property
    def pass_digest(self) -> str:
        """Over everything that decides what is predicted and counted."""
        return self.asked[0].pass_digest

    @property
    def counted_on_request(self) -> tuple[str, ...]:
        """The channels that are counted only because a protocol that was asked for needs them."""
        return tuple(sorted({protocol.rule.channel for protocol in self.asked} & {BOUNDARY}))

    @property
    def view(self) -> tuple[str, dict[str, str]]:
        """Id and options of the data set view that is scored for the column."""
        return self.asked[0].view(self.column)

    @property
    def text(self) -> TextRule:
        """How names become sentences."""
        return self.asked[0].method.text

    @property
    def geometry(self) -> Geometry:
        """What of the image is shown, and what of the target is scored."""
        return self.asked[0].method.geometry

    @property
    def takes_label_maps(self) -> bool:
        """Whether a finished label map of the whole image is enough."""
        whole = self.geometry.input == "whole" and self.asked[0].method.window == "whole"
        return whole and all(protocol.rule.channel in _FROM_LABELS for protocol in self.asked)

    def fitted(self, predictor: Any, predictor_id: str) -> Family:
        """The same family for one predictor: a sliding window gets its size in pixels.

        Raises:
            ProtocolError: images are resized, or windows made, to the predictor's own size, and it states none.
        """
        size = getattr(predictor, "input_size", None)
        size = size if isinstance(size, int) else None
        if self.geometry.input == "square-crop" and size is None:
            raise ProtocolError(
                f"protocol {', '.join(self.requested)} resizes images to the predictor's own input size, and predictor "
                f"{predictor_id!r} states none: give its class an attribute input_size (pixels)."
            )
        protocols = {name: protocol.fitted(size) for name, protocol in self.protocols.items()}
        return replace(self, name=protocols[self.requested[0]].family, protocols=protocols)

    def places(self, size: tuple[int, int]) -> tuple[Place, ...] | None:
        """The parts of an image of (H, W) that are shown; None where all that is scored is shown in one piece."""
        window = self.asked[0].method.window
        if isinstance(window, Window):
            return window.places(*size)
        return (central_square(*size),) if self.geometry.input == "central-square" else None

    def observe(
        self, vocabulary: Vocabulary, image_id: str, prediction: Prediction | Mosaic, target: LabelArray
    ) -> Evidence:
        """The evidence of one image.

        Raises:
            PredictorError: the prediction breaks the contract.
            ProtocolError: a protocol that was asked for needs another kind of prediction.
        """
        return observe(self.asked, prediction, target, image_id, vocabulary)

    def label_maps(self, vocabulary: Vocabulary) -> LabelMaker | None:
        """How predictions become label maps of the whole image; None where this pass makes none."""
        if self.geometry.input == "square-crop" or PAIRS not in self.asked[0].keeps:
            return None
        rule = self.asked[0].method.assignment

        def label_map(image_id: str, prediction: Prediction | Mosaic, size: tuple[int, int]) -> LabelArray:
            return assign(prediction, size, rule, len(vocabulary), vocabulary.background, image_id)

        return label_map


def check_protocols(names: Sequence[str], shown: Input | None = None) -> None:
    """Refuse what cannot be computed before anything else is looked at.

    Args:
        names: of protocols.
        shown: what the predictor sees; None for the default.

    Raises:
        UnknownNameError: no such protocol; lists the near ones.
        ProtocolError: a protocol whose averaging rule needs more than evidence, or an input that does not go with it.
    """
    for name in names:
        if wanted := get_protocol(name).rule.parameters:
            raise ProtocolError(
                f"protocol {name!r} needs {', '.join(wanted)}, which `run` does not take; run another protocol, then "
                f"call cosegbench.score(evidence, {name!r}, ...) on the evidence that it keeps."
            )
    if shown is not None and shown.kind != "squash":
        _check_input(names, shown)


def fixed_inputs(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the protocols that no choice of input changes."""
    return tuple(name for name in dict.fromkeys(names) if get_protocol(name).fixes_input)


def _check_input(names: Sequence[str], shown: Input) -> None:
    fixed = fixed_inputs(names)
    if fixed and len(fixed) == len(set(names)):
        raise ProtocolError(
            f"--input {shown.kind} does not go with protocol {', '.join(fixed)}, which says itself what the predictor "
            "sees and cuts the labels likewise. Leave --input out, or name a protocol that scores whole images."
        )
    oracles = [name for name in names if name not in fixed and get_protocol(name).rule.channel not in _FROM_LABELS]
    if oracles:
        raise ProtocolError(
            f"protocol {', '.join(oracles)} pairs masks of the whole image with its true classes, and --input "
            f"{shown.kind} gives none. Leave --input out for it."
        )


def group_protocols(names: Sequence[str], predictor: str, column: str, shown: Input | None = None) -> list[Family]:
    """Group protocols by the pass that they share for one predictor on one column, in the order of first mention.

    Args:
        names: of protocols; repeats are left out.
        predictor: the predictor's own id, for what a protocol says about it.
        column: id of the data set.
        shown: what the predictor sees, where a protocol leaves that open; None for the default.

    Raises:
        UnknownNameError: no such protocol; lists the near ones.
    """
    shown = shown or Input()
    asked: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        protocol = get_protocol(name).for_cell(predictor, column).with_input(shown)
        asked.setdefault(protocol.family, []).append(name)
    return [
        Family(
            family,
            {each.name: each for each in family_protocols(family, predictor, column, shown)},
            tuple(requested),
            column,
        )
        for family, requested in asked.items()
    ]
