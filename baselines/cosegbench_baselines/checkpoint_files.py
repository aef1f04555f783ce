"""Which files make a published checkpoint: a configuration, one set of weights and a tokenizer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from cosegbench.errors import DataError

CONFIG = "config.json"
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Names of weights, in the order in which they are looked for; an index names the parts of weights in several files."""
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
"""Either set of files is a whole tokenizer."""
EXTRAS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "preprocessor_config.json")


def missing_files(names: Iterable[str]) -> str:
    """Which part of a checkpoint is not among ``names``, in words; empty where it is whole."""
    there = set(names)
    if CONFIG not in there:
        return CONFIG
    if not there & set(WEIGHTS):
        return f"weights ({WEIGHTS[0]} or {WEIGHTS[2]}) beside its {CONFIG}"
    if not any(there.issuperset(files) for files in TOKENIZERS):
        return "tokenizer (tokenizer.json, or vocab.json and merges.txt)"
    return ""


def missing_in(folder: Path) -> str:
    """Which part of a checkpoint a folder lacks, in words; empty where it is whole. A link to nothing is no file.

    Raises:
        DataError: an index of weights cannot be read.
    """
    there = {path.name for path in folder.iterdir() if path.is_file()}
    lacking = missing_files(there)
    if lacking:
        return lacking
    weights = _first_weights(there)
    parts = _parts(folder / weights) if weights.endswith(".index.json") else []
    return next((f"{part}, which {weights} names" for part in parts if part not in there), "")


def _first_weights(there: Iterable[str]) -> str:
    return next(name for name in WEIGHTS if name in there)


def _parts(index: Path) -> list[str]:
    """The weight files that an index names.

    Raises:
        DataError: it is no index.
    """
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{index}: expected a JSON object with weight_map ({error}). Fetch it again.") from error


def chosen_files(names: Iterable[str], fetch: Callable[[str], Path]) -> list[str]:
    """Which of a repository's files are needed: one set of weights, not the same weights for other libraries."""
    there = set(names)
    weights = _first_weights(there)
    wanted = [CONFIG, weights]
    if weights.endswith(".index.json"):
        wanted += _parts(fetch(weights))
    wanted += [name for files in TOKENIZERS for name in files if name in there]
    return [*wanted, *(name for name in EXTRAS if name in there)]
