"""Recipes by name, and how ``--set key=value`` changes one of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from cosegbench.errors import RequestError, UnknownNameError

_T = TypeVar("_T")


def override(base: _T, options: Mapping[str, str]) -> _T:
    """``base``, a dataclass of numbers, texts and booleans, with the named fields replaced.

    Raises:
        UnknownNameError: an option that is no field of ``base``.
        RequestError: a value that does not read as the field's type.
    """
    known = {field.name: getattr(base, field.name) for field in fields(base)}  # type: ignore[arg-type]
    changes = {}
    for name, text in options.items():
        if name not in known:
            raise UnknownNameError("training option", name, known)
        changes[name] = _read(name, text, known[name])
    return replace(base, **changes)  # type: ignore[type-var]


def _read(name: str, text: str, like: Any) -> Any:
    if isinstance(like, bool):
        if text.lower() not in ("true", "false"):
            raise RequestError(f"training option {name}: expected true or false, got {text!r}.")
        return text.lower() == "true"
    try:
        return type(like)(text)
    except ValueError as error:
        raise RequestError(f"training option {name}: {text!r} is not a number like {like!r}.") from error
