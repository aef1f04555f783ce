"""``table --rules``: one predictor under every rule that its kept evidence answers, a row a rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cosegbench.protocols import list_protocols
from cosegbench.running.rescoring import Outcome
from cosegbench.tables.answers import Answer, Answers
from cosegbench.tables.cells import figure_cell, row_names
from cosegbench.tables.figures import Figure, short
from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.measured import shown_suites

_Rule = tuple[str, str]

_NOTE = (
    "A row is a rule, stated by its evaluation digest. Figures of different digests are different quantities: compare "
    "predictors under one rule, never two rules of one predictor."
)
_UNKNOWN = "its record holds no such figure and has no evidence"


def rule_grids(answers: Answers, suites: Mapping[str, Sequence[str]], suite: str | None = None) -> tuple[Grid, ...]:
    """One table for each suite and predictor.

    Args:
        answers: what the evidence gives.
        suites: suite -> ids of its data sets, in the order of the columns.
        suite: only this one; by default all, then the data sets that are in none.
    """
    grids = []
    for heading, datasets in shown_suites(answers.figures, suites, suite).items():
        here = [each for each in answers.all if each.figure.dataset in datasets]
        for name in row_names([each.figure for each in here]):
            own = tuple(each for each in here if each.figure.name == name)
            grids.append(_grid(heading, _Predictor(name, tuple(datasets), own, answers.outcome)))
    return tuple(grids)


@dataclass(frozen=True, slots=True)
class _Predictor:
    """One row name of the measured tables with all of its figures on the data sets of one suite."""

    name: str
    datasets: tuple[str, ...]
    answers: tuple[Answer, ...]
    outcome: Outcome

    def rules(self) -> list[_Rule]:
        """Protocol and evaluation digest, in the order of the protocols; those that are gone come last."""
        order = {protocol.name: place for place, protocol in enumerate(list_protocols())}
        found = {(each.figure.protocol, each.figure.evaluation) for each in self.answers}
        return sorted(found, key=lambda rule: (order.get(rule[0], len(order)), *rule))

    def answer(self, rule: _Rule, dataset: str) -> Answer | None:
        """What stands in one cell."""
        wanted = (*rule, dataset)
        return next((each for each in self.answers if _place(each.figure) == wanted), None)

    def refusals(self, protocol: str) -> dict[str, str]:
        """Data set -> why its evidence does not answer a protocol."""
        row = self.answers[0].row
        refusals = self.outcome.refusals(protocol)
        return {data: refusals[row, data].rstrip(".") for data in self.datasets if (row, data) in refusals}

    def why_not(self, rule: _Rule, dataset: str) -> str:
        """Why a cell is a dash."""
        here = [each.figure for each in self.answers if each.figure.dataset == dataset]
        if not here:
            return "not measured there"
        if any(figure.protocol == rule[0] for figure in here):
            return "it was scored there in another way, which has a row of its own"
        return self.refusals(rule[0]).get(dataset, _UNKNOWN)

    def absent(self, rules: Iterable[_Rule]) -> list[str]:
        """A remark for each reason why a protocol has no row at all, with the first data set that gives it."""
        answered = {protocol for protocol, _ in rules}
        reasons: dict[str, list[str]] = {}
        for protocol in list_protocols():
            if protocol.name not in answered:
                said = [f"{why} ({data})" for data, why in self.refusals(protocol.name).items()]
                reasons.setdefault(said[0] if said else _UNKNOWN, []).append(protocol.name)
        return [f"No row for {', '.join(names)}: {why}." for why, names in reasons.items()]


def _place(figure: Figure) -> tuple[str, str, str]:
    return figure.protocol, figure.evaluation, figure.dataset


def _grid(suite: str, predictor: _Predictor) -> Grid:
    notes = Notes()
    rules = predictor.rules()
    labels = [_label(rule, rules) for rule in rules]
    dashes: dict[str, list[str]] = {}
    rows = []
    for rule, label in zip(rules, labels, strict=True):
        found = {data: predictor.answer(rule, data) for data in predictor.datasets}
        for data in (data for data, each in found.items() if each is None):
            dashes.setdefault(predictor.why_not(rule, data), []).append(f"{label} on {data}")
        rows.append(Row(label, tuple(_cell(each, notes) for each in found.values())))
    digests = ", ".join(f"{label} {short(rule[1])}" for rule, label in zip(rules, labels, strict=True))
    remarks = (
        _NOTE,
        f"Evaluation digests: {digests}.",
        *(f"No figure of {', '.join(where)}: {why}." for why, where in dashes.items()),
        *predictor.absent(rules),
    )
    title = f"{predictor.name} under every rule: {suite} (mIoU in percent)"
    key = f"rules/{suite}/{predictor.name}"
    return Grid(key, title, "Rule", predictor.datasets, tuple(rows), notes.all(), remarks)


def _label(rule: _Rule, rules: Sequence[_Rule]) -> str:
    """The protocol's name; its digest too where one protocol scored in several ways."""
    alone = sum(each[0] == rule[0] for each in rules) == 1
    return rule[0] if alone else f"{rule[0]} ({short(rule[1])})"


def _cell(answer: Answer | None, notes: Notes) -> Cell:
    if answer is None:
        return Cell()
    return figure_cell(answer.figure, notes, [answer.stored] if answer.stored else [])
