"""``probe coexistence``: does a segment keep its right label when what surrounds it is taken away or replaced?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cosegbench.dataset import Dataset, in_threads
from cosegbench.errors import RequestError
from cosegbench.probes.gains import CONTRASTS, Measured, class_figures, gain_figures, recall_figures
from cosegbench.probes.inference import Bench, ProbeRequest, finished, open_bench
from cosegbench.probes.looking import look
from cosegbench.probes.recall import CONDITIONS, MEASURES, Answer, answers, unit_name
from cosegbench.probes.result import SCHEMA_VERSION, ProbeResult, definition_digest, write_result
from cosegbench.probes.rounds import Round, run_rounds
from cosegbench.probes.segments import Chosen, Segment, SegmentRule, choose_segments
from cosegbench.probes.surroundings import GREY, grey_out, replace_around
from cosegbench.protocols import Protocol, get_protocol
from cosegbench.running.environment import describe_environment
from cosegbench.running.job import journal_path
from cosegbench.running.request import Reporter, Silent
from cosegbench.running.salvage import remove_journal
from cosegbench.running.samples import Sample
from cosegbench.statistics.bootstrap import RESAMPLES
from cosegbench.statistics.intervals import LEVEL

PROBE = "coexistence"


@dataclass(frozen=True, slots=True)
class _Unit:
    """One picture: an image as it is, or a segment of it under a condition."""

    image_id: str
    condition: str
    segment: Segment | None = None


def probe_coexistence(
    request: ProbeRequest, min_area: float = 0.01, per_image: int | None = None, reporter: Reporter | None = None
) -> ProbeResult:
    """Measure label recall of ground-truth segments with and without their surroundings, and write the result.

    What is finished is not computed again, what was begun is gone on with.

    Args:
        request: predictor, data set and folder.
        min_area: least share of the image, of a segment and of what surrounds it.
        per_image: at most so many segments of an image; None: all.
        reporter: whom to tell.

    Raises:
        RequestError: an unknown name, missing data or weights, no segment that fits, or another probe's result there.
        DataError: broken files.
        PredictorError: the predictor broke its contract; what was computed before is kept.
        RecordError: a file cannot be read or written.
    """
    tell = reporter or Silent()
    rule = SegmentRule(min_area, per_image, request.seed or 0)
    bench = open_bench(request, tell)
    definition, path = _definition(rule, get_protocol("standard")), bench.path(PROBE)
    identity = bench.identity(PROBE, definition)
    if (before := finished(path, identity, fresh=request.fresh)) is not None:
        tell.remark(f"{bench.recipe.id}: finished before, nothing to compute: {path}")
        return before
    chosen = _choose(bench.dataset, rule)
    done = run_rounds(bench, path, identity, [_round(bench, chosen.segments)], tell)
    measured = measure(chosen.segments, answers(done.evidence, chosen.segments), len(bench.dataset.vocabulary))
    result = ProbeResult(
        schema_version=SCHEMA_VERSION,
        probe=PROBE,
        predictor=done.predictor,
        dataset=done.about,
        definition=definition,
        definition_digest=definition_digest(definition),
        figures=_figures(chosen, measured, bench.dataset.vocabulary.names, rule.seed),
        counts=_counts(chosen.segments, measured),
        execution=done.execution,
        environment=describe_environment(),
        timing=done.timing,
    )
    write_result(path, result)
    remove_journal(journal_path(path))
    tell.remark(f"{bench.recipe.id}: wrote {path}")
    return result


def measure(segments: Sequence[Segment], found: dict[str, Answer], classes: int) -> Measured:
    """The segments as columns."""
    images = sorted({segment.image_id for segment in segments})
    places = {image_id: place for place, image_id in enumerate(images)}
    columns = [(places[each.image_id], each.label, each.area) for each in segments]
    image, label, area = np.array(columns, np.int64).reshape(-1, 3).T
    return Measured(image, label, area, found, classes)


def measured_of(result: ProbeResult) -> Measured:
    """The same from a result that was written."""
    counts = result.counts
    segments = [
        Segment(*each, "", "", (0.0, 0.0))
        for each in zip(counts["image"], counts["class"], counts["area"], strict=True)
    ]
    found = {
        condition: Answer(*(np.array(counts[name][condition], np.int64) for name in ("right", "named", "proposed")))
        for condition in CONDITIONS
    }
    return measure(segments, found, len(result.dataset.classes))


def _choose(dataset: Dataset, rule: SegmentRule) -> Chosen:
    counts = list(in_threads(dataset.labels.count, dataset.image_ids))
    areas = np.array([each.classes for each in counts], np.int64)
    totals = np.array([each.shape[0] * each.shape[1] for each in counts], np.int64)
    chosen = choose_segments(dataset.image_ids, areas, totals, rule, dataset.vocabulary.background)
    if not chosen.segments:
        raise RequestError(
            f"no segment of {dataset.id} can be looked at: {chosen.too_small} are below --min-area {rule.min_area}, "
            f"{chosen.too_large} leave less than that around them, and {chosen.no_other_image} are of a class "
            "that every image shows."
        )
    return chosen


def _round(bench: Bench, segments: Sequence[Segment]) -> Round:
    protocol, dataset = get_protocol("standard"), bench.dataset
    units: dict[str, _Unit] = {}
    for segment in segments:
        units.setdefault(segment.image_id, _Unit(segment.image_id, CONDITIONS[0]))
        for condition in CONDITIONS[1:]:
            units[unit_name(segment, condition)] = _Unit(segment.image_id, condition, segment)

    def read(name: str) -> Sample:
        return _sample(dataset, name, units[name])

    def observe(sample: Sample, prediction: Any) -> Any:
        return look(sample.image_id, prediction, sample.target, protocol.method.assignment, dataset.vocabulary)

    return Round("coexistence", tuple(units), dataset.vocabulary, protocol.method.text, read, observe)


def _sample(dataset: Dataset, name: str, unit: _Unit) -> Sample:
    """The picture of a unit; its target is the image's own."""
    image, target = dataset.sample(unit.image_id)
    if unit.segment is not None:
        segment = target == unit.segment.label
        if unit.condition == "grey":
            image = grey_out(image, segment)
        else:
            image = replace_around(image, segment, dataset.image(getattr(unit.segment, unit.condition)))
    # Another picture than the image, so no predictor that knows images by id may take it for that.
    image.info = {"image_id": name}
    return Sample(name, (image,), None, (target.shape[0], target.shape[1]), target)


def _definition(rule: SegmentRule, protocol: Protocol) -> dict[str, Any]:
    return {
        "segment": "the region of one class in one image; not the background class",
        "min_area": rule.min_area,
        "per_image": rule.per_image,
        "conditions": {
            "original": "the image as it is",
            "grey": f"every pixel outside the segment is ({GREY}, {GREY}, {GREY})",
            "swapped": "outside the segment is another image, resized bilinearly to this size, drawn among all images "
            "without a pixel of the class",
            "alike": "as swapped; among those images one whose classes are most like the other classes here (Jaccard)",
        },
        "measures": MEASURES,
        "contrasts": {name: list(pair) for name, pair in CONTRASTS.items()},
        "averages": {"by_segment": "mean over segments", "by_class": "mean over classes of the mean of its segments"},
        "protocol": protocol.name,
        "method": protocol.method.digest,
        "seed": rule.seed,
        "interval": {"unit": "image", "kind": "percentile", "level": LEVEL, "resamples": RESAMPLES, "seed": rule.seed},
    }


def _figures(chosen: Chosen, measured: Measured, names: Sequence[str], seed: int) -> dict[str, Any]:
    overlap = np.array([segment.overlap for segment in chosen.segments]).mean(axis=0)
    return {
        "segments": len(chosen.segments),
        "images": int(measured.image.max()) + 1,
        "classes": int(np.unique(measured.label).size),
        "left_out": {name: getattr(chosen, name) for name in ("too_small", "too_large", "not_drawn", "no_other_image")},
        "overlap": {"swapped": float(overlap[0]), "alike": float(overlap[1])},
        "recall": recall_figures(measured, seed),
        "gains": gain_figures(measured, seed),
        "by_class": class_figures(measured, names, seed),
    }


def _counts(segments: Sequence[Segment], measured: Measured) -> dict[str, Any]:
    """Columns, an entry a segment."""
    return {
        "image": [segment.image_id for segment in segments],
        "class": [segment.label for segment in segments],
        "area": [segment.area for segment in segments],
        "swapped": [segment.swapped for segment in segments],
        "alike": [segment.alike for segment in segments],
        **{
            name: {condition: getattr(answer, name).tolist() for condition, answer in measured.answers.items()}
            for name in ("right", "named", "proposed")
        },
    }
