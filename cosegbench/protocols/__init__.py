"""Protocols by name: how a figure is made, as data, explained in words."""

from __future__ import annotations

from cosegbench.errors import UnknownNameError
from cosegbench.protocols.fields import Cell, Evaluation, Method
from cosegbench.protocols.inputs import INPUTS, Input, InputKind, input_label
from cosegbench.protocols.observation import observe, ranked_labels
from cosegbench.protocols.presets import PRESETS
from cosegbench.protocols.protocol import OPEN_VOCABULARY, Protocol
from cosegbench.protocols.replays import NOTHINGS, Replay
from cosegbench.protocols.words import Difference, Line, cell_words, comparable, diff, explain

__all__ = [
    "INPUTS",
    "NOTHINGS",
    "OPEN_VOCABULARY",
    "Cell",
    "Difference",
    "Evaluation",
    "Input",
    "InputKind",
    "Line",
    "Method",
    "Protocol",
    "Replay",
    "cell_words",
    "comparable",
    "diff",
    "explain",
    "family_protocols",
    "get_protocol",
    "input_label",
    "list_protocols",
    "observe",
    "ranked_labels",
]


def list_protocols() -> tuple[Protocol, ...]:
    """Every named protocol, the default first."""
    return tuple(PRESETS.values())


def get_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in PRESETS:
        raise UnknownNameError("protocol", name, PRESETS, "See 'cosegbench protocols list'.")
    return PRESETS[name]


def family_protocols(family: str, predictor: str, dataset: str, shown: Input | None = None) -> tuple[Protocol, ...]:
    """Every named protocol that evidence of one family may serve, as it is for one predictor on one column.

    Args:
        family: its name.
        predictor: the predictor's id.
        dataset: id of the column.
        shown: what the predictor sees; None for the default.
    """
    cells = (protocol.for_cell(predictor, dataset).with_input(shown or Input()) for protocol in PRESETS.values())
    return tuple(protocol for protocol in cells if protocol.family == family)
