"""Names inside an archive: which of them are safe, and which are needed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosegbench.errors import DataError

Ids = Mapping[str, Collection[str] | None]
"""Split -> its image ids, or None where any name may be an id."""

_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_PART, _LONGEST = 255, 1024


def safe_name(name: str) -> str:
    """A member's name as a path below the folder that it is unpacked to, ``.`` for that folder itself.

    Raises:
        DataError: it is absolute, climbs out, or is no name that all systems understand alike.
    """
    # What a file system or a later tool may take for a dot or a slash counts as one.
    for form in (name, unicodedata.normalize("NFKC", name)):
        parts = PurePosixPath(form).parts
        if form.startswith("/") or ".." in parts or "\\" in form or _DRIVE.match(form):
            raise DataError(f"its member {_shown(name)} points out of the folder that it is unpacked to.")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in name):
        raise DataError(f"its member {_shown(name)} has a character that no file name needs.")
    parts = PurePosixPath(name).parts
    if not name or len(name) > _LONGEST or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise DataError(f"its member {_shown(name)} has an empty or too long name.")
    return str(PurePosixPath(name))


def same_place(name: str) -> str:
    """Equal for names that some file system takes for one: other case, other form of the same letters."""
    return unicodedata.normalize("NFKC", name).casefold()


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a card for one split.

    Args:
        regex: matches a member's whole name; its group ``id`` is the image id, where the pattern has one.
        ids: the ids that are needed; None: every one.
    """

    regex: re.Pattern[str]
    ids: frozenset[str] | None

    def wants(self, name: str) -> bool:
        """Whether a member of this name is needed."""
        found = self.regex.fullmatch(name)
        return found is not None and (self.ids is None or found["id"] in self.ids)


def rules(patterns: Iterable[str], ids: Ids) -> list[Rule]:
    """What the patterns of a card (see :class:`~cosegbench.archive_cards.ArchiveCard`) mean for these splits."""
    found = []
    for pattern in patterns:
        for split in ids:
            regex = _regex(pattern.replace("{split}", split))
            chosen = ids[split] if "id" in regex.groupindex else None
            found.append(Rule(regex, None if chosen is None else frozenset(chosen)))
    return found


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*|\{id\})", str(PurePosixPath(pattern)))
    return re.compile("".join({"*": "[^/]*", "{id}": "(?P<id>[^/]+)"}.get(part, re.escape(part)) for part in parts))
