"""Finding the data sets of a request: all that is missing is said at once, before anything else is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosegbench.card_schema import DatasetCard
from cosegbench.cards import load_card
from cosegbench.dataset import Dataset, locate_dataset
from cosegbench.errors import CosegbenchError, DataError, MissingDataError, RequestError, UnknownNameError
from cosegbench.files import text_digest
from cosegbench.locate import NO_DATA_ROOT, default_data_root
from cosegbench.presence import advice, advice_for
from cosegbench.verify import verify


@dataclass(frozen=True, slots=True)
class View:
    """One data set view as a protocol scores it.

    Args:
        name: card id or path.
        options: options of its card that differ from their defaults.
    """

    name: str | Path
    options: Mapping[str, str] = field(default_factory=dict)


def choose_options(card: DatasetCard, conventions: Mapping[str, str], required: Mapping[str, str]) -> dict[str, str]:
    """The options of one card: what the user chose, where the card has it, and what the protocol requires.

    Raises:
        RequestError: the two contradict each other.
    """
    chosen = {key: value for key, value in conventions.items() if key in card.options}
    for key, value in required.items():
        if chosen.get(key, value) != value:
            raise RequestError(
                f"--convention {key}={chosen[key]} contradicts the protocol, which scores {card.id} with {key}={value}."
            )
    return {**chosen, **required}


def check_columns(names: Sequence[str | Path], conventions: Mapping[str, str]) -> list[DatasetCard]:
    """The cards of a request.

    Raises:
        RequestError: no data set, or one named twice.
        UnknownNameError, CardError: a name or card that is wrong, or a convention that no card has.
    """
    cards = [load_card(name) for name in names]
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
    return cards


def open_views(
    views: Sequence[View],
    *,
    data_root: Path | None = None,
    split: str = "val",
    limit: int | None = None,
    photographs: bool = True,
    remark: Callable[[str], None] = lambda _: None,
) -> list[Dataset]:
    """The data sets, in order, each looked at for what is missing.

    Args:
        views: what to open.
        data_root: where the data lies; without one, ``COSEGBENCH_DATA``, and for the miniature the user's cache.
        split: a split that every card has.
        limit: only the first so many images of each.
        photographs: whether photographs are needed.
        remark: told where the miniature is drawn.

    Raises:
        MissingDataError: lists everything that is missing, of every data set, and the command that mends it.
        UnknownNameError, CardError: a name or card that is wrong.
    """
    once = _once(remark)
    datasets, problems = [], []
    rootless: dict[str, dict[str, DatasetCard]] = {}
    for view in views:
        card = load_card(view.name)
        root = data_root if data_root is not None else default_root(card, once)
        if root is None or not root.is_dir():
            lack = NO_DATA_ROOT if root is None else f"{root} is missing: the data root."
            rootless.setdefault(lack, {})[card.id] = card
            continue
        try:
            dataset = locate_dataset(view.name, root, split, **view.options)
            dataset = dataset if limit is None else dataset.subset(limit)
            absent = [line for line in dataset.missing(photographs=photographs) if not line.startswith("count: ")]
        except MissingDataError as error:
            problems.append(f"  {card.id}, split {split}: {error}")
            continue
        datasets.append(dataset)
        if absent:
            lines = "".join(f"\n    - {line}" for line in absent)
            problems.append(
                f"  {card.id}, split {split}, is not complete:{lines}\n    {advice(card, root, split, dataset.options)}"
            )
    if problems or rootless:
        unique = list(dict.fromkeys(problems))
        number = len(unique) + sum(map(len, rootless.values()))
        # One sentence for all that lack the same folder, not one for each.
        alike = [
            f"  {', '.join(lack)}: {why} {advice_for(list(lack.values()), data_root)}" for why, lack in rootless.items()
        ]
        raise MissingDataError(
            "\n".join([f"data is missing for {number} data set{'s' if number > 1 else ''}:", *alike, *unique])
        )
    return datasets


def check_files(datasets: Sequence[Dataset], *, photographs: bool = True) -> list[str]:
    """Look at every file before any work starts.

    Returns:
        The digest of each data set's photographs, in order; empty where they were not looked at.

    Raises:
        DataError: lists every broken file of every data set, as ``datasets verify`` does.
    """
    unique = different(datasets)
    reports = {data_key(each): verify(each, photographs=photographs) for each in unique}
    problems = [line for report in reports.values() for line in report.problems]
    if problems:
        names = ", ".join(each.id for each in unique)
        raise DataError(f"{names}: {len(problems)} problem(s) in the data; nothing was run.", problems)
    return [reports[data_key(each)].images_digest for each in datasets]


def data_key(dataset: Dataset) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Equal for two data sets of one request that read the same files in the same way."""
    return dataset.id, tuple(sorted(dataset.options.items()))


def different(datasets: Iterable[Dataset]) -> list[Dataset]:
    """Each data set once, though several passes read it."""
    return list({data_key(each): each for each in datasets}.values())


def content_digests(datasets: Sequence[Dataset], *, photographs: bool = True) -> list[str]:
    """The digest of each data set's labels, in order.

    Raises:
        DataError: a file cannot be read; lists every broken file, not only the first.
    """
    try:
        found = {data_key(each): each.content_digest() for each in different(datasets)}
        return [found[data_key(each)] for each in datasets]
    except CosegbenchError:
        check_files(datasets, photographs=photographs)
        raise


def sizes_digest(dataset: Dataset) -> str:
    """SHA-256 over ids and file sizes of the photographs; empty where one is missing, which `check_files` will say.

    Part of a run's identity. The bytes are read only where there is work to do: a finished run is recognised at once.
    """
    try:
        sizes = [(image_id, dataset.image_path(image_id).stat().st_size) for image_id in sorted(dataset.image_ids)]
    except OSError:
        return ""
    return text_digest("".join(f"{image_id} {size}\n" for image_id, size in sizes))


def default_root(card: DatasetCard, remark: Callable[[str], None]) -> Path | None:
    """Where a card's data lies if nobody says: ``COSEGBENCH_DATA``.

    For the miniature, unless it lies there, the copy in the user's cache, which is drawn at first use.
    """
    root = default_data_root()
    if _lies_there(card, root):
        return root
    from cosegbench.miniature import ensure_miniature

    drawn = ensure_miniature()
    remark(f"miniature data root: {drawn}")
    return drawn


def expected_root(card: DatasetCard) -> Path | None:
    """As :func:`default_root`, and nothing is drawn: the miniature's place in the cache, drawn or not."""
    root = default_data_root()
    if _lies_there(card, root):
        return root
    from cosegbench.miniature import miniature_path

    return miniature_path()


def _lies_there(card: DatasetCard, root: Path | None) -> bool:
    """Whether a card's data belongs under this root: everything real does, and a miniature that lies there."""
    return card.world != "miniature" or (
        root is not None and card.marker is not None and (root / card.marker).is_file()
    )


def _once(remark: Callable[[str], None]) -> Callable[[str], None]:
    """Pass each text on at its first time only."""
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said:
            said.add(text)
            remark(text)

    return say
