"""One archive on disk, with its hash compared: from where it lies already, or from the first address that gives it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cosegbench.archive_cards import ArchiveCard
from cosegbench.errors import CardError, DataError, MissingDataError
from cosegbench.fetching.download import Patience, ResumingDownloader, SourceError
from cosegbench.fetching.places import archive_path
from cosegbench.fetching.progress import Progress
from cosegbench.fetching.space import full_disk_explained, require
from cosegbench.fetching.stores import Pins
from cosegbench.files import file_digest

_ROUGHLY = 2
"""A file may have so many times the size that is known roughly."""


@dataclass(frozen=True, slots=True)
class Obtained:
    """An archive that was compared with all that is known of it.

    Args:
        path: where it lies.
        source: the address that gave it; empty where it lay there.
        sha256: its hash.
        checked: ``"published hash"``, ``"pinned hash"``, or ``"nothing"`` at first use of an address without a hash.
    """

    path: Path
    source: str
    sha256: str
    checked: str


def obtain(
    archive: ArchiveCard,
    root: Path,
    *,
    progress: Progress,
    examine: Callable[[Path], None],
    unpacked: int = 0,
    patience: Patience | None = None,
) -> Obtained:
    """The archive's file under the data root, downloaded where it is not there.

    Args:
        archive: which.
        root: the data root; its lock is held.
        progress: is told how it goes.
        examine: looks at a downloaded file; raises DataError where it is damaged or hostile.
        unpacked: bytes that are kept free for what the archive unpacks to.
        patience: how long to try each address.

    Raises:
        MissingDataError: it must be asked for by hand.
        DataError: no address gives it as it should be; says why for each.
        CardError: it has its published hash and is not what the card says.
        WorkError: there is no room for it.
    """
    path, pins = archive_path(root, archive), Pins(root)
    known = archive.known_hash or pins.get(archive.url)
    checked = "published hash" if archive.known_hash else "pinned hash" if known else "nothing"
    if path.is_file():
        if _fits(archive, path, known, examine, progress):
            return Obtained(path, "", _sha256(path, known), checked)
        if archive.by_hand:
            raise DataError(f"{path}: is damaged, or not the file that was meant. Put another there.")
        path.unlink()
    if archive.by_hand:
        raise MissingDataError(by_hand_text(archive, path))
    path.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in (archive.url, *archive.mirrors):
        try:
            _retrieve(archive, url, path, known, progress, unpacked, patience or Patience())
            _examine(archive, path, examine)
        except (SourceError, DataError) as error:
            path.unlink(missing_ok=True)
            reasons.append(f"{url}: {error}")
            progress.remark(f"not from {url}: {error}")
            continue
        return Obtained(path, url, _sha256(path, known), checked)
    raise DataError(_failed(archive, path, known, pins), reasons)


def by_hand_text(archive: ArchiveCard, path: Path) -> str:
    """What a person has to do for an archive that is not given to programs."""
    return (
        f"{archive.name} must be asked for by hand: {archive.by_hand} The address is {archive.url}; put the file at "
        f"{path} and start the same command again."
    )


def _failed(archive: ArchiveCard, path: Path, known: str | None, pins: Pins) -> str:
    text = f"{archive.name} could not be had from any of its {1 + len(archive.mirrors)} address(es)."
    if known and not archive.known_hash:
        text += (
            f" Its hash was pinned when it was first fetched, in {pins.path}; if its authors are known to have "
            "replaced it, remove that entry."
        )
    return f"{text} Start the same command again later, or put the file at {path} yourself."


def _fits(
    archive: ArchiveCard, path: Path, known: str | None, examine: Callable[[Path], None], progress: Progress
) -> bool:
    """Whether a file that lies there is the one."""
    import pooch

    try:
        if known is not None and pooch.file_hash(str(path), alg=known.partition(":")[0]) != known.partition(":")[2]:
            raise DataError(f"its hash is not {known}.")
        _examine(archive, path, examine)
    except DataError as error:
        progress.remark(f"{path} is of no use: {error}")
        return False
    return True


def _examine(archive: ArchiveCard, path: Path, examine: Callable[[Path], None]) -> None:
    """Look into an archive; one that has its published hash will not be better from another address.

    Raises:
        DataError: it is damaged or hostile.
        CardError: it is the published file, and not what the card says of it.
    """
    try:
        examine(path)
    except DataError as error:
        if archive.known_hash:
            raise CardError(
                f"{path} has its published hash, and yet {error} The card is wrong, or the hash."
            ) from error
        raise


def _sha256(path: Path, known: str | None) -> str:
    """The file's SHA-256; one that was just compared is not computed again."""
    return known.removeprefix("sha256:") if known and known.startswith("sha256:") else file_digest(path)


def _retrieve(
    archive: ArchiveCard,
    url: str,
    path: Path,
    known: str | None,
    progress: Progress,
    unpacked: int,
    patience: Patience,
) -> None:
    """Download from one address through pooch, which compares the hash; twice where an older part may be to blame."""
    import pooch

    roughly = archive.about_bytes and _ROUGHLY * archive.about_bytes
    downloader = ResumingDownloader(
        path.with_name(f"{path.name}.part"),
        exact=archive.bytes,
        most=roughly,
        hashed=known is not None,
        progress=progress,
        room=lambda size: require(path.parent, size + unpacked, f"downloading and unpacking {archive.name}"),
        patience=patience,
    )
    for last in (False, True):
        try:
            with _quiet_pooch(), full_disk_explained(path.parent, f"downloading {archive.name}"):
                pooch.retrieve(url, known, fname=path.name, path=path.parent, downloader=downloader)
            break
        except ValueError as error:
            if last or not downloader.resumed:
                raise SourceError(f"its hash is not {known}; what came was thrown away") from error
            progress.remark(f"the hash of {archive.name} is wrong, perhaps from an older part; beginning anew")
        finally:
            progress.stop()
    if downloader.plain and archive.known_hash is None:
        progress.remark(
            f"unverified: {archive.name} came over plain http from {urlsplit(url).hostname}, and no hash of it is "
            f"published; {'it equals what was pinned at first use' if known else 'it is pinned from now on'}"
        )


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's own remarks back; ours say the same in the house's words."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
