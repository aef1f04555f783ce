"""What a probe writes: one JSON file a (probe, data set, predictor), with a schema of its own.

``DIR/<probe>/<data set>.<predictor>.json``. A folder deeper than records lie, so that no table ever finds one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosegbench.errors import RecordError, RequestError
from cosegbench.files import text_digest, write_text
from cosegbench.records import DatasetInfo, Environment, EvidenceInfo, ExecutionInfo, PredictorInfo, Timing, check_name
from cosegbench.records.codec import decode, encode

SCHEMA_VERSION = 1
"""Version that this cosegbench writes. Older versions are read; a newer one is refused."""

PROBES = ("coexistence", "cooccurrence", "vocabulary")

DEFAULT_FOLDER = Path("results/probes")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of one predictor on one data set.

    Args:
        schema_version: of this file.
        probe: one of :data:`PROBES`.
        predictor: who; as a record says it.
        dataset: on what; as a record says it.
        definition: every parameter and what the figures mean, in words.
        definition_digest: SHA-256 over it; two results compare only where these agree.
        figures: what was found, with intervals; percentages unless their name says otherwise, absent figures null.
        counts: the integers that the figures were made of, in columns.
        source: the record that it was made from, where no inference was done.
        evidence: counts beside the file, where they are kept.
        execution: how it was computed; null where no inference was done and the record does not say.
        environment: with which versions.
        timing: null where nothing was timed.
    """

    schema_version: int
    probe: str
    predictor: PredictorInfo
    dataset: DatasetInfo
    definition: Mapping[str, Any]
    definition_digest: str
    figures: Mapping[str, Any]
    counts: Mapping[str, Any]
    execution: ExecutionInfo | None
    environment: Environment
    timing: Timing | None = None
    evidence: EvidenceInfo | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


def definition_digest(definition: Mapping[str, Any]) -> str:
    """SHA-256 over a definition; equal definitions, equal digest."""
    return text_digest(json.dumps(encode(definition), sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def result_path(folder: Path, probe: str, dataset: str, predictor: str) -> Path:
    """Where a result lies.

    Raises:
        RequestError: a name that would lead out of its folder.
    """
    check_name(predictor, "the name")
    check_name(dataset, "the data set's id")
    return folder / probe / f"{dataset}.{predictor}.json"


def write_result(path: Path, result: ProbeResult) -> None:
    """Write a result atomically, one line a part, so that columns of counts stay on theirs.

    Raises:
        RecordError: it holds a value that JSON cannot, or the file cannot be written.
    """
    parts = encode(result, "result")
    lines = [
        f"{json.dumps(key)}: {json.dumps(part, ensure_ascii=False, allow_nan=False)}" for key, part in parts.items()
    ]
    try:
        write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")
    except OSError as error:
        raise RecordError(f"probe result {path} cannot be written: {error}.") from error


def read_result(path: Path) -> ProbeResult:
    """Read and check a result.

    Raises:
        RecordError: no JSON, no probe's result, a newer schema, or a value of another type; names file and key.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"probe result {path} cannot be read: {error}.") from error
    version = values.get("schema_version") if isinstance(values, dict) and "probe" in values else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise RecordError(f"{path} is no probe's result: it lacks schema_version or probe.")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{path} has schema version {version}; this cosegbench reads up to {SCHEMA_VERSION}. Install a newer one."
        )
    try:
        result: ProbeResult = decode(ProbeResult, values, "result")
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error
    return result


def list_results(folder: Path, probe: str) -> list[Path]:
    """Paths of one probe's results under a folder, sorted.

    Raises:
        RequestError: the folder does not exist.
    """
    if not folder.is_dir():
        raise RequestError(f"folder {folder} does not exist. Make results with: cosegbench probe --help")
    return sorted(path for path in (folder / probe).glob("*.json") if not path.name.startswith("."))
