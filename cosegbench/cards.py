"""Data set cards: everything that is particular to one view of one data set, as a TOML file.

A built-in card is named by its id (``voc20``), a user's own by its path (``./mine.toml``). Paths inside a card are
relative: the vocabulary's to the card, all others to the data root. ``docs/adding-a-dataset.md`` explains them.

A ``[format.when.OPTION.VALUE]`` or ``[splits.NAME.when.OPTION.VALUE]`` table holds what changes where a user chooses
that value of that option; a format that names a ``kind`` replaces what stood before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cosegbench.archive_cards import ArchiveCard, check_archives, read_archive
from cosegbench.card_schema import (
    BACKGROUNDS,
    JSON_KINDS,
    KINDS,
    SCHEMA_VERSION,
    WORLDS,
    DatasetCard,
    FormatCard,
    OptionCard,
    SplitCard,
    Variant,
)
from cosegbench.errors import CardError, UnknownNameError
from cosegbench.locate import data_file
from cosegbench.strict_toml import Table, read_toml, relative_path

__all__ = ["ArchiveCard", "DatasetCard", "FormatCard", "OptionCard", "SplitCard", "list_cards", "load_card"]


_RESERVED = ("name", "data_root", "split")
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def list_cards() -> list[str]:
    """Ids of the built-in cards, sorted. Reads file names only."""
    return sorted(path.stem for path in data_file("datasets").glob("*.toml"))


def load_card(name_or_path: str | Path) -> DatasetCard:
    """Read a built-in card by id, or any card by path (a ``Path``, or text that ends in ``.toml``).

    Raises:
        UnknownNameError: no built-in card of that id; lists near ones.
        CardError: the card cannot be read or says something that is not understood; names file and key.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return _read_card(Path(name_or_path).expanduser())
    if name_or_path not in list_cards():
        hint = "A card of your own is given by its path, which ends in .toml."
        raise UnknownNameError("data set", name_or_path, list_cards(), hint)
    return _read_card(data_file("datasets") / f"{name_or_path}.toml")


def _read_card(path: Path) -> DatasetCard:
    table = read_toml(path)
    if (version := table.integer("schema_version")) != SCHEMA_VERSION:
        raise CardError(f"{path}: schema_version is {version}; this cosegbench reads version {SCHEMA_VERSION}.")
    layout = table.table("layout")
    options = {name: _option(name, table_) for name, table_ in _subtables(table.table("options"))}
    card = DatasetCard(
        path=path,
        id=_id(table),
        title=table.text("title"),
        world=table.text("world", "real", choices=WORLDS),
        vocabulary_path=path.parent / table.text("vocabulary"),
        background=table.text("background", choices=BACKGROUNDS),
        images=_pattern(layout, "images", with_id=True),
        marker=layout.optional_text("marker"),
        options=options,
        archives=tuple(read_archive(item) for item in table.tables("archives")),
        licence=table.text("licence", ""),
        homepage=table.text("homepage", ""),
        citation=table.text("citation", ""),
        notes=table.text("notes", ""),
        formats=_variants(table.table("format"), options, _format),
        splits={name: _variants(item, options, _split) for name, item in _subtables(table.table("splits"))},
    )
    layout.finish()
    table.finish()
    _check(card)
    return card


def _id(table: Table) -> str:
    """The card's id, which names files of results."""
    name = table.text("id")
    if not _ID.fullmatch(name):
        raise CardError(f"{table.where}: id = {name!r} must be letters, digits, '-', '_' and '.', the first no dot.")
    return name


def _subtables(table: Table) -> list[tuple[str, Table]]:
    return [(key, table.table(key)) for key in table.left()]


def _variants(
    table: Table, options: Mapping[str, OptionCard], read: Callable[[Table], dict[str, Any]]
) -> tuple[Variant, ...]:
    """The base keys of a table, then what each ``when`` changes."""
    when = table.table("when")
    found = [Variant("", "", read(table))]
    for option, values in _subtables(when):
        if option not in options:
            raise CardError(
                f"{when.where}: {option!r} is not an option of this card ({', '.join(options) or 'it has none'})."
            )
        for value, changes in _subtables(values):
            if value not in options[option].choices:
                raise CardError(f"{values.where}: {value!r} is not one of {', '.join(options[option].choices)}.")
            found.append(Variant(option, value, read(changes)))
    return tuple(found)


def _format(table: Table) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if "kind" in table:
        keys["kind"] = table.text("kind", choices=KINDS)
    if "labels" in table:
        keys["labels"] = _pattern(table, "labels", with_id=keys.get("kind") not in JSON_KINDS)
    if "offset" in table:
        keys["offset"] = table.integer("offset")
    for name in ("background", "ignore", "unused"):
        if name in table:
            keys[name] = table.ids(name)
    if "drop_classes" in table:
        keys["drop_classes"] = table.texts("drop_classes")
    for name in FormatCard.__slots__:
        table.know(name)
    table.finish()
    return keys


def _split(table: Table) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for name in ("list", "images_json"):
        if name in table:
            keys[name] = relative_path(table, name, table.text(name))
    if "exclude" in table:
        keys["exclude"] = table.texts("exclude")
    if "count" in table:
        keys["count"] = table.integer("count")
        if keys["count"] < 1:
            raise CardError(f"{table.where}: count = {keys['count']} must be 1 or more.")
    if "ids_sha256" in table:
        keys["ids_sha256"] = table.text("ids_sha256") or None
    for name in SplitCard.__slots__:
        table.know(name)
    table.finish()
    return keys


def _option(name: str, table: Table) -> OptionCard:
    if not (choices := table.texts("choices")):
        raise CardError(f"{table.where}: choices must name at least one value.")
    default = table.text("default", choices=choices)
    if name in _RESERVED:
        raise CardError(f"{table.where}: an option cannot be called {name!r}; load_dataset takes that itself.")
    option = OptionCard(name, default, choices, table.text("help"), table.text("needs", ""))
    table.finish()
    return option


def _pattern(table: Table, key: str, *, with_id: bool) -> str:
    """A path pattern: ``{id}`` once in the file name (or nowhere), ``{split}`` anywhere, no other braces."""
    pattern = relative_path(table, key, table.text(key))
    bare = pattern.replace("{split}", "")
    places = (pattern.count("{id}"), PurePosixPath(pattern).name.count("{id}"))
    if places != ((1, 1) if with_id else (0, 0)) or any(brace in bare.replace("{id}", "") for brace in "{}"):
        wanted = "hold {id} once, in the file name" if with_id else "name one file, without {id}"
        raise CardError(f"{table.where}: {key} = {pattern!r} must {wanted}; {{split}} may stand anywhere.")
    return pattern


def _check(card: DatasetCard) -> None:
    """What only the whole card can show: a split, and a complete format under every single choice."""
    for option in card.options.values():
        other, _, value = option.needs.partition("=")
        if option.needs and (other not in card.options or value not in card.options[other].choices):
            raise CardError(f"{card.path}: [options.{option.name}] needs = {option.needs!r} is no choice of this card.")
    for archive in card.archives:
        other, _, value = archive.when.partition("=")
        if archive.when and (other not in card.options or value not in card.options[other].choices):
            raise CardError(f"{card.path} [[archives]]: when = {archive.when!r} is no choice of this card.")
    check_archives(str(card.path), card.archives, tuple(card.splits))
    if not card.splits:
        raise CardError(f"{card.path}: [splits.NAME] is missing; a card needs at least one split.")
    for variant in card.formats:
        # The base must be whole, and so must a variant that starts anew.
        if (not variant.option or "kind" in variant.changes) and not {"kind", "labels"} <= variant.changes.keys():
            raise CardError(f"{card.path}: [format] needs kind and labels.")
