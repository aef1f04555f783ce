"""Records: one JSON file a (predictor, data set, protocol family), the evidence beside it.

``results/<predictor id>/<data set>.<family>.json`` and ``.evidence.npz``. ``schema_version`` stands first. Files are
written whole or not at all; a newer schema is refused, older ones stay readable.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cosegbench.errors import RecordError, RequestError
from cosegbench.files import file_digest, write_text
from cosegbench.records.codec import decode, encode
from cosegbench.records.schema import (
    SCHEMA_VERSION,
    DatasetInfo,
    Environment,
    EvidenceInfo,
    ExecutionInfo,
    PredictorInfo,
    ProtocolHalf,
    Record,
    ScoreInfo,
    Timing,
)

__all__ = [
    "SCHEMA_VERSION",
    "DatasetInfo",
    "Environment",
    "EvidenceInfo",
    "ExecutionInfo",
    "PredictorInfo",
    "ProtocolHalf",
    "Record",
    "ScoreInfo",
    "Timing",
    "check_evidence",
    "check_name",
    "evidence_file",
    "evidence_path",
    "list_records",
    "parse_record",
    "read_record",
    "record_path",
    "write_record",
]


_NAME = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,99}")


def check_name(name: str, what: str) -> None:
    """Refuse a name that cannot be a folder of its own inside the results folder.

    Raises:
        RequestError: empty, longer than 100 characters, begins with a dot, or holds a slash or a control character.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            f"{what} {name!r:.60} cannot name a folder of results: use 1 to 100 characters without slashes and control "
            "characters, and no dot at the beginning."
        )


def record_path(results: Path, predictor: str, dataset: str, family: str) -> Path:
    """Where a record lies; its evidence and, while it runs, its journal lie beside it.

    Raises:
        RequestError: a name that would lead out of its folder.
    """
    check_name(predictor, "the name")
    check_name(dataset, "the data set's id")
    return results / predictor / f"{dataset}.{family}.json"


def evidence_path(record: Path) -> Path:
    """Where the evidence of a record lies."""
    return record.with_name(record.name.removesuffix(".json") + ".evidence.npz")


def write_record(path: Path, record: Record) -> None:
    """Write a record atomically.

    Raises:
        RecordError: it holds a value that JSON cannot, or the file cannot be written.
    """
    text = json.dumps(encode(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        write_text(path, text)
    except OSError as error:
        raise RecordError(f"record {path} cannot be written: {error}.") from error


def read_record(path: Path) -> Record:
    """Read and check a record; absent figures are None.

    Raises:
        RecordError: no JSON, a newer schema, a missing or unknown key, or a value of another type; names file and key.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"record {path} cannot be read: {error}.") from error
    return parse_record(values, str(path))


def parse_record(values: Any, where: str) -> Record:
    """As :func:`read_record`, from values that JSON gave.

    Raises:
        RecordError: as :func:`read_record`.
    """
    version = values.get("schema_version") if isinstance(values, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise RecordError(f"{where} is not a record: it has no schema_version.")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{where} has schema version {version}; this cosegbench reads up to {SCHEMA_VERSION}. Install a newer one."
        )
    try:
        record: Record = decode(Record, values)
    except RecordError as error:
        raise RecordError(f"{where}: {error}") from error
    return record


def list_records(results: Path) -> list[Path]:
    """Paths of the records under a results folder, sorted; opens none of them.

    Raises:
        RecordError: the folder does not exist.
    """
    if not results.is_dir():
        raise RecordError(
            f"results folder {results} does not exist. Write records with `cosegbench run --results {results}`."
        )
    return sorted(path for path in results.glob("*/*.json") if not path.name.startswith("."))


def evidence_file(path: Path, record: Record) -> Path | None:
    """Where the evidence that a record speaks of lies, in the record's own folder; None where it kept none."""
    # Only the last part of the name: a record is read, not trusted to point anywhere else.
    return None if record.evidence is None else path.parent / Path(record.evidence.file).name


def check_evidence(path: Path, record: Record) -> Path:
    """The path of a record's evidence, after comparing its SHA-256.

    Raises:
        RecordError: it is absent or not the file that the record speaks of.
    """
    file = evidence_file(path, record)
    if file is None or record.evidence is None:
        raise RecordError(f"record {path} kept no evidence.")
    if not file.is_file():
        raise RecordError(f"evidence {file} of record {path.name} is missing. Run again with --fresh.")
    if file_digest(file) != record.evidence.sha256:
        raise RecordError(
            f"evidence {file} is not the file that record {path.name} was written with. Run again with --fresh."
        )
    return file


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; an absent figure is null")
