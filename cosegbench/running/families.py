"""Protocols grouped by the inference pass that they share, for one predictor on one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.assignment import assign
from cosegbench.errors import ProtocolError
from cosegbench.evidence import PAIRS, Evidence
from cosegbench.geometry import Geometry
from cosegbench.labels import LabelArray
from cosegbench.protocols import Protocol, family_protocols, get_protocol, observe
from cosegbench.text import TextRule

if TYPE_CHECKING:
    from cosegbench.prediction import Prediction
    from cosegbench.vocabulary import Vocabulary


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
        return self.geometry.input == "whole" and all(protocol.rule.channel == PAIRS for protocol in self.asked)

    def check_predictor(self, predictor: Any, predictor_id: str) -> None:
        """Refuse a predictor that this family cannot be run with.

        Raises:
            ProtocolError: the images are resized to the predictor's own size, and it states none.
        """
        if self.geometry.input == "square-crop" and not isinstance(getattr(predictor, "input_size", None), int):
            raise ProtocolError(
                f"protocol {', '.join(self.requested)} resizes images to the predictor's own input size, and predictor "
                f"{predictor_id!r} states none: give its class an attribute input_size (pixels)."
            )

    def observe(self, vocabulary: Vocabulary, image_id: str, prediction: Prediction, target: LabelArray) -> Evidence:
        """The evidence of one image.

        Raises:
            PredictorError: the prediction breaks the contract.
            ProtocolError: a protocol that was asked for needs another kind of prediction.
        """
        return observe(self.asked, prediction, target, image_id, vocabulary)

    def label_maps(self, vocabulary: Vocabulary) -> Callable[[str, Prediction, tuple[int, int]], LabelArray] | None:
        """How predictions become label maps of the whole image; None where this pass makes none."""
        if self.geometry.input != "whole" or PAIRS not in self.asked[0].keeps:
            return None
        rule = self.asked[0].method.assignment

        def label_map(image_id: str, prediction: Prediction, size: tuple[int, int]) -> LabelArray:
            return assign(prediction, size, rule, len(vocabulary), vocabulary.background, image_id)

        return label_map


def check_protocols(names: Sequence[str]) -> None:
    """Refuse what cannot be computed before anything else is looked at.

    Raises:
        UnknownNameError: no such protocol; lists the near ones.
        ProtocolError: a protocol whose averaging rule needs more than evidence.
    """
    for name in names:
        if wanted := get_protocol(name).rule.parameters:
            raise ProtocolError(
                f"protocol {name!r} needs {', '.join(wanted)}, which no command takes yet; run another protocol, then "
                f"call cosegbench.score(evidence, {name!r}, ...) on the evidence that it keeps."
            )


def group_protocols(names: Sequence[str], predictor: str, column: str) -> list[Family]:
    """Group protocols by the pass that they share for one predictor on one column, in the order of first mention.

    Args:
        names: of protocols; repeats are left out.
        predictor: the predictor's own id, for what a protocol says about it.
        column: id of the data set.

    Raises:
        UnknownNameError: no such protocol; lists the near ones.
    """
    asked: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        asked.setdefault(get_protocol(name).for_cell(predictor, column).family, []).append(name)
    return [
        Family(
            family, {each.name: each for each in family_protocols(family, predictor, column)}, tuple(requested), column
        )
        for family, requested in asked.items()
    ]
