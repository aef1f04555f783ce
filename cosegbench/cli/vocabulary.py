"""``cosegbench vocabulary``: class names in their order, and what they mean in another vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.vocabulary_similarity import command as similarity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cosegbench.concepts import Alignment


@click.group(short_help="Show, align and compare class names.")
def command() -> None:
    """Show, align and compare class names.

    A data set is named by the id of its card, or by the path of a card of your own.
    """


command.add_command(similarity, "similarity")


@command.command()
@click.argument("dataset", shell_complete=complete_datasets)
@json_option
def show(dataset: str, json_file: str | None) -> None:
    """Print a data set's classes in the order of their index."""
    from tabulate import tabulate

    from cosegbench.cards import load_card

    vocabulary = load_card(dataset).vocabulary()
    content = {
        "id": vocabulary.id,
        "digest": vocabulary.digest,
        "background": vocabulary.background,
        "classes": [
            {"index": e.index, "native_id": e.native_id, "name": e.name, "synonyms": list(e.synonyms), "kind": e.kind}
            for e in vocabulary.classes
        ],
    }
    rows = [(e.index, e.native_id, e.name, ", ".join(e.synonyms), e.kind) for e in vocabulary.classes]
    headers = ("index", "native id", "name", "synonyms", "kind")
    emit(tabulate(rows, headers, tablefmt="simple", disable_numparse=True), content, json_file)


@command.command(
    epilog="\b\nExample:\n  cosegbench vocabulary align voc20 coco-stuff",
    short_help="Which classes a model trained on TRAINING has seen.",
)
@click.argument("target", shell_complete=complete_datasets)
@click.argument("training", shell_complete=complete_datasets)
@json_option
def align(target: str, training: str, json_file: str | None) -> None:
    """Print which classes of TARGET a model trained on TRAINING has seen.

    Relations, best first: exact, synonym, catchall (TRAINING splits the class and has one for the rest), part (only
    some kinds of it are in TRAINING), parent (it is a kind of a class of TRAINING), none. Seen at the strict level are
    the first three, at the loose level all but none.
    """
    from cosegbench.cards import load_card
    from cosegbench.concepts import align as align_vocabularies

    rows = align_vocabularies(load_card(target).vocabulary(), load_card(training).vocabulary())
    content = {"target": target, "training": training, **_summary(rows), "classes": [_row(row) for row in rows]}
    emit(_text(rows, training), content, json_file)


def _row(row: Alignment) -> dict[str, object]:
    return {
        "index": row.target.index,
        "native_id": row.target.native_id,
        "name": row.target.name,
        "relation": row.relation,
        "seen_strict": row.seen_strict,
        "seen_loose": row.seen_loose,
        "matches": [{"native_id": match.native_id, "name": match.name} for match in row.matches],
    }


def _summary(rows: Sequence[Alignment]) -> dict[str, object]:
    from cosegbench.concepts import RELATIONS

    return {
        "relations": {name: sum(row.relation == name for row in rows) for name in RELATIONS},
        "seen_strict": sum(row.seen_strict for row in rows),
        "seen_loose": sum(row.seen_loose for row in rows),
    }


def _text(rows: Sequence[Alignment], training: str) -> str:
    from tabulate import tabulate

    from cosegbench.concepts import RELATIONS

    cells = [
        (row.target.index, row.target.name, row.relation, ", ".join(match.name for match in row.matches))
        for row in rows
    ]
    table = tabulate(cells, ("index", "class", "relation", training), tablefmt="simple", disable_numparse=True)
    relations = ", ".join(f"{sum(row.relation == name for row in rows)} {name}" for name in RELATIONS)
    strict, loose = sum(row.seen_strict for row in rows), sum(row.seen_loose for row in rows)
    return (
        f"{table}\n\n{len(rows)} classes: {relations}.\nSeen: {strict} at the strict level, {loose} at the loose level."
    )
