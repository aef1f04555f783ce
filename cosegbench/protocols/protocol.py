"""The protocol object: its halves, what it needs, and what it becomes for one predictor on one column."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from cosegbench.errors import ProtocolError
from cosegbench.evidence import BINARY, BINARY_EXCLUSIVE, PAIRS, RANKED, Evidence
from cosegbench.geometry import Window
from cosegbench.kernels import Kernel, Score, get_kernel, score
from cosegbench.kernels.coseg_oracle import EXCLUSIVE
from cosegbench.protocols.fields import COLUMN, Cell, Evaluation, Method, digest, plain
from cosegbench.protocols.inputs import Input, shown_label

OPEN_VOCABULARY = "open-vocabulary"
"""The family of every protocol that sees whole images, original labels and no per-cell setting.

With another input it is another family: ``open-vocabulary+crop``, ``open-vocabulary+slide-352-176``.
"""

_MINIATURE = "miniature-"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a figure is made, as data. Equal digests, equal meaning.

    Args:
        name: its name, everywhere.
        summary: one sentence for people.
        source: whose protocol it is.
        evaluation: what is measured.
        method: how the predictor is used; with cells where that depends on the column, see :meth:`for_cell`.
        unstated: fields that the source leaves open and that are the toolkit's choice here.
        notes: remarks, in words.
        remarks: after :meth:`for_cell`, the notes of the cells that applied.
    """

    name: str
    summary: str
    source: str
    evaluation: Evaluation = field(default_factory=Evaluation)
    method: Method = field(default_factory=Method)
    unstated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def kernel(self) -> str:
        """Name of the averaging rule, exclusive form included."""
        oracle = self.evaluation.candidates == "ground-truth"
        return EXCLUSIVE.name if oracle and self.method.exclusive else self.evaluation.kernel

    @property
    def rule(self) -> Kernel:
        """The averaging rule itself."""
        return get_kernel(self.kernel)

    @property
    def family(self) -> str:
        """Protocols of one family share an inference pass, its evidence and a record."""
        plainly = self.with_input(Input())
        shared = not self.method.cells and plainly._pass_fields() == _OPEN_VOCABULARY_PASS
        label = shown_label(self.method.fields).replace(" ", "-").replace("/", "-")
        return "+".join([OPEN_VOCABULARY if shared else self.name, *([label] if label else [])])

    @property
    def fixes_input(self) -> bool:
        """Whether it says itself what the predictor sees, because the labels that it scores are cut likewise."""
        return self.method.geometry.input == "square-crop"

    def with_input(self, shown: Input) -> Protocol:
        """The same protocol with another input; itself where it :attr:`fixes_input`."""
        return self if self.fixes_input else replace(self, method=shown.method(self.method))

    def fitted(self, input_size: int | None) -> Protocol:
        """The same protocol with its sliding window in pixels, for a predictor with that side of its input.

        Raises:
            ProtocolError: the window is as large as the predictor's input, and the predictor states none.
        """
        window = self.method.window
        if not isinstance(window, Window):
            return self
        return replace(self, method=replace(self.method, window=window.fitted(input_size)))

    @property
    def pass_digest(self) -> str:
        """Over everything that decides what is predicted and counted, but not how counts are averaged."""
        return digest([self._pass_fields(), list(self.keeps)])

    @property
    def keeps(self) -> tuple[str, ...]:
        """The channels of evidence that a pass of this family fills, as far as the prediction's kind allows."""
        # However masks become labels: a replay of saved masks may say it otherwise.
        if {**self._pass_fields(), "assignment": None} == {**_OPEN_VOCABULARY_PASS, "assignment": None}:
            return (PAIRS, BINARY, BINARY_EXCLUSIVE, RANKED)
        if self.with_input(Input()) != self:
            return (PAIRS,)  # parts of an image have no masks of the whole image
        return (BINARY, BINARY_EXCLUSIVE) if self.rule.channel in (BINARY, BINARY_EXCLUSIVE) else (PAIRS, RANKED)

    @property
    def digest(self) -> str:
        """Over both halves."""
        return digest([self.evaluation.digest, self.method.digest])

    def for_cell(self, predictor: str, dataset: str) -> Protocol:
        """What the protocol is for one predictor on one column; without cells it is itself.

        Args:
            predictor: the predictor's id.
            dataset: id of the column; ``evaluation.view`` of the result is the view to load where it differs.

        Returns:
            A protocol without cells, with threshold, view and remarks as they apply.
        """
        if not self.method.cells:
            return self
        world = _MINIATURE if dataset.startswith(_MINIATURE) else ""
        column = dataset.removeprefix(_MINIATURE)
        evaluation, method = self.evaluation, replace(self.method, cells=())
        remarks: dict[str, str] = {}
        for cell in self.method.cells:
            if cell.predictor not in ("*", predictor) or cell.dataset not in ("*", column):
                continue
            if cell.view_options and world:
                continue  # the miniature's cards are its own and know none of the real cards' options
            evaluation, method = _apply(cell, evaluation, method, world)
            # A later cell about the same setting replaces the earlier one, and so does its note.
            remarks[cell.setting] = f"{cell.note} (as for {column})" if world and cell.dataset != "*" else cell.note
        return replace(self, evaluation=evaluation, method=method, remarks=tuple(remarks.values()))

    def view(self, dataset: str) -> tuple[str, dict[str, str]]:
        """Id and options of the data set view to load for a column.

        Raises:
            ProtocolError: the protocol has cells; ask :meth:`for_cell` first.
        """
        self.require_cell()
        view = dataset if self.evaluation.view == COLUMN else self.evaluation.view
        return view, dict(self.evaluation.view_options)

    def require_cell(self) -> None:
        """Refuse a protocol whose settings depend on predictor and data set, which were not given.

        Raises:
            ProtocolError: as said.
        """
        if self.method.cells:
            raise ProtocolError(
                f"protocol {self.name!r} has settings by predictor and data set; take protocol.for_cell(predictor, "
                "dataset)."
            )

    def score(self, evidence: Evidence, **params: Any) -> Score:
        """The figure of this protocol from evidence of its own family.

        Raises:
            ProtocolError: the evidence does not allow it, or the protocol has cells.
        """
        self.require_cell()
        return score(evidence, self.kernel, **params)

    def _pass_fields(self) -> dict[str, Any]:
        names = ("view", "view_options", "resolution")
        return {name: plain(getattr(self.evaluation, name)) for name in names} | {
            "text": plain(self.method.text),
            "geometry": plain(self.method.geometry),
            "window": plain(self.method.window),
            "reduction": self.method.reduction,
            "assignment": plain(self.method.assignment),
        }


def _apply(cell: Cell, evaluation: Evaluation, method: Method, world: str) -> tuple[Evaluation, Method]:
    if cell.view is not None:
        evaluation = replace(evaluation, view=world + cell.view)
    if cell.view_options:
        evaluation = replace(evaluation, view_options=cell.view_options)
    if cell.threshold is not None:
        method = replace(method, assignment=replace(method.assignment, threshold=cell.threshold))
    if cell.exclusive is not None:
        method = replace(method, exclusive=cell.exclusive)
    return evaluation, method


_OPEN_VOCABULARY_PASS = Protocol("", "", "")._pass_fields()
