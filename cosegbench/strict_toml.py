"""Reading TOML whose every key must be understood: a misspelt key fails with its name and the near ones."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from cosegbench.errors import CardError


class Table:
    """One TOML table while it is read: each getter takes a key away, and :meth:`finish` refuses what is left.

    Args:
        values: the parsed table; it is copied.
        where: how messages name it, for instance ``"voc20.toml [layout]"``.
    """

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self.where = where
        self._left = dict(values)
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def left(self) -> tuple[str, ...]:
        """The keys that have not been read yet, in the file's order."""
        return tuple(self._left)

    def text(self, key: str, default: str | None = None, *, choices: Sequence[str] = ()) -> str:
        """A text; where ``choices`` are given, one of them.

        Raises:
            CardError: absent without a default, of another type, or not one of the choices.
        """
        value = self._take(key, str, default)
        if choices and value not in choices:
            near = _near(value, choices)
            raise CardError(f"{self.where}: {key} = {value!r} is not one of {', '.join(choices)}{near}")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        self.know(key)
        return self.text(key) if key in self else None

    def optional_integer(self, key: str) -> int | None:
        """A whole number, or None where the key is absent."""
        self.know(key)
        return int(self._take(key, int)) if key in self else None

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        return int(self._take(key, int, default))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; absent is empty."""
        return tuple(self._list(key, (str,)))

    def ids(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers and of ranges such as ``"91-181"`` (both ends included), as sorted numbers."""
        found: set[int] = set()
        for item in self._list(key, (int, str)):
            if isinstance(item, int):
                found.add(item)
                continue
            low, dash, high = item.partition("-")
            if not (dash and low.strip().isdigit() and high.strip().isdigit() and int(low) <= int(high) <= 65535):
                raise CardError(f'{self.where}: {key} holds {item!r}; write a number or a range such as "91-181".')
            found.update(range(int(low), int(high) + 1))
        if found and not 0 <= min(found) <= max(found) <= 65535:
            raise CardError(f"{self.where}: {key} holds a value outside 0..65535.")
        return tuple(sorted(found))

    def table(self, key: str) -> Table:
        """A sub-table; absent is empty."""
        return Table(self._take(key, dict, {}), f"{self.where.rstrip(']')}{'.' if '[' in self.where else ' ['}{key}]")

    def tables(self, key: str) -> list[Table]:
        """A list of tables (``[[key]]``); absent is empty."""
        return [Table(item, f"{self.where} [[{key}]] {i}") for i, item in enumerate(self._list(key, (dict,)), 1)]

    def know(self, key: str) -> None:
        """Count ``key`` among those that could have stood here, for the message of :meth:`finish`."""
        self._known.add(key)

    def finish(self) -> None:
        """Refuse keys that nobody asked for.

        Raises:
            CardError: names each unknown key and the near names.
        """
        if self._left:
            words = [f"{key!r}{_near(key, self._known)}" for key in self._left]
            raise CardError(f"{self.where}: unknown {', '.join(words)} Known here: {', '.join(sorted(self._known))}.")

    def _take(self, key: str, kind: type, default: Any = None) -> Any:
        self._known.add(key)
        if key not in self._left:
            if default is None:
                written = difflib.get_close_matches(key, self._left, n=1)
                hint = f" Is {written[0]!r} meant for it?" if written else ""
                raise CardError(f"{self.where}: {key} is missing.{hint}")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CardError(f"{self.where}: {key} must be a {_WORDS[kind]}, got {value!r}.")
        return value

    def _list(self, key: str, kinds: tuple[type, ...]) -> list[Any]:
        self._known.add(key)
        value = self._left.pop(key, [])
        if not isinstance(value, list) or any(not isinstance(item, kinds) or isinstance(item, bool) for item in value):
            raise CardError(
                f"{self.where}: {key} must be a list of {' or '.join(_WORDS[k] for k in kinds)}s, got {value!r}."
            )
        return value


_WORDS: dict[type, str] = {str: "text", int: "whole number", dict: "table"}


def read_toml(path: Path) -> Table:
    """Parse a TOML file.

    Raises:
        CardError: the file cannot be read or is not TOML.
    """
    try:
        return Table(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError as error:
        raise CardError(f"{path}: cannot be read as a card: there is no such file.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CardError(f"{path}: cannot be read as a card: {error}.") from error


def relative_path(table: Table, key: str, path: str) -> str:
    """``path``, where it lies below the data root: neither absolute nor climbing out of it.

    Raises:
        CardError: it does not; names the key.
    """
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or not path.isprintable():
        raise CardError(f"{table.where}: {key} = {path!r} must be a path below the data root, written with '/'.")
    return path


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else "."
