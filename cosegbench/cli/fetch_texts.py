"""What ``datasets fetch`` says, as text and as plain data."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench.errors import CosegbenchError
from cosegbench.fetching import Pins
from cosegbench.fetching.places import archive_path
from cosegbench.fetching.space import size_text
from cosegbench.presence import card_name
from cosegbench.suites import SUITES

if TYPE_CHECKING:
    from cosegbench.archive_cards import ArchiveCard
    from cosegbench.fetching import Fetched, Plan, View

_SHOWN = 5


def plan_content(plan: Plan, root: Path) -> dict[str, Any]:
    """What is missing, and what would be downloaded."""
    return {
        "missing": plan.lacks,
        "archives": [_archive(archive, root) for _, archive in plan.archives],
        "bytes_to_download": plan.to_download,
        "size_unknown": list(plan.unknown),
        "bytes_needed": plan.needed,
        "bytes_free": plan.free,
        "licences": plan.licences(),
    }


def _archive(archive: ArchiveCard, root: Path) -> dict[str, Any]:
    return {
        "url": archive.url,
        "mirrors": list(archive.mirrors),
        "bytes": archive.bytes,
        "about_bytes": archive.about_bytes,
        "hash": archive.known_hash,
        "pinned": None if archive.known_hash else Pins(root).get(archive.url),
        "unpack_to": archive.unpack_to,
        "members": list(archive.members),
        "by_hand": archive.by_hand or None,
        "file": str(archive_path(root, archive)),
    }


def plan_text(plan: Plan, root: Path) -> str:
    """The plan for people."""
    if not plan.archives:
        return f"{', '.join(plan.lacks)}: everything is in {root} at a cheap look."
    lines = ["To download:"]
    for _, archive in plan.archives:
        lines.append(f"  {archive.url}")
        lines += [f"    or {mirror}" for mirror in archive.mirrors]
        lines.append(f"    {_size(archive)}, {_hash(archive, root)}")
        if archive.by_hand:
            lines.append(f"    by hand: {archive.by_hand} Put it at {archive_path(root, archive)}")
    more = f", and {', '.join(plan.unknown)} of unknown size" if plan.unknown else ""
    lines.append(
        f"{size_text(plan.to_download)} to download{more}; {size_text(plan.needed)} needed with what they unpack to, "
        f"{size_text(plan.free)} free in {root}"
    )
    return "\n".join(lines)


def _size(archive: ArchiveCard) -> str:
    if archive.bytes is not None:
        return f"{size_text(archive.bytes)} ({archive.bytes} bytes)"
    return "of unknown size" if archive.about_bytes is None else f"about {size_text(archive.about_bytes)}"


def _hash(archive: ArchiveCard, root: Path) -> str:
    if archive.known_hash:
        return f"published {archive.known_hash}"
    pin = Pins(root).get(archive.url)
    return f"no published hash; pinned {pin}" if pin else "no published hash: pinned on first use"


def fetched_content(view: View, done: Fetched | CosegbenchError) -> dict[str, Any]:
    """What became of one data set."""
    content: dict[str, Any] = {"id": view.card.id, "splits": list(view.splits), "conventions": dict(view.chosen)}
    if isinstance(done, CosegbenchError):
        return {**content, "state": "failed", "problems": [str(done)], "archives": []}
    archives = [
        {
            "url": archive.url,
            "from": got.source or None,
            "sha256": got.sha256,
            "compared_with": got.checked,
            "files_new": moved.new,
            "files_already_there": moved.same,
            "files_replaced": moved.replaced,
        }
        for archive, got, moved in done.archives
    ]
    return {**content, "state": done.state, "problems": done.problems, "archives": archives}


def fetched_text(view: View, done: Fetched | CosegbenchError, root: Path) -> str:
    """What became of one data set, for people."""
    splits = ", ".join(view.splits)
    head = f"{view.card.id} ({splits}):"
    if isinstance(done, CosegbenchError):
        return f"{head} failed: {done}"
    if done.state == "there":
        return f"{head} is there, and every file was opened; nothing to do."
    files = sum(moved.new + len(moved.replaced) for _, _, moved in done.archives)
    lines = [f"{head} {done.state}, {files} files written."]
    if done.problems:
        lines += [f"  - {line}" for line in done.problems[:_SHOWN]]
        if len(done.problems) > _SHOWN:
            lines.append(f"  and {len(done.problems) - _SHOWN} more")
    return "\n".join([*lines, *(f"  every file is opened by: {line}" for line in verify_commands(view, root))])


def verify_commands(view: View, root: Path) -> list[str]:
    """What opens every file of each split."""
    name = shlex.quote(card_name(view.card))
    return [
        f"cosegbench datasets verify {name} --data-root {shlex.quote(str(root))}"
        f"{f' --split {shlex.quote(split)}' if split != 'val' else ''}{_conventions(view)}"
        for split in view.splits
    ]


def next_command(views: Sequence[View], root: Path) -> str | None:
    """What to do with the data: a run of the first split."""
    ids = tuple(view.card.id for view in views)
    suite = next((name for name, members in SUITES.items() if members == ids), None)
    names = (
        [f"--dataset {shlex.quote(card_name(view.card))}" for view in views] if suite is None else [f"--suite {suite}"]
    )
    split = views[0].splits[0]
    chosen = " ".join(dict.fromkeys(filter(None, (_conventions(view).strip() for view in views))))
    parts = ["cosegbench run --predictor NAME", *names, f"--data-root {shlex.quote(str(root))}"]
    parts += [f"--split {shlex.quote(split)}"] if split != "val" else []
    return " ".join([*parts, chosen]).strip()


def _conventions(view: View) -> str:
    other = {key: value for key, value in view.chosen.items() if value != view.card.options[key].default}
    return "".join(f" --convention {key}={shlex.quote(value)}" for key, value in other.items())
