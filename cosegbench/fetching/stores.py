"""The two small JSON files beside the data: hashes pinned on first use, and licences that were accepted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cosegbench.errors import DataError
from cosegbench.fetching.places import fetch_folder
from cosegbench.files import text_digest, write_text

_VERSION = 1


class Pins:
    """What was fetched from an address that publishes no hash, so that another file is noticed later.

    Args:
        root: the data root.
    """

    def __init__(self, root: Path) -> None:
        self.path = fetch_folder(root) / "pins.json"

    def get(self, url: str) -> str | None:
        """The SHA-256 of what this address gave first, as ``"sha256:..."``, or None.

        Raises:
            DataError: the file is damaged.
        """
        pin = _read(self.path).get(url)
        digest = pin.get("sha256") if isinstance(pin, dict) else None
        if pin is not None and not (isinstance(digest, str) and len(digest) == 64):
            raise DataError(f"{self.path}: the entry of {url} has no SHA-256. Remove the entry to pin anew.")
        return f"sha256:{digest}" if digest else None

    def put(self, url: str, sha256: str, size: int, source: str) -> None:
        """Remember what an address gave; ``source`` is the address or mirror that answered."""
        _add(self.path, {url: {"sha256": sha256, "bytes": size, "from": source}})


class Licences:
    """Which licence texts were shown and accepted; a text that changed is shown again.

    Args:
        root: the data root.
    """

    def __init__(self, root: Path) -> None:
        self.path = fetch_folder(root) / "licences.json"

    def new(self, texts: Iterable[str]) -> list[str]:
        """Those that nobody has accepted yet, each once.

        Raises:
            DataError: the file is damaged.
        """
        known = _read(self.path)
        return [text for text in dict.fromkeys(texts) if text_digest(text) not in known]

    def accept(self, texts: Iterable[str]) -> None:
        """Remember that these were accepted."""
        _add(self.path, {text_digest(text): text for text in texts})


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read: {error}. Remove it to begin anew.") from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise DataError(f"{path}: is no file of version {_VERSION}. Remove it to begin anew.")
    entries = content.get("entries")
    if not isinstance(entries, dict):
        raise DataError(f"{path}: has no entries. Remove it to begin anew.")
    return entries


def _add(path: Path, entries: Mapping[str, Any]) -> None:
    content = {"version": _VERSION, "entries": {**_read(path), **entries}}
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
