"""What a record holds: every key, its type, and what null means.

A figure that does not exist is null, never 0. Percentages are floats at full precision; rounding is for tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1
"""Version that this cosegbench writes. Older versions are read; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class PredictorInfo:
    """Which predictor, and how it was built.

    Args:
        id: name of the results folder and of the table's row.
        target: ``module:Class`` or ``file.py:Class``; ``external`` where only predictions were given.
        origin: distribution and version, or file, that brings it.
        given: arguments that the user set.
        arguments: every argument, defaults filled in.
        weights: what was loaded, as the user or the predictor's default names it; null where it has none.
        weights_digest: as the predictor states it; null where it states none.
        source_digest: SHA-256 of a file given by path, or over the Python files of the package that defines the class;
            null where that package is too large to read.
        tuned: whether it was tuned on this data set's labels.
        facts: whatever else its ``describe()`` says.
    """

    id: str
    target: str
    origin: str
    given: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    weights_digest: str | None = None
    source_digest: str | None = None
    tuned: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Which images, with which ground truth.

    Args:
        id: the view.
        split: for instance ``val``.
        world: ``real`` or ``miniature``.
        images: number of images scored.
        limit: the first so many images of the split were asked for; null means all.
        content_digest: over image ids and label files.
        image_list_digest: over the image ids in order.
        options: the card's conventions, chosen or defaulted.
        vocabulary: id of the vocabulary.
        vocabulary_digest: over names, native ids and background.
        classes: the K names in the order of their index.
        background: index of the background class, or null.
        column: id of the table's column; it differs from ``id`` where a protocol scores another view for it.
        images_digest: over the ids and bytes of the photographs; empty where none were read.
    """

    id: str
    split: str
    world: str
    images: int
    limit: int | None
    content_digest: str
    image_list_digest: str
    options: Mapping[str, str]
    vocabulary: str
    vocabulary_digest: str
    classes: tuple[str, ...]
    background: int | None
    column: str = ""
    images_digest: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolHalf:
    """One half of a protocol: its fields as plain values, and the digest over them."""

    digest: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreInfo:
    """What one protocol says about the evidence.

    Args:
        protocol: its name.
        kernel: name of the averaging rule.
        evaluation: the half that two figures of one column must share.
        method: the half that belongs to the row.
        miou: percent; null where the rule averages nothing.
        iou: (K,) percent by class; null where the rule prints none.
        averaged: (K,) whether the class is in the mean.
        extra: further figures of the rule, by name.
        remarks: what the protocol does differently for this predictor on this column, in words.
    """

    protocol: str
    kernel: str
    evaluation: ProtocolHalf
    method: ProtocolHalf
    miou: float | None
    iou: tuple[float | None, ...]
    averaged: tuple[bool, ...]
    extra: Mapping[str, float | None] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceInfo:
    """The integer counts beside the record.

    Args:
        file: name of the file, in the record's own folder.
        sha256: of that file.
        channels: the channels it fills, sorted.
    """

    file: str
    sha256: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """How it was computed; the bits depend on these.

    Args:
        batch_size: images a call of ``predict``; batches are fixed groups of the image list.
        threads: threads a process.
        device: as given to the predictor.
        seed: as given to the predictor and to the random generators.
        run_digest: over everything that may change a count.
        identity: what the run digest was taken over.
    """

    batch_size: int
    threads: int
    device: str
    seed: int
    run_digest: str
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Environment:
    """Versions.

    Args:
        versions: distribution -> version, of what was imported; ``python`` among them.
        platform: operating system and machine type; no host name.
        git_commit: of the cosegbench checkout; null where it is installed otherwise.
        git_dirty: whether a tracked file of that checkout had changed, or one was added to the folders of code and
            cards; null likewise. Other files that git does not track, results among them, do not count.
        command: the command line, the home folder written ``~``.
    """

    versions: Mapping[str, str]
    platform: str
    git_commit: str | None
    git_dirty: bool | None
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long inference took, over all sessions that it was spread over; never part of a table.

    Args:
        seconds: wall time of the batches, loading and scoring included; added up where processes shared them.
        predictor_seconds: of these, inside ``predict``; null where nothing was predicted.
        images_per_second: images by ``seconds``.
        sessions: number of starts that it took.
        processes: that shared the images, at the last start.
    """

    seconds: float
    predictor_seconds: float | None
    images_per_second: float | None
    sessions: int = 1
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One predictor on one data set under the protocols of one family.

    Args:
        schema_version: of this file.
        kind: ``run`` (inference here), ``score`` (label PNGs of another program) or ``replay`` (masks that a run
            saved).
        family: the protocols' family; they shared one pass.
        predictor: who.
        dataset: on what.
        scores: protocol name -> figures; every protocol of the family that the evidence allows.
        requested: the protocols that the user named.
        evidence: where the counts are; null where they were not kept.
        execution: how; null where nothing was predicted.
        environment: with which versions.
        timing: null where nothing was timed.
    """

    schema_version: int
    kind: str
    family: str
    predictor: PredictorInfo
    dataset: DatasetInfo
    scores: Mapping[str, ScoreInfo]
    requested: tuple[str, ...]
    evidence: EvidenceInfo | None
    execution: ExecutionInfo | None
    environment: Environment
    timing: Timing | None = None
