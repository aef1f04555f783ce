"""Small results folders with true records and evidence, and a reader of the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result
from tables.samples import digest, record
from uncertainty.samples import make_evidence

from cosegbench import Evidence, score
from cosegbench.cli import main
from cosegbench.image_lists import image_list_digest
from cosegbench.protocols import get_protocol
from cosegbench.records import ProtocolHalf, ScoreInfo, record_path, write_record
from cosegbench.running.finish import save_evidence

CLASSES = 6
IMAGES = 15
NAMES = tuple(f"class {place}" for place in range(CLASSES))
PROTOCOLS = ("standard", "mess", "fine-grained", "coseg-oracle")
EVIL = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


def figures(evidence: Evidence, name: str) -> ScoreInfo:
    protocol = get_protocol(name)
    found = score(evidence, protocol.kernel)
    return ScoreInfo(
        protocol=name,
        kernel=found.kernel,
        evaluation=ProtocolHalf(protocol.evaluation.digest, protocol.evaluation.fields),
        method=ProtocolHalf(protocol.method.digest, protocol.method.fields),
        miou=None if np.isnan(found.miou) else found.miou,
        iou=tuple(None if np.isnan(each) else float(each) for each in found.iou),
        averaged=tuple(found.averaged.tolist()),
        extra=dict(found.extra),
    )


def write(
    results: Path,
    predictor: str,
    evidence: Evidence,
    dataset: str = "voc20",
    *,
    classes: tuple[str, ...] = NAMES,
    facts: Mapping[str, Any] | None = None,
    command: tuple[str, ...] = ("cosegbench", "run"),
) -> Path:
    """A record of :data:`PROTOCOLS` with its evidence; its path."""
    made = record(predictor, dataset, {}, facts=facts or {})
    data = dataclasses.replace(
        made.dataset,
        images=len(evidence),
        classes=classes,
        content_digest=digest("content", dataset),
        image_list_digest=image_list_digest(evidence.image_ids),
    )
    path = record_path(results, predictor, dataset, made.family)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = dataclasses.replace(
        made,
        dataset=data,
        scores={name: figures(evidence, name) for name in PROTOCOLS},
        requested=("standard",),
        evidence=save_evidence(evidence, path),
        environment=dataclasses.replace(made.environment, command=command),
    )
    write_record(path, whole)
    return path


def write_three(results: Path) -> Path:
    """``good`` far above ``bad``, ``near`` close to ``good``, and a reference, on two data sets of a suite."""
    skills = {"good": (0.8, 0), "near": (0.79, 3), "bad": (0.3, 2), "luck": (0.0, 4)}
    for dataset, seed in (("voc20", 1), ("context59", 2)):
        for name, (skill, shift) in skills.items():
            evidence = make_evidence(IMAGES, CLASSES, seed=seed, skill=skill, shift=shift)
            write(results, name, evidence, dataset, facts={"reference": "chance"} if name == "luck" else {})
    return results


def report(results: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["report", "--results", str(results), "--resamples", "200", *words])


def page_of(results: Path, *words: str) -> str:
    done = report(results, "--output", "-", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


class Page(HTMLParser):
    """What a reader meets: every element in order, every table as rows of texts.

    Attributes:
        tags: (tag, attributes) in the order of the page.
        tables: id -> rows of the text of each cell, the heading row first.
        sections: id -> the text within.
    """

    VOID = ("meta", "link", "img", "input", "path", "br")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.sections: dict[str, str] = {}
        self._table, self._section, self._small = "", "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "table":
            self._table = given.get("id") or f"table {len(self.tables)}"
            self.tables[self._table] = []
        if tag == "section" and given.get("id"):
            self._section = str(given["id"])
        if tag == "tr" and self._table:
            self.tables[self._table].append([])
        if tag in ("th", "td") and self._table:
            self.tables[self._table][-1].append("")
        self._small = tag in ("sup", "small") or (self._small and tag == "a")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = ""
        if tag in ("sup", "small"):
            self._small = False

    def handle_data(self, data: str) -> None:
        self.sections[self._section] = self.sections.get(self._section, "") + data
        rows = self.tables.get(self._table)
        if rows and rows[-1] and not self._small:
            rows[-1][-1] += data

    def table(self, ident: str) -> list[dict[str, str]]:
        """The rows of one table, by heading; the first heading is ``""``."""
        head, *rows = [[cell.strip() for cell in row] for row in self.tables[ident]]
        return [dict(zip(["", *head[1:]], row, strict=True)) for row in rows]
