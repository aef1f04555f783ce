"""``cosegbench train``: train a predictor's weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, threads_option
from cosegbench.cli.completion import complete_datasets

if TYPE_CHECKING:
    from cosegbench.dataset import Dataset
    from cosegbench.training import Trainer, TrainRequest

EXAMPLES = """
\b
Examples:
  cosegbench train --predictor coseg-prefix --dataset coco-stuff --data-root /data
  cosegbench train --predictor coseg-xatten --dataset miniature-coco-stuff --recipe miniature
  torchrun --nproc-per-node 4 -m cosegbench train --predictor coseg-prefix --dataset coco-stuff --set parts=4
"""


@click.command("train", epilog=EXAMPLES)
@click.option(
    "--predictor", required=True, metavar="P", help="What to train, for instance coseg-prefix, coseg-xatten or clip."
)
@click.option(
    "--dataset",
    metavar="D",
    default=None,
    shell_complete=complete_datasets,
    help="Data set to train on, for instance coco-stuff.",
)
@click.option("--split", default="train", show_default=True, help="Split of the data set.")
@conventions_option
@data_root_option
@click.option(
    "--recipe",
    default="paper",
    show_default=True,
    help="Named settings of the trainer, for instance paper, authors or miniature.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("weights"),
    show_default=True,
    metavar="F",
    help="The checkpoint (.safetensors, its .json beside it), or a folder for it. An interrupted training resumes.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights, batches and dropout."
)
@click.option("--device", default="cpu", show_default=True, help="Torch device.")
@threads_option
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="One of the recipe's settings; repeatable.")
@click.option("--fresh", is_flag=True, help="Train again what is finished or half done.")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard events beside the checkpoint as well.")
def command(
    predictor: str,
    dataset: str | None,
    split: str,
    conventions: tuple[str, ...],
    data_root: Path | None,
    recipe: str,
    out: Path,
    seed: int,
    device: str,
    threads: int | None,
    settings: tuple[str, ...],
    fresh: bool,
    tensorboard: bool,
) -> None:
    """Train weights, from the first step or from where an interrupted training stopped.

    Several processes share a training under `torchrun`, which starts this command in each of them.
    """
    from cosegbench.registry import load_trainer
    from cosegbench.training import TrainRequest

    first = os.environ.get("RANK", "0") == "0"
    if first:  # at once: loading torch and the weights takes seconds
        click.echo(f"training {predictor}, recipe {recipe}, seed {seed}", err=True)
    train = load_trainer(predictor)
    options = pairs(settings, "--set")
    data = None if dataset is None else _dataset(dataset, data_root, split, conventions)
    request = TrainRequest(
        data_root=(data_root or _root_without_dataset()) if data is None else data.root,
        out=out,
        dataset=data,
        recipe=recipe,
        seed=seed,
        device=device,
        threads=threads or _threads(),
        options=options,
        fresh=fresh,
        tensorboard=tensorboard,
        log=lambda line: click.echo(line, err=True),
    )
    path = _run(train, predictor, request)
    if first:
        click.echo(str(path))


def _run(train: Trainer, name: str, request: TrainRequest) -> Path:
    """The checkpoint.

    Raises:
        StoppedError: the user stopped it.
        WorkError: the trainer, which may be a third party's, raised something that is not ours.
    """
    from cosegbench.errors import CosegbenchError, WorkError
    from cosegbench.plugins import describe_failure
    from cosegbench.running.stopping import AGAIN, StoppedError

    try:
        return train(request)
    except KeyboardInterrupt as stop:
        raise StoppedError(
            f"stopped: the training's last state, where it has saved one, lies under {request.out}. {AGAIN}", stop
        ) from None
    except (CosegbenchError, OSError):
        raise
    except Exception as error:
        raise WorkError(f"trainer {name!r} raised {describe_failure(error)}.") from error


def _threads() -> int:
    """The cores that this process may use, shared with the others that ``torchrun`` started on this machine."""
    from cosegbench.running.cores import default_threads

    return max(1, default_threads() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _dataset(name: str, data_root: Path | None, split: str, conventions: tuple[str, ...]) -> Dataset:
    """The data set to train on, looked for where ``run`` looks for it."""
    from cosegbench.cards import load_card
    from cosegbench.dataset import load_dataset
    from cosegbench.running.data import default_root

    card = load_card(name)
    root = data_root or default_root(card, lambda text: click.echo(text, err=True))
    return load_dataset(name, root, split, **card.choose(pairs(conventions)))


def _root_without_dataset() -> Path:
    """For a trainer that needs no data set: the root that is set, else the miniature."""
    from cosegbench.locate import default_data_root
    from cosegbench.miniature import ensure_miniature

    return default_data_root() or ensure_miniature()
