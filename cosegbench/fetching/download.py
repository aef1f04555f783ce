"""A downloader for pooch that goes on where a broken download stopped.

Pooch downloads to a temporary file, compares the hash and moves the file to its place. It begins anew after every
break, and these archives have up to 19 GB, so this class keeps what has arrived in ``NAME.part``. Beside it
``NAME.part.json`` says from which address it came, and by which validator (RFC 9110, section 8.8) the server knows that
version.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench import __version__
from cosegbench.fetching.progress import Progress
from cosegbench.fetching.space import size_text
from cosegbench.files import write_text

if TYPE_CHECKING:
    import requests

_CHUNK = 1 << 18
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request may succeed."""


class SourceError(Exception):
    """This address does not give the file; another one may."""


class _BrokenError(Exception):
    """The connection or the server failed in a way that may pass."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    Args:
        attempts: that bring nothing new, one after another, before an address is given up.
        pause: seconds before the second of them; it doubles.
        timeout: seconds to connect, and without any byte.
    """

    attempts: int = 6
    pause: float = 1.0
    timeout: tuple[float, float] = (20.0, 60.0)


class ResumingDownloader:
    """Called by pooch as ``downloader(url, output_file, pooch)``.

    Args:
        part: where an unfinished download is kept.
        exact: the size that the file must have, or None.
        most: the size that it may have at most, or None.
        hashed: whether its hash will be compared afterwards, so that bytes of unknown origin do no harm.
        progress: is told how it goes.
        room: called with the bytes still to come before the first of them; raises where there is no room.
        patience: how long to try.
    """

    def __init__(
        self,
        part: Path,
        *,
        exact: int | None,
        most: int | None,
        hashed: bool,
        progress: Progress,
        room: Callable[[int], None],
        patience: Patience,
    ) -> None:
        self._part, self._note = part, part.with_name(f"{part.name}.json")
        self._exact, self._most, self._hashed = exact, most, hashed
        self._progress, self._room, self._patience = progress, room, patience
        self.resumed = False
        """Whether anything of an earlier download was used."""

        self.plain = False
        """Whether it came, or was redirected, over a connection that anybody on the way could change."""

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        """Download ``url`` to the path ``output_file``; what has arrived survives every failure.

        Raises:
            SourceError: this address does not give the file.
            WorkError: there is no room for it.
            OSError: it cannot be written.
        """
        import requests

        self.resumed, fruitless, furthest = False, 0, self._size()
        with requests.Session() as session:
            session.max_redirects = 10
            while True:
                try:
                    self._attempt(session, url)
                    break
                except _BrokenError as error:
                    # Further than ever before: a server may well give the same first half again and again.
                    fruitless = 0 if self._size() > furthest else fruitless + 1
                    furthest = max(furthest, self._size())
                    if fruitless >= self._patience.attempts:
                        raise SourceError(f"{error}, {fruitless} times") from error
                    self._progress.remark(f"{error}; trying again, {size_text(self._size())} are there")
                    time.sleep(self._patience.pause * 2 ** max(fruitless - 1, 0))
        self._part.replace(output_file)
        self._note.unlink(missing_ok=True)

    def _attempt(self, session: requests.Session, url: str) -> None:
        """One request; returns when the file is whole."""
        import requests

        start, headers = self._resume(url)
        try:
            with session.get(url, headers=headers, stream=True, timeout=self._patience.timeout) as response:
                self.plain = any(each.url.startswith("http:") for each in (*response.history, response))
                total = self._answered(response, url, start)
                if total is not None and self._size() == total > 0:
                    return
                self._receive(response, total)
        except requests.TooManyRedirects as error:
            raise SourceError("it redirects without end") from error
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise _BrokenError(f"the connection failed ({_reason(error)})") from error
        except requests.RequestException as error:
            raise SourceError(f"it cannot be asked ({_reason(error)})") from error

    def _resume(self, url: str) -> tuple[int, dict[str, str]]:
        """Where to go on, and the headers that ask for it."""
        headers = {"User-Agent": f"cosegbench/{__version__}", "Accept-Encoding": "identity"}
        note, size = self._read_note(), self._size()
        validator = note.get("validator") if note.get("url") == url else None
        # Without a validator the rest might be another file's: only a hash would show it.
        if size == 0 or not (validator or self._hashed):
            return 0, headers
        headers["Range"] = f"bytes={size}-"
        if validator:
            headers["If-Range"] = validator
        return size, headers

    def _answered(self, response: requests.Response, url: str, start: int) -> int | None:
        """Judge an answer's head and prepare the part file for its bytes; the whole file's size, or None."""
        status = response.status_code
        if status in _PASSING:
            raise _BrokenError(f"the server answered {status}")
        if status == 416 and start:
            total = _range_total(response)
            if total == start:
                return total
            self._discard()
            raise _BrokenError("the server has another file than before")
        if status not in (200, 206):
            raise SourceError(f"the server answered {status}")
        total = _total(response)
        if status == 206 and not self._continues(response, url, start):
            self._discard()
            raise _BrokenError("the server sent another part than was asked for")
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise SourceError("it sends a web page in place of the file")
        self._check_size(total, "offers")
        if status == 200:
            start = 0
            self._discard()
        self.resumed = self.resumed or start > 0
        if total is not None:
            self._room(total - start)
        self._part.touch()
        write_text(self._note, json.dumps({"url": url, "validator": _validator(response), "total": total}))
        self._progress.stop()
        self._progress.start(self._part.name.removesuffix(".part"), total, "B", start)
        return total

    def _continues(self, response: requests.Response, url: str, start: int) -> bool:
        """Whether a 206 begins where the part file ends, and belongs to the same version of the file."""
        note, begin = self._read_note(), _range_start(response)
        if begin is None or begin != start:
            return False
        if note.get("url") != url:
            return True  # another mirror, and the hash will tell
        same_total = note.get("total") in (None, _total(response))
        return same_total and note.get("validator") in (None, _validator(response))

    def _receive(self, response: requests.Response, total: int | None) -> None:
        """Append the body to the part file."""
        from urllib3.exceptions import HTTPError

        with self._part.open("ab") as stream:
            try:
                # Not `iter_content`: it would unpack what a server calls gzip, and the archives are gzip themselves.
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    stream.write(chunk)
                    self._progress.advance(len(chunk))
                    self._check_size(stream.tell(), "sends more than it should:", most=total)
            except (HTTPError, TimeoutError, ConnectionError) as error:
                raise _BrokenError(f"the connection broke off ({_reason(error)})") from error
            finally:
                stream.flush()
                os.fsync(stream.fileno())
        if total is not None and self._size() < total:
            raise _BrokenError(f"the connection ended at {self._size()} of {total} bytes")
        if self._exact is not None and self._size() != self._exact:
            raise _BrokenError(f"{self._size()} of {self._exact} bytes came")

    def _check_size(self, size: int | None, what: str, most: int | None = None) -> None:
        """Refuse a file that is not the one that the card describes."""
        if size is None:
            return
        limit = min((n for n in (self._exact, self._most, most) if n is not None), default=size)
        wrong = self._exact is not None and what == "offers" and size != self._exact
        if size > limit or wrong:
            self._discard()
            expected = f"{self._exact} bytes" if self._exact is not None else f"at most {limit} bytes"
            raise SourceError(f"it {what} {size} bytes, and {expected} were expected")

    def _size(self) -> int:
        try:
            return self._part.stat().st_size
        except FileNotFoundError:
            return 0

    def _read_note(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return note if isinstance(note, dict) else {}
        return {}

    def _discard(self) -> None:
        """Forget what has arrived."""
        self._part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _validator(response: requests.Response) -> str | None:
    """What names this version of the file: a strong entity tag, else the date of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _content_range(response: requests.Response) -> re.Match[str] | None:
    return re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", "").strip())


def _range_start(response: requests.Response) -> int | None:
    found = _content_range(response)
    return int(found[1]) if found and found[1] else None


def _range_total(response: requests.Response) -> int | None:
    found = _content_range(response)
    return int(found[2]) if found and found[2] != "*" else None


def _total(response: requests.Response) -> int | None:
    """The whole file's size as the server states it."""
    if response.status_code == 206:
        return _range_total(response)
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _reason(error: BaseException) -> str:
    """The innermost cause of a network error, in short."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return (str(error) or type(error).__name__)[:200]
