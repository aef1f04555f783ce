"""``cosegbench show``: photographs, ground truth and saved predictions side by side in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, split_option
from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.pictures import picture_file, write_picture
from cosegbench.cli.progress import Terminal
from cosegbench.errors import RequestError

EXAMPLES = """
\b
Examples:
  cosegbench run --predictor coseg-prefix --dataset miniature-voc20 --save-predictions saved/prefix
  cosegbench show --dataset miniature-voc20 --predictions prefix=saved/prefix --worst 2 --best 2 --out show.png
"""


@click.command("show", epilog=EXAMPLES)
@click.option(
    "--dataset",
    required=True,
    metavar="D",
    shell_complete=complete_datasets,
    help="A data set, or the path of a card.",
)
@click.option(
    "--predictions",
    metavar="NAME=DIR",
    multiple=True,
    required=True,
    help="Folder of label PNGs, and what to call it in the picture; repeatable.",
)
@click.option("--image", "images", metavar="ID", multiple=True, help="An image to show; repeatable.")
@click.option("--worst", type=click.IntRange(min=0), default=0, metavar="N", help="Images of the lowest mIoU.")
@click.option("--median", type=click.IntRange(min=0), default=0, metavar="N", help="Images from the middle.")
@click.option("--best", type=click.IntRange(min=0), default=0, metavar="N", help="Images of the highest mIoU.")
@click.option("--of", metavar="NAME", help="Whose mIoU chooses.  [default: the one there is]")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE.png",
    callback=picture_file,
    help="Picture to write.",
)
@data_root_option
@split_option
@conventions_option
@click.option(
    "--limit", type=click.IntRange(min=1), default=None, help="Choose from the first so many images. [default: all]"
)
def command(
    out: Path, predictions: tuple[str, ...], images: tuple[str, ...], conventions: tuple[str, ...], **given: Any
) -> None:
    """Draw images with ground truth, saved predictions and where they differ.

    Reads the label PNGs that `run --save-predictions` writes, with the checks of `score`. Images are named, or chosen
    by their mIoU under the protocol `standard`. A line for each image is printed: id, why it was chosen, and the mIoU
    of each predictor in percent.
    """
    from cosegbench.pictures.saved import SavedPredictions, ShowRequest
    from cosegbench.pictures.show import draw_show, figure

    request = ShowRequest(
        predictions=_folders(predictions),
        images=tuple(dict.fromkeys(images)),
        conventions=pairs(conventions),
        **given,
    )
    saved = SavedPredictions(request, Terminal())
    shown = saved.chosen()
    write_picture(draw_show(saved, shown), out)
    for each in shown:
        figures = (f"{name} {figure(value)}" for name, value in each.figures.items())
        click.echo("\t".join([each.image_id, ", ".join(each.reasons) or "-", *figures]))


def _folders(texts: tuple[str, ...]) -> dict[str, Path]:
    found = pairs(texts, "--predictions")
    for name, folder in found.items():
        if not folder:
            raise RequestError(f"--predictions {name}=: give a folder after the sign.")
    return {name: Path(folder) for name, folder in found.items()}
