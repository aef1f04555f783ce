"""Finding the data sets of a request: all that is missing is said at once, before anything else is looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cosegbench.card_schema import DatasetCard
from cosegbench.cards import load_card
from cosegbench.dataset import Dataset, locate_dataset
from cosegbench.errors import CosegbenchError, DataError, MissingDataError, RequestError, UnknownNameError
from cosegbench.locate import default_data_root
from cosegbench.presence import advice
from cosegbench.verify import verify


def open_datasets(
    names: Sequence[str | Path],
    *,
    data_root: Path | None = None,
    split: str = "val",
    conventions: Mapping[str, str] | None = None,
    limit: int | None = None,
    photographs: bool = True,
    remark: Callable[[str], None] = lambda _: None,
) -> list[Dataset]:
    """The data sets, in order, each looked at for what is missing.

    Args:
        names: card ids or paths.
        data_root: where the data lies; without one, ``COSEGBENCH_DATA``, and for the miniature the user's cache.
        split: a split that every card has.
        conventions: options of cards; each is given to the cards that have it.
        limit: only the first so many images of each.
        photographs: whether photographs are needed.
        remark: told where the miniature is drawn.

    Raises:
        MissingDataError: lists everything that is missing, of every data set, and the command that mends it.
        RequestError: no data set, one named twice, or a convention that none of them has.
        UnknownNameError, CardError: a name or card that is wrong.
    """
    cards = [load_card(name) for name in names]
    _check_request(cards, conventions or {})
    datasets, problems = [], []
    for name, card in zip(names, cards, strict=True):
        try:
            chosen = {key: value for key, value in (conventions or {}).items() if key in card.options}
            root = data_root if data_root is not None else default_root(card, remark)
            dataset = locate_dataset(name, root, split, **chosen)
            dataset = dataset if limit is None else dataset.subset(limit)
            absent = dataset.blocking(photographs=photographs)
        except MissingDataError as error:
            problems.append(f"  {error}")
            continue
        datasets.append(dataset)
        if absent:
            lines = "".join(f"\n    - {line}" for line in absent)
            problems.append(f"  {card.id}, split {split}, is not complete:{lines}\n    {advice(card)}")
    if problems:
        raise MissingDataError(
            "\n".join([f"data is missing for {len(problems)} of {len(names)} data sets:", *problems])
        )
    return datasets


def check_files(datasets: Sequence[Dataset], *, photographs: bool = True) -> None:
    """Look at every file before any work starts.

    Raises:
        DataError: lists every broken file of every data set, as ``datasets verify`` does.
    """
    problems = [line for each in datasets for line in verify(each, photographs=photographs).problems]
    if problems:
        names = ", ".join(each.id for each in datasets)
        raise DataError(f"{names}: {len(problems)} problem(s) in the data; nothing was run.", problems)


def content_digests(datasets: Sequence[Dataset], *, photographs: bool = True) -> dict[str, str]:
    """The digest of each data set's labels, by id.

    Raises:
        DataError: a file cannot be read; lists every broken file, not only the first.
    """
    try:
        return {each.id: each.content_digest() for each in datasets}
    except CosegbenchError:
        check_files(datasets, photographs=photographs)
        raise


def default_root(card: DatasetCard, remark: Callable[[str], None]) -> Path | None:
    """For the miniature, unless ``COSEGBENCH_DATA`` holds one, the copy in the user's cache, drawn at first use."""
    root = default_data_root()
    if card.world != "miniature" or (root is not None and card.marker and (root / card.marker).is_file()):
        return root
    from cosegbench.miniature import ensure_miniature

    drawn = ensure_miniature()
    remark(f"miniature data root: {drawn}")
    return drawn


def _check_request(cards: Sequence[DatasetCard], conventions: Mapping[str, str]) -> None:
    if not cards:
        raise RequestError("no data set was named: give --suite or --dataset.")
    ids = [card.id for card in cards]
    double = sorted({name for name in ids if ids.count(name) > 1})
    if double:
        raise RequestError(f"named more than once: {', '.join(double)}. Name each data set once.")
    known = {name for card in cards for name in card.options}
    for name in conventions:
        if name not in known:
            raise UnknownNameError("convention of these data sets", name, known)
