"""Where a published checkpoint's files lie: in a local folder, in the hub's cache, or on the hub at one revision.

The hub client does the caching and the downloading; ``HF_HOME``, ``HF_HUB_CACHE``, ``HF_HUB_OFFLINE`` and
``TRANSFORMERS_OFFLINE`` are its own and are respected. What lies whole in its cache is used without asking the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import DataError, MissingWeightsError, RequestError
from cosegbench_baselines.checkpoint_files import CONFIG, WEIGHTS, chosen_files, missing_files, missing_in

CLIP_HUB_ID = "openai/clip-vit-base-patch16"
CLIPSEG_HUB_ID = "CIDAS/clipseg-rd64-refined"

PINNED: Mapping[str, str] = {
    CLIP_HUB_ID: "57c216476eefef5ab752ec549e440a49ae4ae5f3",
    "openai/clip-vit-large-patch14": "32bd64288804d66eefd0ccbe215aa642df71cc41",
    "openai/clip-vit-large-patch14-336": "ce19dc912ca5cd21c8a653c79e251e808ccabcd1",
    CLIPSEG_HUB_ID: "999e0328d9e10b484360c477313983f9afdd7050",
}
"""The commit that a bare hub id means; any other id means ``main``. Sources: docs/checkpoints.md."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder that holds a configuration, weights and a tokenizer.

    Args:
        folder: where the files lie.
        source: what a record or checkpoint refers to: a folder as it was given, or ``name@commit``.
        revision: the commit on the hub; None for a local folder.
    """

    folder: Path
    source: str
    revision: str | None = None


def local_folder(source: str, near: Path | None = None) -> Path | None:
    """The folder that ``source`` names, tried in ``near`` first; None where there is none."""
    for path in (near / source if near else None, Path(source).expanduser()):
        if path is not None and path.is_dir():
            return path
    return None


def find_snapshot(what: str, source: str, near: Path | None = None) -> Snapshot:
    """Find a published checkpoint's files, downloading them where they are not here and the hub may be asked.

    Args:
        what: ``CLIP`` or ``CLIPSeg``, for messages.
        source: a folder, or ``name`` or ``name@revision`` on the hub (commit, tag or branch).
        near: a folder in which a relative folder name is tried first.

    Raises:
        MissingWeightsError: nothing there; says which file was looked for, where, and how to get it.
        RequestError: ``source`` is neither a folder nor a hub id.
        DataError: an index of weights cannot be read.
    """
    folder = local_folder(source, near)
    if folder is not None:
        lacking = missing_in(folder)
        if lacking:
            raise MissingWeightsError(
                f"{what} weights {source!r}: the folder {folder} has no {lacking}. Fetch the whole checkpoint with "
                "`hf download NAME --local-dir FOLDER`, or name the folder that holds it."
            )
        return Snapshot(folder, source)
    name, revision = split_revision(what, source)
    cached = _cached(name, revision)
    if cached is None or missing_in(cached):
        cached = _download(what, name, revision)
    return Snapshot(cached, f"{name}@{cached.name}", cached.name)


def split_revision(what: str, source: str) -> tuple[str, str]:
    """``name`` and ``revision`` of ``name[@revision]``; without one the pinned commit, else ``main``.

    Raises:
        MissingWeightsError: it is a path, and no folder is there.
        RequestError: it is no hub id.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    name, at, revision = source.partition("@")
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name:
        raise MissingWeightsError(
            f"{what} weights {source!r}: there is no such folder. Expected one with {CONFIG}, weights "
            f"({WEIGHTS[0]}) and a tokenizer, or a hub id such as {CLIP_HUB_ID}."
        )
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise RequestError(f"{what} weights {source!r}: neither a folder nor a hub id ({error}).") from error
    if at and not revision:
        raise RequestError(f"{what} weights {source!r}: nothing stands after @. Give a commit, tag or branch.")
    return name, revision or PINNED.get(name, "main")


def _cached(name: str, revision: str) -> Path | None:
    """The folder of a revision in the hub's cache, or None."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, CONFIG, revision=revision)
    return Path(found).parent if isinstance(found, str) else None


def _download(what: str, name: str, revision: str) -> Path:
    """Fetch what is not yet in the cache, and name the folder there.

    Raises:
        MissingWeightsError: offline, no such repository or revision, or it lacks a file.
    """
    import huggingface_hub

    if huggingface_hub.is_offline_mode():
        raise _not_here(what, name, revision, "the hub client is offline (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE)")
    try:
        commit, files = _listing(name, revision)
        lacking = missing_files(files)
        if not lacking:
            return _fetched(name, commit, files)
    except DataError:
        raise
    except Exception as error:  # the client's errors and those of its HTTP library have no common base
        word = (str(error).splitlines() or ["no further word"])[0]
        raise _not_here(what, name, revision, f"the hub gave {type(error).__name__} ({word})") from error
    raise _not_here(what, name, revision, f"{name} on the hub has no {lacking}")


def _listing(name: str, revision: str) -> tuple[str, list[str]]:
    """Commit and file names of a revision on the hub.

    One short question before any download: without a network the client's downloads retry for half a minute.
    """
    from huggingface_hub import HfApi, constants

    info = HfApi().model_info(name, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    return str(info.sha), [entry.rfilename for entry in info.siblings or []]


def _fetched(name: str, commit: str, files: Iterable[str]) -> Path:
    from huggingface_hub import hf_hub_download

    def fetch(file: str) -> Path:
        return Path(hf_hub_download(name, file, revision=commit))

    for file in chosen_files(files, fetch):
        fetch(file)
    return fetch(CONFIG).parent


def _not_here(what: str, name: str, revision: str, why: str) -> MissingWeightsError:
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    repository = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
    snapshots = repository / "snapshots"
    others = sorted(path.name for path in snapshots.iterdir()) if snapshots.is_dir() else []
    hint = f" The cache holds {', '.join(f'{name}@{other}' for other in others)}." if others else ""
    cached = _cached(name, revision)
    lacking = CONFIG if cached is None else missing_in(cached)
    return MissingWeightsError(
        f"{what} weights {name!r} at revision {revision}: {lacking} was looked for in {cached or snapshots / revision} "
        f"and is not there, and {why}.{hint} Fetch them once, where there is a network, with "
        f"`hf download {name} --revision {revision}`, or give a local folder."
    )
