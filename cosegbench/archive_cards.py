"""The ``[[archives]]`` of a data set card: what its authors publish, and which of it a view needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from cosegbench.errors import CardError
from cosegbench.strict_toml import Table, relative_path

HASHES = {"sha256": 64, "sha1": 40, "md5": 32}
"""Hash -> its hexadecimal digits, the strongest first."""

_KINDS = {".zip": "zip", ".tar": "tar", ".tar.gz": "tar.gz", ".tgz": "tar.gz"}
_NOT_UNPACKED = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz")
_PART = re.compile(r"[A-Za-z0-9._~+@=,-]+")


@dataclass(frozen=True, slots=True)
class ArchiveCard:
    """A file that the data set's authors publish; absent facts are None, or empty.

    Args:
        url: its address.
        unpack_to: folder below the data root.
        bytes: its size, where that is known to the byte.
        md5: its published hash.
        sha1: its published hash.
        sha256: its published hash.
        note: for people.
        mirrors: further addresses of the same bytes, tried in this order after ``url``.
        members: patterns of what the views need of it, as they stand in it: ``*`` is anything but ``/``, ``{split}``
            a split, ``{id}`` an image id of that split. Empty: all of it.
        splits: the splits that need it; empty: all.
        when: ``"option=value"``: needed only under that choice; empty: always.
        about_bytes: its size, where that is known roughly.
        unpacked_limit: how many bytes its members may have at most; more is taken for an attack.
        licence: where it differs from the card's.
        by_hand: what a person has to do to be given it; empty: it can be downloaded.
    """

    url: str
    unpack_to: str
    bytes: int | None
    md5: str | None
    sha1: str | None
    sha256: str | None
    note: str
    mirrors: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    when: str = ""
    about_bytes: int | None = None
    unpacked_limit: int | None = None
    licence: str = ""
    by_hand: str = ""

    @property
    def name(self) -> str:
        """Its file name."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def kind(self) -> str:
        """How it is unpacked: ``"zip"``, ``"tar"``, ``"tar.gz"``, or ``"file"`` for what is used as it is."""
        return next((kind for ending, kind in _KINDS.items() if self.name.lower().endswith(ending)), "file")

    @property
    def known_hash(self) -> str | None:
        """The strongest published hash as ``"sha256:..."``, or None."""
        return next((f"{name}:{digest}" for name in HASHES if (digest := getattr(self, name))), None)

    @property
    def size(self) -> int | None:
        """Its size in bytes, exactly or roughly, or None."""
        return self.bytes if self.bytes is not None else self.about_bytes

    def needed(self, splits: tuple[str, ...], chosen: Mapping[str, str]) -> bool:
        """Whether any of these splits needs it under these conventions."""
        option, _, value = self.when.partition("=")
        return (not self.splits or bool(set(splits) & set(self.splits))) and (
            not self.when or chosen.get(option) == value
        )


def read_archive(table: Table) -> ArchiveCard:
    """One ``[[archives]]`` table.

    Raises:
        CardError: a key or value that is not understood.
    """
    archive = ArchiveCard(
        url=_address(table, table.text("url")),
        unpack_to=relative_path(table, "unpack_to", table.text("unpack_to", ".")),
        bytes=_count(table, "bytes"),
        md5=_hash(table, "md5"),
        sha1=_hash(table, "sha1"),
        sha256=_hash(table, "sha256"),
        note=table.text("note", ""),
        mirrors=tuple(_address(table, url) for url in table.texts("mirrors")),
        members=tuple(_member(table, pattern) for pattern in table.texts("members")),
        splits=table.texts("splits"),
        when=table.text("when", ""),
        about_bytes=_count(table, "about_bytes"),
        unpacked_limit=_count(table, "unpacked_limit"),
        licence=table.text("licence", ""),
        by_hand=table.text("by_hand", ""),
    )
    table.finish()
    _check(table.where, archive)
    return archive


def check_archives(where: str, archives: tuple[ArchiveCard, ...], splits: tuple[str, ...]) -> None:
    """What only the whole card can show.

    Raises:
        CardError: an address twice, or a split that the card does not have.
    """
    for number, archive in enumerate(archives, 1):
        if archive.url in [other.url for other in archives[: number - 1]]:
            raise CardError(f"{where} [[archives]] {number}: url = {archive.url!r} stands there twice.")
        if strange := set(archive.splits).difference(splits):
            raise CardError(
                f"{where} [[archives]] {number}: splits names {sorted(strange)}; the card has {', '.join(splits)}."
            )


def _check(where: str, archive: ArchiveCard) -> None:
    if archive.bytes is not None and archive.about_bytes is not None:
        raise CardError(f"{where}: bytes and about_bytes exclude each other.")
    if archive.kind == "file" and archive.name.lower().endswith(_NOT_UNPACKED):
        known = ", ".join(_KINDS)
        raise CardError(f"{where}: {archive.name} cannot be unpacked; known are {known}, and plain files.")
    if archive.kind == "file" and archive.members:
        raise CardError(f"{where}: {archive.name} is not unpacked, so it has no members.")


def _address(table: Table, url: str) -> str:
    """An address whose path can also name a file below the folder of downloads."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CardError(f"{table.where}: {url!r} is no address: {error}.") from error
    host = parts.hostname or ""
    segments = unquote(parts.path).split("/")[1:]
    plain = all(_PART.fullmatch(part) and part not in (".", "..") for part in segments)
    if (
        parts.scheme not in ("http", "https")
        or not _PART.fullmatch(host)
        or not (segments and plain)
        or any((parts.username, parts.password, parts.query, parts.fragment, port == 0))
    ):
        raise CardError(
            f"{table.where}: {url!r} must be http:// or https://, a host and the path of one file, "
            "without user name, query and spaces."
        )
    return url


def _hash(table: Table, key: str) -> str | None:
    digest = table.optional_text(key)
    if digest is not None and not re.fullmatch(f"[0-9a-f]{{{HASHES[key]}}}", digest):
        raise CardError(f"{table.where}: {key} = {digest!r} must be {HASHES[key]} digits of 0-9 and a-f.")
    return digest


def _count(table: Table, key: str) -> int | None:
    number = table.optional_integer(key)
    if number is not None and number < 1:
        raise CardError(f"{table.where}: {key} = {number} must be 1 or more.")
    return number


def _member(table: Table, pattern: str) -> str:
    relative_path(table, "members", pattern)
    bare = pattern.replace("{split}", "")
    folder, _, name = bare.rpartition("/")
    if not name or "{" in folder or any(brace in name.replace("{id}", "", 1) for brace in "{}"):
        raise CardError(
            f"{table.where}: members holds {pattern!r}; it must name files, with {{id}} at most once and in the file "
            "name; {split} may stand anywhere."
        )
    return pattern
