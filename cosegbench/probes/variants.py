"""One vocabulary, asked for in other ways: other names, other sentences, more candidates, fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.labels import VOID, LabelArray
from cosegbench.probes.segments import generator
from cosegbench.text import AUTHORS_TEMPLATE, PAPER_TEMPLATE, TextRule
from cosegbench.vocabulary import ClassEntry, Vocabulary

TEMPLATES = (AUTHORS_TEMPLATE, "a picture of a {}", "{}")
"""Sentences in the place of the paper's."""

BASE = "as given"


@dataclass(frozen=True, slots=True)
class VariantRule:
    """Which variants there are.

    Args:
        templates: other sentences, a variant each.
        distractors: names added in one variant.
        removed: names removed in one variant.
        draws: variants of each kind that is drawn at random.
        seed: of the draws.

    Raises:
        RequestError: a number out of range.
    """

    templates: tuple[str, ...] = TEMPLATES
    distractors: int = 16
    removed: int = 8
    draws: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for option, number in (("--distractors", self.distractors), ("--removed", self.removed)):
            if number < 0:
                raise RequestError(f"{option} is {number}; it must be 0 (no such variant) or more.")
        if self.draws < 1:
            raise RequestError(f"--draws is {self.draws}; it must be 1 or more.")


@dataclass(frozen=True, slots=True)
class VariantOf:
    """One way to ask.

    Args:
        name: of the variant.
        vocabulary: what the predictor is asked for.
        text: how names become sentences.
        meaning: for each class asked for, the class of the data set that it stands for, or VOID for an added name.
        renamed: name -> the name used in its place.
        added: names that the data set does not have.
        removed: indices of the data set's classes that the predictor is not asked for.
    """

    name: str
    vocabulary: Vocabulary
    text: TextRule
    meaning: tuple[int, ...]
    renamed: Mapping[str, str]
    added: tuple[str, ...] = ()
    removed: tuple[int, ...] = ()

    @property
    def table(self) -> LabelArray:
        """``meaning`` as (K',) uint16."""
        return np.array(self.meaning, np.uint16)

    def described(self, names: Sequence[str]) -> dict[str, Any]:
        """For the result; ``names`` are the data set's."""
        return {
            "template": self.text.template,
            "renamed": dict(self.renamed),
            "added": list(self.added),
            "removed": [names[index] for index in self.removed],
            "vocabulary": self.vocabulary.digest,
        }


def make_variants(
    vocabulary: Vocabulary, rule: VariantRule, synonyms: Mapping[int, Sequence[str]], strangers: Sequence[str]
) -> tuple[VariantOf, ...]:
    """The names as given first, then every variant of the rule. Variants that would change nothing are left out.

    Args:
        vocabulary: of the data set.
        rule: which variants.
        synonyms: class -> other names.
        strangers: names to add from.

    Raises:
        RequestError: more names to add or to remove than there are; two or more classes must remain.
    """
    base = _variant(BASE, vocabulary, range(len(vocabulary)), TextRule(PAPER_TEMPLATE))
    found = [base]
    found += [replace(base, name=f"template {text!r}", text=TextRule(text)) for text in rule.templates]
    draws = range(rule.draws)
    # Where few classes have more than one other name, a second draw would be nearly the first again.
    several = 2 * sum(len(names) > 1 for names in synonyms.values()) >= len(synonyms)
    if synonyms:
        found += [_renamed(vocabulary, synonyms, rule.seed, draw) for draw in (draws if several else draws[:1])]
    if rule.distractors:
        found += [_extended(vocabulary, strangers, rule, draw) for draw in draws]
    if rule.removed:
        found += [_reduced(vocabulary, rule, draw) for draw in draws]
    return tuple(found)


def removed_anywhere(variants: Sequence[VariantOf]) -> tuple[int, ...]:
    """The classes that at least one variant does not ask for; no figure averages them."""
    return tuple(sorted({index for each in variants for index in each.removed}))


def _renamed(vocabulary: Vocabulary, synonyms: Mapping[int, Sequence[str]], seed: int, draw: int) -> VariantOf:
    random = generator(seed, "synonyms", str(draw))
    chosen = {index: names[int(random.integers(len(names)))] for index, names in sorted(synonyms.items())}
    return _variant(f"synonyms {draw + 1}", vocabulary, range(len(vocabulary)), TextRule(PAPER_TEMPLATE), chosen)


def _extended(vocabulary: Vocabulary, strangers: Sequence[str], rule: VariantRule, draw: int) -> VariantOf:
    if rule.distractors > len(strangers):
        raise RequestError(
            f"--distractors is {rule.distractors}, and the shipped vocabularies hold {len(strangers)} names that have "
            f"nothing to do with a class of {vocabulary.id}. Ask for fewer."
        )
    places = generator(rule.seed, "distractors", str(draw)).choice(len(strangers), rule.distractors, replace=False)
    added = tuple(strangers[place] for place in sorted(places.tolist()))
    return _variant(
        f"{len(added)} added, {draw + 1}", vocabulary, range(len(vocabulary)), TextRule(PAPER_TEMPLATE), added=added
    )


def _reduced(vocabulary: Vocabulary, rule: VariantRule, draw: int) -> VariantOf:
    free = [index for index in range(len(vocabulary)) if index != vocabulary.background]
    if rule.removed * rule.draws > len(free) - 2:
        raise RequestError(
            f"--removed {rule.removed} in {rule.draws} draws may take {rule.removed * rule.draws} of {len(free)} "
            f"classes of {vocabulary.id}, and every figure averages only what no draw takes. Ask for fewer."
        )
    places = generator(rule.seed, "removed", str(draw)).choice(len(free), rule.removed, replace=False)
    gone = {free[place] for place in places.tolist()}
    kept = [index for index in range(len(vocabulary)) if index not in gone]
    return _variant(f"{len(gone)} removed, {draw + 1}", vocabulary, kept, TextRule(PAPER_TEMPLATE))


def _variant(
    name: str,
    vocabulary: Vocabulary,
    kept: Sequence[int],
    text: TextRule,
    renamed: Mapping[int, str] | None = None,
    added: tuple[str, ...] = (),
) -> VariantOf:
    changed = renamed or {}
    old = [vocabulary.classes[index] for index in kept]
    entries = [
        ClassEntry(place, changed.get(each.index, each.name), each.native_id, each.synonyms, each.kind)
        for place, each in enumerate(old)
    ]
    first = max(vocabulary.native_ids) + 1
    entries += [ClassEntry(len(entries) + more, title, first + more) for more, title in enumerate(added)]
    background = None if vocabulary.background is None else list(kept).index(vocabulary.background)
    return VariantOf(
        name=name,
        vocabulary=Vocabulary(f"{vocabulary.id}, {name}", tuple(entries), background),
        text=text,
        meaning=(*kept, *(VOID for _ in added)),
        renamed={vocabulary.names[index]: title for index, title in changed.items()},
        added=added,
        removed=tuple(sorted(set(range(len(vocabulary))) - set(kept))),
    )
