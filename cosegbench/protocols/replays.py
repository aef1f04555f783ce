"""Protocols on masks that a run saved in 8 bit, and what of them may then differ: how masks become labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from cosegbench.errors import ProtocolError

if TYPE_CHECKING:
    from cosegbench.protocols.protocol import Protocol

OWN: Literal["own"] = "own"
"""As each protocol says it for predictor and column."""

Nothing = Literal["own", "draws-nothing", "unused"]
NOTHINGS: tuple[Nothing, ...] = get_args(Nothing)

REMARK = "from masks that were saved in 8 bit (each probability up to 1/510 off), not from a run of the predictor"
"""Stands with every figure of a replay."""

_FAMILY = re.compile(r"(.+)\+8-bit(?:-threshold-(none|[0-9][0-9_e-]*?))?(?:-nothing-(draws-nothing|unused))?")


@dataclass(frozen=True, slots=True)
class Replay:
    """Saved masks in the place of a pass.

    Args:
        threshold: probability that a mask must exceed; None: no threshold; ``"own"``: the protocol's.
        nothing: what a mask more similar to "nothing" than to any class does
            (:class:`cosegbench.assignment.AssignmentRule`); ``"own"``: the protocol's.

    Raises:
        ProtocolError: a threshold outside [0, 1), or an unknown word.
    """

    threshold: float | Literal["own"] | None = OWN
    nothing: Nothing = OWN

    def __post_init__(self) -> None:
        if isinstance(self.threshold, float | int) and not 0 <= self.threshold < 1:
            raise ProtocolError(f"a mask threshold must be in [0, 1); got {self.threshold}.")
        if self.nothing not in NOTHINGS:
            raise ProtocolError(f"unknown rule {self.nothing!r} for 'nothing'. Known: {', '.join(NOTHINGS)}.")

    @classmethod
    def of_text(cls, threshold: str | None, nothing: Nothing | None) -> Replay:
        """From the values of ``--threshold`` and ``--nothing``; None is the protocol's own.

        Raises:
            ProtocolError: the threshold is neither a number in [0, 1) nor ``none``.
        """
        if threshold in (None, "none"):
            return cls(OWN if threshold is None else None, nothing or OWN)
        try:
            return cls(float(str(threshold)), nothing or OWN)
        except ValueError as error:
            raise ProtocolError(f"the threshold is {threshold!r}; expected a number in [0, 1), or none.") from error

    @classmethod
    def of_family(cls, family: str) -> tuple[str, Replay | None]:
        """The family of the pass, and the replay of it, from a name such as ``"open-vocabulary+8-bit"``."""
        found = _FAMILY.fullmatch(family)
        if found is None:
            return family, None
        threshold = None if found[2] is None else found[2].replace("_", ".")
        return found[1], cls.of_text(threshold, found[3])  # type: ignore[arg-type]  # the pattern allows only these

    @property
    def label(self) -> str:
        """What the masks are, in a word or two; part of the row's name in tables."""
        words = ["8-bit masks"]
        if self.threshold is None:
            words.append("no threshold")
        elif self.threshold != OWN:
            words = [f"8-bit masks > {float(self.threshold)!r}"]
        return ", ".join([*words, *([] if self.nothing == OWN else [f"nothing {self.nothing}"])])

    def family(self, of_pass: str) -> str:
        """Name of the family, which is part of a file's name and so has no further dot."""
        parts = [f"{of_pass}+8-bit"]
        if self.threshold != OWN:
            number = "none" if self.threshold is None else repr(float(self.threshold)).replace(".", "_")
            parts.append(f"threshold-{number}")
        return "-".join([*parts, *([] if self.nothing == OWN else [f"nothing-{self.nothing}"])])

    def protocols(self, of_pass: Iterable[Protocol]) -> dict[str, Protocol]:
        """The protocols of one pass on its saved masks, by name; each must be the result of ``for_cell``."""
        return {protocol.name: self._apply(protocol) for protocol in of_pass}

    def _apply(self, protocol: Protocol) -> Protocol:
        rule = protocol.method.assignment
        if self.threshold != OWN:
            rule = replace(rule, threshold=None if self.threshold is None else float(self.threshold))
        if self.nothing != "own":
            rule = replace(rule, nothing=self.nothing)
        method = replace(protocol.method, assignment=rule, masks=self.label)
        return replace(protocol, method=method, remarks=(*protocol.remarks, REMARK))
