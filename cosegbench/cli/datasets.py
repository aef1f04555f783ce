"""``cosegbench datasets``: what there is, what is missing, how to get it, whether it is right, and the miniature."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs, split_option
from cosegbench.cli.completion import complete_datasets
from cosegbench.cli.dataset_stats import stats
from cosegbench.cli.fetch import fetch
from cosegbench.cli.output import check_place, emit, json_option
from cosegbench.errors import DataError, RequestError
from cosegbench.locate import DATA_ROOT_VARIABLE, default_data_root

if TYPE_CHECKING:
    from cosegbench.card_schema import DatasetCard
    from cosegbench.verify import VerifyReport


@click.group(short_help="List, explain, fetch, verify and draw data sets.")
def command() -> None:
    """List, explain, fetch, verify and draw data sets.

    A data set is named by the id of its card, or by the path of a card of your own.
    """


command.add_command(stats)
command.add_command(fetch)


@command.command(name="list", short_help="List the built-in data sets and what of each is there.")
@data_root_option
@json_option
def list_(data_root: Path | None, json_file: str | None) -> None:
    """List the built-in data sets and what of each is under the data root.

    The miniature lies in the user's cache, where `run` draws it, unless the data root holds one.
    """
    from tabulate import tabulate

    from cosegbench.cards import list_cards, load_card
    from cosegbench.cli.dataset_texts import split_states
    from cosegbench.suites import suites_of

    rows, content = [], []
    for name in list_cards():
        card = load_card(name)
        root, drawn = _look(card, data_root)
        states = split_states(card, root, {}, drawn=drawn)
        suites = suites_of(card.id)
        splits = ", ".join(f"{s['split']} {s['state']}" for s in states)
        rows.append((card.id, len(card.vocabulary()), card.title, ", ".join(suites), splits))
        content.append(
            {
                "id": card.id,
                "title": card.title,
                "world": card.world,
                "classes": len(card.vocabulary()),
                "suites": list(suites),
                "splits": states,
            }
        )
    if (data_root or default_data_root()) is None:
        click.echo(
            f"No data root was given (--data-root, {DATA_ROOT_VARIABLE}): the real data sets were not looked for.",
            err=True,
        )
    headers = ("data set", "classes", "title", "suite", "splits")
    emit(tabulate(rows, headers, disable_numparse=True), content, json_file)


@command.command(short_help="List the suites: named groups of data sets.")
@json_option
def suites(json_file: str | None) -> None:
    """List the suites, which are named groups of data sets: what `run --suite` and `table --suite` take.

    Their data sets stand in the order of the table's columns.
    """
    from tabulate import tabulate

    from cosegbench.suites import SUITES, SUMMARIES

    rows = [(name, ", ".join(members), SUMMARIES[name]) for name, members in SUITES.items()]
    content = [
        {"name": name, "datasets": list(members), "summary": SUMMARIES[name]} for name, members in SUITES.items()
    ]
    emit(tabulate(rows, ("suite", "data sets", "what it is"), disable_numparse=True), content, json_file)


@command.command(short_help="Explain a data set, and say what of it is missing.")
@click.argument("dataset", shell_complete=complete_datasets)
@data_root_option
@conventions_option
@json_option
def info(dataset: str, data_root: Path | None, conventions: tuple[str, ...], json_file: str | None) -> None:
    """Explain a data set: layout, conventions, archives, and what of it is under the data root."""
    from cosegbench.cards import load_card
    from cosegbench.cli.dataset_texts import info_content, info_text

    card = load_card(dataset)
    root, drawn = _look(card, data_root)
    content = info_content(card, root, card.choose(pairs(conventions)), drawn=drawn)
    emit(info_text(content), content, json_file)


@command.command(short_help="Open every file of a split; report every problem.")
@click.argument("dataset", shell_complete=complete_datasets)
@data_root_option
@split_option
@conventions_option
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many images.  [default: all]")
@click.option("--labels-only", is_flag=True, help="Look for no photographs: scoring saved predictions needs none.")
@json_option
def verify(
    *,
    dataset: str,
    data_root: Path | None,
    split: str,
    conventions: tuple[str, ...],
    limit: int | None,
    labels_only: bool,
    json_file: str | None,
) -> None:
    """Open every file of a split and report every problem; exit code 1 where there is one."""
    from cosegbench.cards import load_card
    from cosegbench.cli.dataset_texts import report_content, report_text
    from cosegbench.dataset import locate_dataset

    card = load_card(dataset)
    root = _root(card, data_root)
    found = locate_dataset(dataset, root, split, **card.choose(pairs(conventions)))
    report = _verify(found if limit is None else found.subset(limit), photographs=not labels_only)
    content = report_content(found, report)
    emit(report_text(content), content, json_file)
    if not report.ok:
        sys.exit(1)


@command.command(short_help="Draw the miniature data root into a folder.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    callback=lambda _context, _parameter, value: _folder(value),
    help="Folder to draw into.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Equal seeds give equal bytes.")
@json_option
def miniature(out: Path, seed: int, json_file: str | None) -> None:
    """Draw the miniature data root: the formats and layouts of the real data sets, in a small drawn world."""
    from cosegbench.cards import load_card
    from cosegbench.miniature import draw_miniature

    marker = load_card("miniature-coco-stuff").marker
    if out.is_dir() and any(out.iterdir()) and not (marker and (out / marker).is_file()):
        # Its files have the names of the real ones, and would replace them.
        raise RequestError(f"{out} is not empty and holds no miniature; give a new folder.")
    click.echo(f"drawing the miniature into {out}; this takes about a minute", err=True)
    try:
        draw_miniature(out, seed)
    except OSError as error:
        raise DataError(f"{out}: the miniature cannot be written: {error}.") from error
    emit(str(out), {"data_root": str(out), "seed": seed}, json_file)
    click.echo(f"Use it with: cosegbench run --suite miniature --data-root {out} --predictor NAME", err=True)


def _folder(path: Path) -> Path:
    check_place(path, folder=True)
    return path


def _root(card: DatasetCard, data_root: Path | None) -> Path | None:
    from cosegbench.running.data import default_root

    return data_root or default_root(card, lambda text: click.echo(text, err=True))


def _look(card: DatasetCard, data_root: Path | None) -> tuple[Path | None, bool]:
    """Where `run` would look for a card's data, and False where it would first draw it there."""
    from cosegbench.running.data import expected_root

    if data_root is not None:
        return data_root, True
    root = expected_root(card)
    return root, card.world != "miniature" or (root is not None and root.is_dir())


def _verify(dataset: Any, *, photographs: bool) -> VerifyReport:
    """Verify with a progress bar on standard error, where somebody watches."""
    from tqdm import tqdm

    from cosegbench.verify import verify as verify_files

    with tqdm(desc=dataset.id, unit=" images", file=sys.stderr, disable=None, leave=False) as bar:
        return verify_files(dataset, photographs=photographs, progress=bar.update)
