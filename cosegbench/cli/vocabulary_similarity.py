"""``cosegbench vocabulary similarity``: how near the names of a test set are to those of a training set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.output import check_place, emit, json_option
from cosegbench.text import PAPER_TEMPLATE, TextRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cosegbench.measures.names import NameSimilarity
    from cosegbench.text_encoders import TextEncoder
    from cosegbench.vocabulary import Vocabulary

EXAMPLES = """
\b
Examples:
  cosegbench vocabulary similarity miniature-coco-stuff miniature-context459
  cosegbench vocabulary similarity coco-stuff context459 --weights openai/clip-vit-base-patch16
  cosegbench vocabulary similarity context459 context459 --matrix clip.csv
"""


@click.command(epilog=EXAMPLES, short_help="How near the names of two data sets are.")
@click.argument("training", shell_complete=complete_datasets)
@click.argument("test", shell_complete=complete_datasets)
@click.option(
    "--encoder", default="clip", show_default=True, metavar="NAME", help="Text encoder; a name, or module:Class."
)
@click.option(
    "--weights",
    metavar="W",
    default=None,
    help="Of the encoder: miniature, a folder, or a hub id.  [default: miniature for two miniature data sets, else "
    "the published CLIP B/16]",
)
@click.option("--device", default="cpu", show_default=True, help="Torch device of the encoder.")
@click.option("--template", default=PAPER_TEMPLATE, show_default=True, help="The sentence that a name stands in.")
@click.option(
    "--near",
    type=click.FloatRange(-1, 1),
    default=None,
    help="Cosine from which a name is near.  [default: median of TRAINING's names with their nearest other]",
)
@click.option("--lowest", type=click.IntRange(min=0), default=10, show_default=True, help="How many names to list.")
@click.option(
    "--matrix",
    type=click.Path(path_type=Path),
    default=None,
    help="Write the cosines of TEST's names with each other, clipped at 0, for `table --measures --similarity`.",
)
@json_option
def command(
    training: str,
    test: str,
    encoder: str,
    weights: str | None,
    device: str,
    template: str,
    near: float | None,
    lowest: int,
    matrix: Path | None,
    json_file: str | None,
) -> None:
    """Print how near the class names of TEST are to those of TRAINING, and which have no near one.

    Cosine of text embeddings: mean of the nearest, Hausdorff similarity in both directions, Hausdorff distance. The
    figures belong to the encoder, whose weights are named beside them; figures of two encoders must not be compared. An
    encoder that does not know a word of a name is refused.
    """
    from cosegbench.cards import load_card
    from cosegbench.measures.names import NameSimilarity
    from cosegbench.text_encoders import embeddings, load_text_encoder

    if matrix is not None:
        check_place(matrix, folder=False)
    rule = TextRule(template)
    cards = [load_card(name) for name in (training, test)]
    first, second = (card.vocabulary() for card in cards)
    world = "miniature" if {card.world for card in cards} == {"miniature"} else "real"
    built = load_text_encoder(encoder, weights, world, device)
    _refuse_unknown(built, (first, second))
    units = [embeddings(built, vocabulary.names, rule) for vocabulary in (first, second)]
    found = NameSimilarity.of(units[1], units[0])
    content = {
        "training": training,
        "test": test,
        "encoder": {"name": encoder, **built.describe()},
        "template": template,
        **_figures(found, near),
        "names": _names(found, first, second),
    }
    if matrix is not None:
        _write_matrix(matrix, units[1], second, encoder)
    emit(_text(content, lowest), content, json_file)


def _figures(found: NameSimilarity, near: float | None) -> dict[str, Any]:
    limit = found.near if near is None else near
    return {
        "mean_nearest": found.mean_nearest,
        "hausdorff_similarity_test_to_training": found.directed,
        "hausdorff_similarity_training_to_test": found.reverse,
        "hausdorff_distance": found.hausdorff_distance,
        "near": limit,
        "names_without_a_near_one": None if limit is None else int((found.nearest < limit).sum()),
    }


def _names(found: NameSimilarity, training: Vocabulary, test: Vocabulary) -> list[dict[str, Any]]:
    """Every name of the test set, the farthest first, with what the concept table says of it."""
    from cosegbench.concepts import align

    relations = align(test, training)
    rows = [
        {
            "index": index,
            "name": test.names[index],
            "cosine": float(found.nearest[index]),
            "nearest": training.names[found.nearest_index[index]],
            "relation": relations[index].relation,
        }
        for index in range(len(test))
    ]
    return sorted(rows, key=lambda row: (row["cosine"], row["index"]))


def _text(content: dict[str, Any], lowest: int) -> str:
    from tabulate import tabulate

    encoder = content["encoder"]
    shown = content["names"][:lowest]
    rows = [(row["name"], f"{row['cosine']:.3f}", row["nearest"], row["relation"]) for row in shown]
    heads = (f"name of {content['test']}", "cosine", f"nearest of {content['training']}", "concept table")
    table = tabulate(rows, heads, tablefmt="simple", disable_numparse=True) if rows else ""
    near = content["near"]
    without = content["names_without_a_near_one"]
    far = (
        ""
        if near is None
        else f"{without} of {len(content['names'])} names have no near one (cosine below {near:.3f})."
    )
    lines = [
        f"Encoder {encoder['name']}, weights {encoder.get('weights')} "
        f"(sha256 {str(encoder.get('weights_digest'))[:12]}), "
        f'names in "{content["template"]}".',
        f"Mean of the nearest: {content['mean_nearest']:.3f}.",
        f"Hausdorff similarity: {content['hausdorff_similarity_test_to_training']:.3f} from {content['test']} to "
        f"{content['training']}, {content['hausdorff_similarity_training_to_test']:.3f} the other way.",
        f"Hausdorff distance: {content['hausdorff_distance']:.3f}.",
        *filter(None, [far]),
    ]
    return "\n".join([*lines, *(["", table] if table else [])])


def _refuse_unknown(encoder: TextEncoder, vocabularies: Iterable[Vocabulary]) -> None:
    """Refuse names that the encoder cannot read, because it would call any two of them alike.

    Raises:
        RequestError: counts them and names some.
    """
    from cosegbench.errors import RequestError
    from cosegbench.text_encoders import unknown_names

    for vocabulary in vocabularies:
        if strange := unknown_names(encoder, vocabulary.names):
            some = ", ".join(strange[:3])
            raise RequestError(
                f"the encoder does not know a word of {len(strange)} of {len(vocabulary)} names of {vocabulary.id} "
                f"({some}{', ...' if len(strange) > 3 else ''}), so it cannot tell them apart. Name another with "
                "--weights, for instance openai/clip-vit-base-patch16."
            )


def _write_matrix(path: Path, unit: Any, vocabulary: Vocabulary, encoder: str) -> None:
    from cosegbench.measures import Likeness, write_likeness
    from cosegbench.measures.names import soft_matrix

    write_likeness(path, Likeness(encoder, vocabulary.names, soft_matrix(unit)))
    click.echo(f"Wrote {path}: {len(vocabulary)} x {len(vocabulary)} similarities.", err=True)
