"""``probe vocabulary``: how much a figure moves with names, sentences and the list of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cosegbench.dataset import Dataset
from cosegbench.errors import RecordError
from cosegbench.evidence import Evidence
from cosegbench.files import file_digest
from cosegbench.probes.inference import Bench, ProbeRequest, finished, open_bench
from cosegbench.probes.looking import look_through
from cosegbench.probes.names import other_names, strange_names
from cosegbench.probes.result import SCHEMA_VERSION, ProbeResult, definition_digest, write_result
from cosegbench.probes.rounds import Round, run_rounds
from cosegbench.probes.spread import core_counts, split, spread_of, variant_figures
from cosegbench.probes.variants import BASE, VariantOf, VariantRule, make_variants, removed_anywhere
from cosegbench.protocols import get_protocol
from cosegbench.running.environment import describe_environment
from cosegbench.running.finish import save_evidence
from cosegbench.running.job import journal_path
from cosegbench.running.request import Reporter, Silent
from cosegbench.running.salvage import remove_journal
from cosegbench.running.samples import Sample
from cosegbench.statistics import Counts
from cosegbench.statistics.bootstrap import RESAMPLES
from cosegbench.statistics.intervals import LEVEL

PROBE = "vocabulary"


def probe_vocabulary(request: ProbeRequest, rule: VariantRule, reporter: Reporter | None = None) -> ProbeResult:
    """Measure one predictor under every variant of a data set's vocabulary, and write the result.

    What is finished is not computed again, what was begun is gone on with.

    Args:
        request: predictor, data set and folder.
        rule: which variants.
        reporter: whom to tell.

    Raises:
        RequestError: an unknown name, missing data or weights, too many names to add or remove, or another probe's
            result there.
        DataError: broken files.
        PredictorError: the predictor broke its contract; what was computed before is kept.
        RecordError: a file cannot be read or written.
    """
    tell = reporter or Silent()
    bench = open_bench(request, tell)
    words, world = bench.dataset.vocabulary, bench.dataset.world
    variants = make_variants(words, rule, other_names(words, world), strange_names(words, world))
    definition, path = _definition(variants, words.names, rule), bench.path(PROBE)
    identity = bench.identity(PROBE, definition)
    if (before := finished(path, identity, fresh=request.fresh)) is not None:
        tell.remark(f"{bench.recipe.id}: finished before, nothing to compute: {path}")
        return before
    done = run_rounds(bench, path, identity, [_round(bench, each) for each in variants], tell)
    result = ProbeResult(
        schema_version=SCHEMA_VERSION,
        probe=PROBE,
        predictor=done.predictor,
        dataset=done.about,
        definition=definition,
        definition_digest=definition_digest(definition),
        figures=_figures(done.evidence, bench.dataset, variants, rule.seed),
        counts={"image": list(bench.dataset.image_ids)},
        evidence=save_evidence(done.evidence, path),
        execution=done.execution,
        environment=describe_environment(),
        timing=done.timing,
    )
    write_result(path, result)
    remove_journal(journal_path(path))
    tell.remark(f"{bench.recipe.id}: wrote {path}")
    return result


def variant_counts(folder: Path, result: ProbeResult) -> dict[str, Counts]:
    """Variant -> summands of a result that was written, removed classes ignored.

    Args:
        folder: in which the result lies.
        result: of this probe.

    Raises:
        RecordError: its evidence is absent or not the file that it speaks of.
        EvidenceError: the file is damaged.
    """
    about = result.evidence
    file = None if about is None else folder / PROBE / Path(about.file).name
    if file is None or about is None or not file.is_file() or file_digest(file) != about.sha256:
        raise RecordError(f"the evidence of {result.predictor.id} in {folder / PROBE} is absent or was changed.")
    evidence, names = Evidence.load(file), result.dataset.classes
    removed = [names.index(name) for name in result.definition["never_averaged"]]
    return {
        name: core_counts(split(evidence, _prefix(name), result.counts["image"]), removed, "ignored")
        for name in result.definition["variants"]
    }


def _prefix(variant: str) -> str:
    return f"{variant}: "


def _round(bench: Bench, variant: VariantOf) -> Round:
    dataset, rule = bench.dataset, get_protocol("standard").method.assignment
    images = {f"{_prefix(variant.name)}{image_id}": image_id for image_id in dataset.image_ids}

    def read(name: str) -> Sample:
        image, target = dataset.sample(images[name])
        return Sample(name, (image,), None, (target.shape[0], target.shape[1]), target)

    def observe(sample: Sample, prediction: Any) -> Evidence:
        asked, scored = variant.vocabulary, dataset.vocabulary
        return look_through(sample.image_id, prediction, sample.target, rule, asked, scored, variant.table)

    return Round(variant.name, tuple(images), variant.vocabulary, variant.text, read, observe)


def _definition(variants: Sequence[VariantOf], names: Sequence[str], rule: VariantRule) -> dict[str, Any]:
    protocol = get_protocol("standard")
    return {
        "variants": {each.name: each.described(names) for each in variants},
        "never_averaged": [names[index] for index in removed_anywhere(variants)],
        "miou": "kernel gt-void-fn over the classes that no variant removes, the same in every variant; the pixels of "
        "the other classes are ignored in every variant",
        "miou_removed_counted": "the same, with the pixels of the other classes scored: what covers them is wrong",
        "added_names": "a pixel that is given an added name has no class: a miss (on a view with a background class it "
        "becomes background, as every pixel without a class does)",
        "candidates": "the names that the predictor may choose from differ between variants: figures are no figures of "
        "protocol standard, but for the variant 'as given' over all classes",
        "protocol": protocol.name,
        "assignment": protocol.method.fields["assignment"],
        "seed": rule.seed,
        "draws": rule.draws,
        "interval": {"unit": "image", "kind": "percentile", "level": LEVEL, "resamples": RESAMPLES, "seed": rule.seed},
    }


def _figures(evidence: Evidence, dataset: Dataset, variants: Sequence[VariantOf], seed: int) -> dict[str, Any]:
    removed = removed_anywhere(variants)
    parts = {each.name: split(evidence, _prefix(each.name), dataset.image_ids) for each in variants}
    counts = {name: core_counts(part, removed, "ignored") for name, part in parts.items()}
    counted = {name: core_counts(part, removed, "counted") for name, part in parts.items()}
    figures = variant_figures(counts, counted, BASE, seed)
    return {
        "classes": int(np.unique(counts[BASE].label[counts[BASE].true > 0]).size),
        "images": len(dataset.image_ids),
        "standard_all_classes": _standard(parts[BASE]),
        "variants": figures,
        "spread": spread_of(figures),
    }


def _standard(evidence: Evidence) -> float:
    """MIoU of protocol standard for the names as given: what a record of ``run`` says too."""
    return float(get_protocol("standard").score(evidence).miou)
