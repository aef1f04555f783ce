"""What ``cosegbench datasets`` says: first as plain values for ``--json``, then as text made from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosegbench.dataset import Dataset
from cosegbench.errors import CosegbenchError
from cosegbench.locate import DATA_ROOT_VARIABLE
from cosegbench.suites import suites_of

if TYPE_CHECKING:
    from cosegbench.card_schema import DatasetCard
    from cosegbench.verify import VerifyReport

_SHOWN_CLASSES = 12

NOT_DRAWN = "not drawn yet: `run` draws it there at first use; elsewhere: cosegbench datasets miniature --out DIR"


def split_states(
    card: DatasetCard, root: Path | None, options: Mapping[str, str], *, drawn: bool = True
) -> list[dict[str, Any]]:
    """One entry a split: how many images it must have, how many are listed, and what is missing.

    Args:
        card: the data set's.
        root: where to look; None looks nowhere.
        options: the chosen conventions.
        drawn: False for a miniature that will be drawn at first use, of which nothing is missing.
    """
    states = []
    for name in card.splits:
        chosen = card.choose(options)
        expected = card.split(name, chosen).count
        state: dict[str, Any] = {"split": name, "expected_images": expected, "images": None, "missing": None}
        if root is None:
            state["state"] = "not looked for" if expected is None else f"({expected} images)"
        elif not drawn:
            state["state"] = f"not drawn yet ({expected} images)"
        else:
            state |= _look(Dataset(card, root, name, chosen))
        states.append(state)
    return states


def _look(dataset: Dataset) -> dict[str, Any]:
    missing = dataset.missing()
    try:
        images: int | None = len(dataset.image_ids)
    except CosegbenchError:
        images = None
    if not missing:
        return {"images": images, "missing": [], "state": f"complete ({images} images)"}
    absent = all(line.startswith("count: ") for line in missing)
    return {"images": images, "missing": missing, "state": "incomplete" if absent else "missing"}


def info_content(
    card: DatasetCard, root: Path | None, chosen: Mapping[str, str], *, drawn: bool = True
) -> dict[str, Any]:
    """Everything that ``datasets info`` says; arguments as for :func:`split_states`, every option with a value."""
    vocabulary = card.vocabulary()
    form = card.format(chosen)
    given = {name: value for name, value in chosen.items() if name in card.options}
    return {
        "id": card.id,
        "title": card.title,
        "world": card.world,
        "card": str(card.path),
        "classes": len(vocabulary),
        "background": vocabulary.names[vocabulary.background] if vocabulary.background is not None else None,
        "vocabulary_digest": vocabulary.digest,
        "photographs": card.images,
        "labels": form.labels,
        "format": form.kind,
        "suites": list(suites_of(card.id)),
        "data_root": None if root is None else str(root),
        "drawn": drawn if card.world == "miniature" else None,
        "splits": split_states(card, root, given, drawn=drawn),
        "conventions": [
            {
                "name": o.name,
                "chosen": chosen.get(o.name),
                "default": o.default,
                "choices": list(o.choices),
                "help": o.help,
            }
            for o in card.options.values()
        ],
        "archives": [
            {key: value for key in _ARCHIVE_KEYS if (value := getattr(archive, key)) not in (None, "", ())}
            for archive in card.archives
        ],
        "notes": " ".join(card.notes.split()),
        "licence": card.licence,
        "homepage": card.homepage,
        "citation": card.citation,
    }


_ARCHIVE_KEYS = (
    "url", "mirrors", "unpack_to", "members", "splits", "when", "bytes", "about_bytes", "md5", "sha1", "sha256",
    "unpacked_limit", "licence", "by_hand", "note",
)  # fmt: skip


def info_text(content: Mapping[str, Any]) -> str:
    """``datasets info`` as text."""
    background = f"one of them {content['background']!r}" if content["background"] else "background is not scored"
    lines = [
        f"{content['id']}: {content['title']}",
        f"  classes      {content['classes']}, {background}",
        f"  photographs  {content['photographs']}",
        f"  labels       {content['labels']}  ({content['format']})",
        f"  suites       {', '.join(content['suites']) or 'none'}",
        f"  data root    {content['data_root'] or f'none was given (--data-root, {DATA_ROOT_VARIABLE})'}",
    ]
    if content["drawn"] is False:
        lines.append(f"               {NOT_DRAWN}")
    if content["notes"]:
        lines.append(f"  notes        {content['notes']}")
    lines.append("Splits:")
    for split in content["splits"]:
        lines.append(f"  {split['split']}: {split['state']}")
        lines += [f"    - {line}" for line in split["missing"] or []]
    if content["conventions"]:
        lines.append("Conventions (--convention NAME=VALUE):")
        lines += [_convention_text(item) for item in content["conventions"]]
    if content["archives"]:
        lines.append("Archives (`datasets fetch` downloads them; each is unpacked below the data root):")
        lines += [_archive_text(item) for item in content["archives"]]
    lines += [
        f"{word}: {content[word.lower()]}" for word in ("Licence", "Homepage", "Citation") if content[word.lower()]
    ]
    return "\n".join(lines)


def _convention_text(item: Mapping[str, Any]) -> str:
    state = item["chosen"] if item["chosen"] is not None else "has no effect here"
    return f"  {item['name']}: {state}  [{' | '.join(item['choices'])}; default {item['default']}]\n    {item['help']}"


def _archive_text(item: Mapping[str, Any]) -> str:
    lines = [f"  {item['url']}", f"    into {item.get('unpack_to', '.')}/"]
    for key in _ARCHIVE_KEYS:
        if key in item and key not in ("url", "unpack_to"):
            value = item[key]
            lines += [f"    {key} {', '.join(value) if isinstance(value, tuple) else value}"]
    return "\n".join(lines)


def report_content(dataset: Dataset, report: VerifyReport) -> dict[str, Any]:
    """Everything that ``datasets verify`` says."""
    return {
        "id": dataset.id,
        "split": dataset.split,
        "data_root": str(dataset.root),
        "conventions": dict(dataset.options),
        "ok": report.ok,
        "problems": list(report.problems),
        "images": report.images,
        "ids_sha256": dataset.image_list_digest if report.images else None,
        "images_sha256": report.images_digest or None,
        "classes": len(dataset.vocabulary),
        "classes_without_ground_truth": list(report.classes_without_gt),
        "classes_per_image": report.classes_per_image,
        "ignored_share": report.ignored_share,
        "unused_values": {str(value): pixels for value, pixels in report.unused.items()},
        "pixels": dict(report.pixels),
    }


def report_text(content: Mapping[str, Any]) -> str:
    """``datasets verify`` as text."""
    conventions = ", ".join(f"{name}={value}" for name, value in content["conventions"].items())
    lines = [
        f"{content['id']}, split {content['split']}{f' ({conventions})' if conventions else ''}: {_verdict(content)}"
    ]
    lines += [f"  - {problem}" for problem in content["problems"]]
    if not content["images"]:
        return "\n".join(lines)
    absent = content["classes_without_ground_truth"]
    shown = ", ".join(absent[:_SHOWN_CLASSES]) + (", ..." if len(absent) > _SHOWN_CLASSES else "")
    lines += [
        f"  images                        {content['images']}",
        f"  classes with ground truth     {content['classes'] - len(absent)} of {content['classes']}",
        f"  classes without ground truth  {len(absent)}{f' ({shown})' if absent else ''}",
        f"  classes an image              {content['classes_per_image']:.2f}",
        f"  ignored pixels                {100 * content['ignored_share']:.2f} %",
        f"  ids_sha256                    {content['ids_sha256']}",
    ]
    lines += [f"  value {v}: {n} pixels, should not occur" for v, n in content["unused_values"].items()]
    return "\n".join(lines)


def _verdict(content: Mapping[str, Any]) -> str:
    return "all files are right." if content["ok"] else f"{len(content['problems'])} problem(s)."
