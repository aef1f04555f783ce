"""Everything that lies in a folder of probe results, as one Markdown text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosegbench.probes.coexistence_words import coexistence_text
from cosegbench.probes.cooccurrence_words import cooccurrence_text
from cosegbench.probes.result import ProbeResult
from cosegbench.probes.vocabulary_words import vocabulary_text

_TITLES = {
    "coexistence": "Coexistence: segments in other surroundings",
    "cooccurrence": "Co-occurrence: which classes are found together",
    "vocabulary": "Vocabulary: other names, sentences and candidates",
}

_HEAD = (
    "# Probes\n\nPrinted by `cosegbench probe table`; `docs/probes.md` defines every figure. In brackets: 95% interval "
    "over images. `*`: the interval of a difference does not hold 0."
)


def report_text(results: Sequence[ProbeResult], folder: Path) -> str:
    """A section a probe.

    Args:
        results: of any probes.
        folder: in which they lie.

    Raises:
        RecordError, EvidenceError: evidence beside a result is absent or damaged.
    """
    parts = [_HEAD]
    for probe, title in _TITLES.items():
        held = [result for result in results if result.probe == probe]
        if held:
            parts += [f"## {title}", _text(probe, held, folder)]
    return "\n\n".join(parts)


def _text(probe: str, results: Sequence[ProbeResult], folder: Path) -> str:
    if probe == "vocabulary":
        return vocabulary_text(results, folder)
    return coexistence_text(results) if probe == "coexistence" else cooccurrence_text(results)
