"""What kept evidence can still answer: a record's family as it is today, and why another protocol needs a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cosegbench.errors import ProtocolError, RecordError
from cosegbench.evidence import Evidence
from cosegbench.protocols import Input, Protocol, Replay, family_protocols, input_label
from cosegbench.records import PredictorInfo, Record, check_evidence
from cosegbench.registry import PREDICTORS
from cosegbench.running.families import Family
from cosegbench.running.finish import EXTERNAL

_PASS = {
    "evaluation": ("view", "view_options", "resolution"),
    "method": ("text", "geometry", "window", "reduction", "assignment"),
}
"""The fields of each half that decide what is shown and counted; the others only say how counts are averaged."""


def column_of(record: Record) -> str:
    """Id of the table's column."""
    return record.dataset.column or record.dataset.id


def row_of(path: Path, record: Record) -> str:
    """The record's results folder, and the input where it is not the default: ``"mine, crop"``."""
    label = next((text for score in record.scores.values() if (text := input_label(score.method.fields))), "")
    return f"{path.parent.name}, {label}" if label else path.parent.name


def load_evidence(path: Path, record: Record) -> Evidence:
    """The counts that a record was made of.

    Raises:
        RecordError: they are absent, another file's, or not of the record's images and classes.
        EvidenceError: the file is damaged.
    """
    evidence = Evidence.load(check_evidence(path, record))
    if (len(evidence), evidence.num_classes) != (record.dataset.images, len(record.dataset.classes)):
        raise RecordError(
            f"record {path} speaks of {record.dataset.images} images and {len(record.dataset.classes)} classes, its "
            f"evidence of {len(evidence)} and {evidence.num_classes}. Run again with --fresh."
        )
    return evidence


def family_today(path: Path, record: Record) -> Family:
    """A record's family as it is defined today.

    Raises:
        RecordError: there is no such family today, or it shows the predictor something else or makes other labels of
            its masks; says what differs.
    """
    column = column_of(record)
    try:
        of_pass, replay = Replay.of_family(record.family)
        shown = Input.of_family(of_pass)
    except ProtocolError as error:
        raise RecordError(f"record {path} is of family {record.family!r}: {error}") from error
    named = family_protocols(of_pass, entry_id(record), column, shown)
    protocols = {each.name: each for each in named} if replay is None else replay.protocols(named)
    changes = [] if protocols else [f"no protocol of today is of family {record.family!r}"]
    for name, score in record.scores.items():
        if name in protocols and record.kind != "score":
            stored = {"evaluation": score.evaluation.fields, "method": score.method.fields}
            changes += _differences(stored, _halves(protocols[name]))
    if changes:
        raise RecordError(
            f"record {path} was made by another definition of its family than today's, so its evidence answers nothing "
            f"of today: {', '.join(dict.fromkeys(changes))}. Run again with --fresh."
        )
    return Family(record.family, protocols, (), column)


def entry_id(record: Record) -> str:
    """The predictor's own id, which a protocol's settings by predictor go by; a row may bear another name."""
    return EXTERNAL if record.kind == "score" else entry_of(record.predictor)


def entry_of(predictor: PredictorInfo) -> str:
    """As :func:`entry_id`, of a predictor that ran here."""
    names = [plugin.name for plugin in PREDICTORS.plugins() if plugin.target == predictor.target]
    if predictor.id in names:
        return predictor.id
    return names[0] if names else predictor.target


def why_not(evidence: Evidence, family: Family, protocol: Protocol, predictor: str) -> str:
    """Why evidence of a family does not answer a protocol, in words."""
    if protocol.rule.parameters:
        return f"it needs {', '.join(protocol.rule.parameters)} beside the evidence; `table --measures` uses one"
    if protocol.name in family.protocols:
        try:
            family.protocols[protocol.name].score(evidence)
        except ProtocolError as error:
            return str(error)
    shown = Input.of_family(family.name)
    own, other = next(iter(family.protocols.values())), protocol.for_cell(predictor, family.column).with_input(shown)
    return f"it needs another pass than {family.name}: {', '.join(_differences(_halves(own), _halves(other)))}"


def pass_differences(method: Mapping[str, Any], protocol: Protocol) -> list[str]:
    """What a protocol shows a predictor otherwise than a pass of that method half, as ``name (second, not first)``.

    How masks become labels is left out: it comes after the pass.
    """
    names = [name for name in _PASS["method"] if name != "assignment"]
    return [line for name in names for line in _leaves(name, method.get(name), protocol.method.fields.get(name))]


def _halves(protocol: Protocol) -> dict[str, Mapping[str, Any]]:
    return {"evaluation": protocol.evaluation.fields, "method": protocol.method.fields}


def _differences(first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What of a pass two protocols do differently, field by field, as ``name (second, not first)``."""
    pairs = [(name, first[half].get(name), second[half].get(name)) for half, names in _PASS.items() for name in names]
    return [line for pair in pairs for line in _leaves(*pair)]


def _leaves(name: str, first: Any, second: Any) -> Iterator[str]:
    """Only what ``first`` states: a field that came later stands for what was the only way before."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in first:
            yield from _leaves(f"{name}.{key}", first[key], second.get(key))
    elif first is not None and first != second:
        yield f"{name} ({second!r}, not {first!r})"
