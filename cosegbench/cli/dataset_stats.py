"""``cosegbench datasets stats``: classes an image, areas, and which classes occur together."""

from __future__ import annotations

from pathlib import Path

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, split_option
from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.output import emit, json_option
from cosegbench.cli.pictures import picture_file, write_picture
from cosegbench.cli.progress import Terminal


@click.command("stats", short_help="Count classes an image, areas, and pairs of classes.")
@click.argument("dataset", shell_complete=complete_datasets)
@data_root_option
@split_option
@conventions_option
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many images.  [default: all]")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    callback=picture_file,
    help="Also draw the histogram and the matrix of pairs.",
)
@json_option
def stats(
    dataset: str,
    data_root: Path | None,
    split: str,
    conventions: tuple[str, ...],
    limit: int | None,
    picture: Path | None,
    json_file: str | None,
) -> None:
    """Count the classes of each image, areas by class, and which classes occur together.

    k is mean + 2 standard deviations of the classes an image, rounded up: the rule of the CoSeg paper's figure 6. PMI
    is the pointwise mutual information of two classes over images, in bits. Photographs are not needed.
    """
    from cosegbench.pictures.label_stats import label_stats
    from cosegbench.pictures.stats_words import as_json, as_text
    from cosegbench.running.data import View, check_columns, open_views

    tell = Terminal()
    (card,) = check_columns([dataset], chosen := pairs(conventions))
    (found,) = open_views(
        [View(dataset, card.choose(chosen))],
        data_root=data_root,
        split=split,
        limit=limit,
        photographs=False,
        remark=tell.remark,
    )
    with tell.progress(found.id, len(found), 0) as tick:
        counted = label_stats(found, progress=tick)
    if picture is not None:
        from cosegbench.pictures.stats_picture import draw_stats

        write_picture(draw_stats(f"{found.id}, split {found.split}", counted), picture)
    emit(as_text(found, counted), as_json(found, counted), json_file)
