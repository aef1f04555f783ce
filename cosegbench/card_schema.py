"""What a data set card says, as plain data. :mod:`cosegbench.cards` reads the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosegbench.archive_cards import ArchiveCard
from cosegbench.errors import RequestError, UnknownNameError
from cosegbench.vocabulary import Vocabulary

SCHEMA_VERSION = 1
WORLDS = ("real", "miniature")
BACKGROUNDS = ("ignore", "class")
KINDS = ("label-png", "voc-palette", "stuffthingmaps", "context-mat", "instances-json", "detail-json")
"""The on-disk formats that :mod:`cosegbench.adapters` reads."""

JSON_KINDS = ("instances-json", "detail-json")
"""Formats that keep all labels of a split in one file."""


@dataclass(frozen=True, slots=True)
class FormatCard:
    """How labels are stored. Values are those that stand in the file.

    Args:
        kind: one of :data:`KINDS`.
        labels: path pattern below the data root; ``{id}`` is the image id and ``{split}`` the split. JSON formats
            name one file, without ``{id}``.
        offset: stored value minus native id.
        background: values that mean "none of the classes".
        ignore: values that are not scored.
        unused: values that the format defines and that should not occur; they are counted, and ignored unless
            ``background`` names them too.
        drop_classes: names of classes whose pixels are ignored.
    """

    kind: str
    labels: str
    offset: int = 0
    background: tuple[int, ...] = ()
    ignore: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()
    drop_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitCard:
    """Which images belong to a split.

    Args:
        name: the split.
        list: text file below the data root with one image id a line, or None.
        images_json: JSON file below the data root whose ``images`` are the split, or None. Where both are None the
            split is every id that has a photograph or a label file.
        exclude: image ids to leave out.
        count: how many images the split must have, or None.
        ids_sha256: SHA-256 of the sorted image ids, each followed by a line feed, or None.
    """

    name: str
    list: str | None = None
    images_json: str | None = None
    exclude: tuple[str, ...] = ()
    count: int | None = None
    ids_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class OptionCard:
    """A convention that a user may choose; the choice is recorded.

    Args:
        name: the option.
        default: its value where the user says nothing.
        choices: the values that it may have.
        help: a sentence for people.
        needs: ``"option=value"``: it means something only under that choice; empty: always.
    """

    name: str
    default: str
    choices: tuple[str, ...]
    help: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Keys of a format or split; ``option`` and ``value`` say when they hold (both empty: always)."""

    option: str
    value: str
    changes: Mapping[str, Any]

    def holds(self, chosen: Mapping[str, str]) -> bool:
        """Whether these keys apply under the chosen options."""
        return not self.option or chosen.get(self.option) == self.value


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """One view of one data set.

    Args:
        path: the card's file.
        id: its name.
        title: a line for people.
        world: ``"real"`` or ``"miniature"``: which family of weights fits it.
        vocabulary_path: CSV with the classes, without a background class.
        background: ``"ignore"`` or ``"class"`` (then class 0).
        images: path pattern of the photographs below the data root.
        marker: a file that must lie in the data root, or None.
        options: the conventions that a user may choose.
        archives: where the data comes from.
        licence: for people.
        homepage: for people.
        citation: for people.
        notes: for people.
        formats: variants in the order in which they are merged; use :meth:`format`.
        splits: likewise, by name; use :meth:`split`.
    """

    path: Path
    id: str
    title: str
    world: str
    vocabulary_path: Path
    background: str
    images: str
    marker: str | None
    options: Mapping[str, OptionCard]
    archives: tuple[ArchiveCard, ...]
    licence: str
    homepage: str
    citation: str
    notes: str
    formats: tuple[Variant, ...]
    splits: Mapping[str, tuple[Variant, ...]]

    def vocabulary(self) -> Vocabulary:
        """The classes, after a background class 0 where the card scores the background.

        Raises:
            CardError: the vocabulary file is absent or wrong.
        """
        vocabulary = Vocabulary.from_csv(self.vocabulary_path, id=self.id)
        return vocabulary.with_background() if self.background == "class" else vocabulary

    def choose(self, given: Mapping[str, str]) -> dict[str, str]:
        """The value of every option that means something here: those given, defaults for the rest.

        Raises:
            UnknownNameError: an option that the card does not have.
            RequestError: a value that is not among the choices, or an option that has no effect under the others.
        """
        for name, value in given.items():
            if name not in self.options:
                raise UnknownNameError(f"option of data set {self.id}", name, self.options)
            choices = self.options[name].choices
            if value not in choices:
                raise RequestError(f"data set {self.id}: option {name}={value} is not one of {', '.join(choices)}.")
        values = {name: given.get(name, option.default) for name, option in self.options.items()}
        for name, option in self.options.items():
            if option.needs and option.needs not in [f"{key}={value}" for key, value in values.items()]:
                if name in given:
                    raise RequestError(f"data set {self.id}: option {name} has no effect without {option.needs}.")
                del values[name]
        return values

    def format(self, chosen: Mapping[str, str]) -> FormatCard:
        """The label format under the chosen options (all of them, as :meth:`choose` returns them)."""
        merged: dict[str, Any] = {}
        for variant in self.formats:
            if variant.holds(chosen):
                # Keys of one kind of file mean nothing to another, so naming a kind starts anew.
                merged = {**({} if "kind" in variant.changes else merged), **variant.changes}
        return FormatCard(**merged)

    def split(self, name: str, chosen: Mapping[str, str]) -> SplitCard:
        """One split under the chosen options.

        Raises:
            UnknownNameError: the card has no such split.
        """
        if name not in self.splits:
            raise UnknownNameError(f"split of data set {self.id}", name, self.splits)
        merged: dict[str, Any] = {}
        for variant in self.splits[name]:
            if variant.holds(chosen):
                if {"list", "images_json"} & variant.changes.keys():
                    merged = {key: value for key, value in merged.items() if key not in ("list", "images_json")}
                merged.update(variant.changes)
        return SplitCard(name, **merged)
