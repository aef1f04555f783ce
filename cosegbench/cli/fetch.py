"""``cosegbench datasets fetch``: official archives, downloaded, checked and unpacked where the cards expect them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosegbench.cli.common import conventions_option, data_root_option, pairs
from cosegbench.cli.completion import complete_datasets, complete_suites
from cosegbench.cli.output import emit, json_option
from cosegbench.errors import CosegbenchError, RequestError
from cosegbench.locate import NO_DATA_ROOT, default_data_root
from cosegbench.suites import suite_datasets

if TYPE_CHECKING:
    from cosegbench.fetching import Fetched, View


@click.command(name="fetch", short_help="Download the official archives and unpack what is needed.")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...", shell_complete=complete_datasets)
@click.option("--suite", shell_complete=complete_suites, metavar="S", help="All data sets of a suite.")
@data_root_option
@click.option(
    "--split", "splits", multiple=True, metavar="NAME", help="A split of the cards; repeatable.  [default: val]"
)
@conventions_option
@click.option("--yes", is_flag=True, help="Accept the licences that are shown, without being asked.")
@click.option("--keep", is_flag=True, help="Keep the downloaded archives, in DIR/.fetch/archives.")
@click.option("--dry-run", is_flag=True, help="Say what would be downloaded, how much, and what is free.")
@json_option
def fetch(
    *,
    datasets: tuple[str, ...],
    suite: str | None,
    data_root: Path | None,
    splits: tuple[str, ...],
    conventions: tuple[str, ...],
    yes: bool,
    keep: bool,
    dry_run: bool,
    json_file: str | None,
) -> None:
    """Download the official archives of data sets and unpack what their views need.

    Broken downloads go on where they stopped, hashes are compared, licences are shown once. Where everything is there
    and can be read, nothing is done.
    """
    from cosegbench.cli.fetch_texts import plan_content, plan_text
    from cosegbench.cli.fetching_bar import Bar
    from cosegbench.fetching import fetch_lock, make_plan
    from cosegbench.running.stopping import StoppedError

    views = _views(datasets, suite, splits or ("val",), pairs(conventions))
    root = data_root or default_data_root()
    if root is None:
        raise RequestError(f"fetch: {NO_DATA_ROOT}")
    if dry_run:
        plan = make_plan(views, root)
        emit(plan_text(plan, root), {"data_root": str(root), **plan_content(plan, root)}, json_file)
        return
    try:
        with fetch_lock(root, lambda text: click.echo(text, err=True)):
            failed = _fetch_all(views, root, Bar(), yes=yes, keep=keep, json_file=json_file)
    except KeyboardInterrupt as stop:
        said = "stopped. Start the same command again: it goes on with what was downloaded."
        raise StoppedError(said, stop) from None
    if failed:
        sys.exit(1)


def _views(names: tuple[str, ...], suite: str | None, splits: tuple[str, ...], given: dict[str, str]) -> list[View]:
    """What was asked for.

    Raises:
        RequestError: nothing, or something that is not fetched but drawn, or made by its user.
    """
    from cosegbench.fetching import View
    from cosegbench.presence import advice
    from cosegbench.running.data import check_columns

    if (suite is None) == (not names):
        raise RequestError("name one or more data sets, or give --suite.")
    views = []
    for card in check_columns(names if suite is None else suite_datasets(suite), given):
        if not card.archives:
            raise RequestError(f"the card of {card.id} names no archives. {advice(card)}")
        for split in splits:
            card.split(split, {})
        chosen = card.choose({key: value for key, value in given.items() if key in card.options})
        views.append(View(card, tuple(dict.fromkeys(splits)), chosen))
    return views


def _fetch_all(views: Sequence[View], root: Path, bar: Any, *, yes: bool, keep: bool, json_file: str | None) -> bool:
    """Fetch one after another; whether any of them failed. What can be had is had, whatever befalls another."""
    from cosegbench.cli.fetch_texts import fetched_content, fetched_text, next_command, plan_text
    from cosegbench.fetching import fetch as fetch_one
    from cosegbench.fetching import make_plan, remove_archives

    plan = make_plan(views, root)
    accept = _acceptance(root, yes)
    if plan.archives:
        click.echo(plan_text(plan, root), err=True)
        plan.check_room(root)
        accept(plan.licences())
    done: list[tuple[View, Fetched | CosegbenchError]] = []
    used: set[str] = set()
    for number, view in enumerate(views):
        # Two data sets may need one archive.
        later = {archive.url for other in (views if keep else views[number + 1 :]) for archive in other.archives()}
        try:
            fetched = fetch_one(view, root, progress=bar, accept=accept, keep=later)
        except CosegbenchError as error:
            done.append((view, error))
            continue
        done.append((view, fetched))
        used |= {archive.url for archive, _, _ in fetched.archives if not fetched.problems}
        if not keep:
            remove_archives([each for each in view.archives() if each.url in used - later], root)
    failed = any(isinstance(each, CosegbenchError) or each.problems for _, each in done)
    if len(done) == 1 and isinstance(done[0][1], CosegbenchError):
        raise done[0][1]
    then = None if failed else next_command([view for view, _ in done], root)
    content = {
        "data_root": str(root), "datasets": [fetched_content(view, each) for view, each in done], "next": then,
    }  # fmt: skip
    emit("\n".join(fetched_text(view, each, root) for view, each in done), content, json_file)
    if then:
        click.echo(f"Next: {then}", err=True)
    return failed


def _acceptance(root: Path, yes: bool) -> Callable[[list[str]], None]:
    """What shows licences that nobody has accepted yet, and remembers that they were."""
    from cosegbench.fetching import Licences

    def accept(texts: list[str]) -> None:
        store = Licences(root)
        if not (new := store.new(texts)):
            return
        for text in new:
            click.echo(text, err=True)
        if not yes:
            if not _somebody_is_there():
                raise RequestError("the licences above must be accepted: give --yes.")
            if not click.confirm("Do you accept these terms?", err=True):
                raise RequestError("the licences were not accepted; nothing was downloaded.")
        store.accept(new)

    return accept


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()
