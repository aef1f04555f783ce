"""What the measures need beside a record's counts: its vocabulary, a declared training vocabulary, a similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosegbench.cards import list_cards, load_card
from cosegbench.measures import Likeness, Setting, by_concepts, read_likeness
from cosegbench.records import Record
from cosegbench.tables.figures import short
from cosegbench.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Declared:
    """What a user named.

    Args:
        training: card whose classes count as seen; empty for what the records declare.
        similarity: file of a similarity; None for the one of the concept table.
    """

    training: str = ""
    similarity: Path | None = None


class Settings:
    """The setting of each record of a table; what the user declared is read once.

    Raises:
        RequestError: a declared vocabulary or similarity that does not exist.
    """

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._given = load_card(declared.training).vocabulary() if declared.training else None
        self._likeness = read_likeness(declared.similarity) if declared.similarity else None
        self._training: tuple[str, Vocabulary] | None = None
        self._said: tuple[str, ...] = ()

    def declare(self, records: Sequence[Record]) -> None:
        """Settle the training vocabulary of one table: the user's, or the one that its records agree on."""
        if self._given is not None:
            self._training, self._said = (self._declared.training, self._given), ()
            return
        said = {str(found): record.predictor.id for record in records if (found := _trained_on(record))}
        self._said = tuple(sorted(said))
        known = [name for name in said if name in list_cards()]
        one = known[0] if len(said) == len(known) == 1 else None
        self._training = (one, load_card(one).vocabulary()) if one else None

    def of(self, record: Record) -> Setting:
        """What the measures of one record may know."""
        vocabulary = vocabulary_of(record)
        training = self._training[1] if self._training else None
        return Setting(vocabulary, training, self._similarity(vocabulary))

    def remarks(self, record: Record) -> tuple[str, ...]:
        """Lines below the table: what counts as seen, which similarity, and which classes are things."""
        vocabulary = vocabulary_of(record)
        likeness = self._similarity(vocabulary)
        return (self._seen(), _soft(likeness), *_kinds(vocabulary))

    def _similarity(self, vocabulary: Vocabulary) -> Likeness | None:
        if self._likeness is None:
            return by_concepts(vocabulary)
        return self._likeness if self._likeness.fits(vocabulary) else None

    def _seen(self) -> str:
        if self._training is not None:
            name = self._training[0]
            who = "as --trained-on says" if self._given is not None else "as predictors of this table state"
            return f"Seen are classes of {name}, {who}, for every column alike: also for a predictor trained otherwise."
        if self._said:
            return f"Predictors state several training sets ({', '.join(self._said)}); name one with --trained-on."
        return "No predictor states a training set with a card; name one with --trained-on."


def vocabulary_of(record: Record) -> Vocabulary:
    """The classes of a record: its card's where that still has them, otherwise their names alone, kinds unknown."""
    data = record.dataset
    if data.id in list_cards():
        found = load_card(data.id).vocabulary()
        if found.digest == data.vocabulary_digest:
            return found
    return Vocabulary.from_names(data.classes, id=data.vocabulary, background=data.background)


def _trained_on(record: Record) -> str:
    found = record.predictor.facts.get("trained_on", "")
    return found if isinstance(found, str) else ""


def _soft(likeness: Likeness | None) -> str:
    if likeness is None:
        return "No open mIoU: the similarity that was given is about other classes."
    pairs = int((likeness.matrix > 0).sum()) - len(likeness.names)
    return (
        f"Open mIoU by similarity {likeness.name} (digest {short(likeness.digest)}), in which {pairs} ordered pairs of "
        "classes are alike; a soft figure under another digest is another quantity."
    )


def _kinds(vocabulary: Vocabulary) -> list[str]:
    unknown = sum(entry.kind == "" for entry in vocabulary.classes)
    if not unknown:
        return []
    return [f"Of {unknown} of {len(vocabulary)} classes nobody has said whether they are things or stuff."]
