"""The errors that the toolkit raises on purpose.

Every message says what is wrong, where (file, image id, value, range) and what to do next. The command line turns a
:class:`RequestError` into exit code 2 and a :class:`WorkError` into exit code 1; neither ever shows a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class CosegbenchError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class RequestError(CosegbenchError):
    """The user asked for something that cannot be done as asked (exit code 2)."""

    exit_code = 2


class WorkError(CosegbenchError):
    """The request was sound and the work failed (exit code 1)."""


class UnknownNameError(RequestError):
    """A name that is not registered; the message lists the near ones.

    Args:
        kind: what was looked for, and of what it is, for instance ``"predictor"`` or ``"split of data set voc20"``.
        name: the name that was given.
        known: every name that would have been understood.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        super().__init__(_unknown_name_text(kind, name, self.known, hint))


class CardError(RequestError):
    """A data set card that cannot be used."""


class MissingDataError(RequestError):
    """Data that is not where it was looked for: names the path, what was expected there and what mends it."""


class MissingWeightsError(RequestError):
    """Weights that were not found or never published."""


class ProtocolError(RequestError):
    """A protocol that cannot be applied to this evidence or these predictions."""


class PluginError(RequestError):
    """A plug-in that was asked for and cannot be imported."""


class PredictorError(WorkError):
    """A predictor returned something that breaks the contract; names the image, what came and what was expected."""


class LabelError(WorkError):
    """A label map with a value, a size or a type that it must not have."""


class DataError(WorkError):
    """Data files that are present and wrong; ``problems`` lists all of them, one line each."""

    def __init__(self, summary: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([summary, *(f"  - {problem}" for problem in self.problems)]))


class EvidenceError(WorkError):
    """Evidence that contradicts itself, for instance one image id with two different counts."""


class RecordError(WorkError):
    """A record or journal file that cannot be read or written."""


def _unknown_name_text(kind: str, name: str, known: Sequence[str], hint: str) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    what, of, whole = kind.partition(" of ")
    text = f"unknown {what} {name!r}{of}{whole}."
    if near:
        text += f" Did you mean {' or '.join(repr(n) for n in near)}?"
    text += f" Known: {', '.join(known) if known else 'none'}."
    return f"{text} {hint}".rstrip()
