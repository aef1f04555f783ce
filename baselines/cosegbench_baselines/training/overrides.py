"""How ``--set key=value`` changes one field of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from cosegbench.errors import RequestError, UnknownNameError

_T = TypeVar("_T")


def override(base: _T, options: Mapping[str, str]) -> _T:
    """``base`` with the named fields replaced.

    Args:
        base: a dataclass of numbers, texts, booleans, tuples of integers, and dataclasses of these.
        options: field, or part.field, to text.

    Raises:
        UnknownNameError: no such field.
        RequestError: a value that does not read as the field's type, or a short name that fields of two parts have.
    """
    paths: dict[str, list[tuple[str, ...]]] = {}
    for name, path in _paths(base):
        paths.setdefault(name, []).append(path)
    for name, text in options.items():
        if name not in paths:
            raise UnknownNameError(
                "training option", name, (known for known, found in paths.items() if len(found) == 1)
            )
        if len(paths[name]) > 1:
            full = " or ".join(".".join(path) for path in paths[name])
            raise RequestError(f"training option {name} is the name of {len(paths[name])} options; give {full}.")
        base = _replaced(base, paths[name][0], text)
    return base


def _paths(base: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Every name of a field: its own, and for those of a part ``part.field``."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for entry in fields(base):
        value = getattr(base, entry.name)
        if is_dataclass(value):
            for inner in fields(value):
                found += [
                    (inner.name, (entry.name, inner.name)),
                    (f"{entry.name}.{inner.name}", (entry.name, inner.name)),
                ]
        else:
            found.append((entry.name, (entry.name,)))
    return found


def _replaced(base: Any, path: tuple[str, ...], text: str) -> Any:
    name = path[0]
    if len(path) > 1:
        return replace(base, **{name: _replaced(getattr(base, name), path[1:], text)})
    return replace(base, **{name: _read(name, text, get_type_hints(type(base))[name])})


_KINDS = {int: "a whole number", float: "a number"}


def _read(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise RequestError(f"training option {name}: expected one of {', '.join(get_args(kind))}, got {text!r}.")
        return text
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise RequestError(f"training option {name}: expected true or false, got {text!r}.")
        return text.lower() == "true"
    try:
        if get_origin(kind) is tuple:
            return tuple(int(part) for part in text.split(","))
        return kind(text)
    except ValueError as error:
        what = "whole numbers separated by commas" if get_origin(kind) is tuple else _KINDS.get(kind, kind)
        raise RequestError(f"training option {name}: {text!r} is not {what}.") from error
