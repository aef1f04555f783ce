"""Dataclasses to plain JSON values and back, with every type checked."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from cosegbench.errors import RecordError


def encode(value: Any, where: str = "record") -> Any:
    """Plain values that JSON has: NaN becomes null, a path its text, a tuple a list.

    Raises:
        RecordError: a value that JSON cannot hold, or an infinite number; names its place.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: encode(getattr(value, each.name), f"{where}.{each.name}") for each in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): encode(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [encode(item, f"{where}[{place}]") for place, item in enumerate(items)]
    return _encode_plain(value, where)


def decode(cls: Any, value: Any, where: str = "record") -> Any:  # noqa: PLR0911 - one return a kind of type
    """Build an instance of the annotated type from plain values.

    Raises:
        RecordError: a missing or unknown key, or a value of another type; names its place.
    """
    origin = typing.get_origin(cls)
    if cls is Any:
        return value
    if dataclasses.is_dataclass(cls):
        return _decode_dataclass(cls, value, where)
    if isinstance(cls, types.UnionType):
        return _decode_optional(cls, value, where)
    if origin is tuple:
        item = typing.get_args(cls)[0]
        return tuple(decode(item, each, f"{where}[{place}]") for place, each in enumerate(_typed(value, list, where)))
    if origin is not None and issubclass(origin, Mapping):
        item = typing.get_args(cls)[1]
        return {key: decode(item, each, f"{where}.{key}") for key, each in _typed(value, dict, where).items()}
    if cls is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _typed(value, cls, where)


def _encode_plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        return _encode_plain(value.item(), where)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isinf(value):
            raise RecordError(f"{where} is {value}, which a record cannot hold.")
        return None if math.isnan(value) else value
    raise RecordError(
        f"{where} is a {type(value).__name__}, which a record cannot hold. Use numbers, texts, lists and tables."
    )


def _decode_dataclass(cls: Any, value: Any, where: str) -> Any:
    table = _typed(value, dict, where)
    hints = typing.get_type_hints(cls)
    fields = {each.name: each for each in dataclasses.fields(cls)}
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            raise RecordError(f"{where} has an unknown key {key!r}.{f' Did you mean {near[0]!r}?' if near else ''}")
    missing = [name for name, each in fields.items() if name not in table and _required(each)]
    if missing:
        raise RecordError(f"{where} lacks {', '.join(missing)}.")
    return cls(**{name: decode(hints[name], item, f"{where}.{name}") for name, item in table.items()})


def _decode_optional(cls: types.UnionType, value: Any, where: str) -> Any:
    if value is None:
        return None
    (item,) = [each for each in typing.get_args(cls) if each is not type(None)]
    return decode(item, value, where)


def _typed(value: Any, cls: type[Any], where: str) -> Any:
    if not isinstance(value, cls) or (isinstance(value, bool) and cls is not bool):
        raise RecordError(f"{where} is {value!r:.60}; expected {cls.__name__}.")
    return value


def _required(each: dataclasses.Field[Any]) -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
