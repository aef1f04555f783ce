"""How class names become sentences for a text encoder: part of the method half of a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosegbench.errors import ProtocolError

PAPER_TEMPLATE = "a photo of a {}"
"""CoSeg paper, section on anchors: "a photo of a <label>"."""

AUTHORS_TEMPLATE = "a photo of {}"
"""The CoSeg authors' notebooks leave out the article."""

UNLABELED = "unlabeled"
"""The name whose embedding stands for padding, and for "this query draws nothing"."""


@dataclass(frozen=True, slots=True)
class TextRule:
    """One template and no synonyms: each class is described by one sentence made from its name.

    Args:
        template: a text with exactly one ``{}``, which the class name replaces.

    Raises:
        ProtocolError: the template does not hold exactly one ``{}``.
    """

    template: str = PAPER_TEMPLATE

    def __post_init__(self) -> None:
        if self.template.count("{}") != 1:
            raise ProtocolError(f"a text template needs exactly one '{{}}' for the class name; got {self.template!r}.")

    def sentence(self, name: str) -> str:
        """The sentence of one class name."""
        return self.template.replace("{}", name)

    def sentences(self, names: Sequence[str]) -> list[str]:
        """The sentences of ``names``, in their order."""
        return [self.sentence(name) for name in names]
