"""The first section: the answers in a few sentences, each chosen by the figures below it."""

from __future__ import annotations

from collections.abc import Sequence

from miniature_study.context import WIDE, twin_verdicts
from miniature_study.groups import by_training
from miniature_study.reading import FIRST, PROTOCOLS, Study
from miniature_study.scores import means
from miniature_study.text import code, figure, listing, short
from miniature_study.verdicts import above_chance, margin, summary

STANDARD = PROTOCOLS[0]


def brief(main: Study, others: Sequence[Study], columns: Sequence[str]) -> str:
    """One list item an answer; a question that the records do not answer is left out."""
    lines = []
    for protocol in PROTOCOLS:
        bound = margin(main, others, columns, protocol)
        recipes = dict.fromkeys(row.recipe for row in main.trained)
        lines += [summary(main, columns, protocol, bound, recipe) for recipe in recipes]
        lines.append(f"Under {code(protocol)}: {above_chance(main, columns, protocol)}")
    lines += [_unseen(main, column) for column in columns]
    lines += [_twins(main, column) for column in main.columns(WIDE)]
    return "\n".join(f"- {line}" for line in lines if line)


def _unseen(main: Study, column: str) -> str:
    """Mean IoU on unseen classes of no-training and of the trained rows."""
    found = {row.name: means(main, row, column, STANDARD, by_training) for row in main.systems}
    values = {name: groups["unseen"][0] for name, groups in found.items() if "unseen" in groups}
    trained = [values[row.name] for row in main.trained if row.name in values]
    if FIRST not in values or not trained:
        return ""
    span = figure(min(trained)) if len(trained) == 1 else f"{figure(min(trained))} to {figure(max(trained))}"
    return (
        f"Classes of {short(column)} that mask training never saw, under {code(STANDARD)}: {code(FIRST)} "
        f"{figure(values[FIRST])}, the trained models {span}."
    )


def _twins(main: Study, column: str) -> str:
    """How many trained rows tell look-alikes apart better or worse than no-training."""
    verdicts = twin_verdicts(main, column)
    if not verdicts:
        return ""
    words = {"better": "better", "worse": "worse", "open": "not clearly differently"}
    parts = [
        f"{listing([code(name) for name, found in verdicts.items() if found == verdict])} {word}"
        for verdict, word in words.items()
        if verdict in verdicts.values()
    ]
    return f"Look-alikes on {short(column)} are told apart, compared with {code(FIRST)}: {'; '.join(parts)}."
