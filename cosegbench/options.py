"""``--set key=value`` typed by the signature of what the options are for."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union

from cosegbench.errors import RequestError, UnknownNameError

RESERVED = ("weights", "device", "seed")
"""Parameters that have a flag of their own; they are passed only where a signature names them."""

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_NONE = {"none", "null"}


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of one construction.

    Args:
        given: what the user said, typed; includes ``weights``, ``device`` and ``seed`` where they were passed.
        resolved: every argument of the signature, defaults filled in.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    resolved: Mapping[str, Any] = field(default_factory=dict)


def parse_options(target: Callable[..., Any], settings: Sequence[str], **reserved: Any) -> Options:
    """Turn ``["key=value", ...]`` into typed arguments for ``target``.

    Args:
        target: a class or function; its signature names, types and defaults the options.
        settings: texts with one ``=`` or more; the first parts key and value.
        reserved: values of ``weights``, ``device`` and ``seed``; each is passed only where the signature names it, and
            None means that the user gave none.

    Raises:
        RequestError: no ``=``, a key given twice, a value that does not fit its type, a required option left out, or a
            reserved key in ``settings``.
        UnknownNameError: a key that the signature does not have; lists those it has.
    """
    what = getattr(target, "__name__", str(target))
    parameters, open_ended = _parameters(target)
    known = [name for name in parameters if name not in RESERVED]
    given: dict[str, Any] = {}
    for setting in settings:
        key, value = _split(setting)
        if key in RESERVED:
            raise RequestError(f"--set {key}=... is not how {key} is set: use --{key} {value or 'VALUE'}.")
        if key in given:
            raise RequestError(f"option {key!r} of {what} is set twice. Give it once.")
        if key not in known and not open_ended:
            hint = "" if known else f"{what} takes no options."
            raise UnknownNameError(f"option of {what}", key, known, hint)
        given[key] = (
            convert(value, parameters[key].annotation, f"{what} option {key!r}") if key in parameters else value
        )
    given |= {key: value for key, value in reserved.items() if key in parameters and value is not None}
    _refuse_missing(what, parameters, given)
    defaults = {name: each.default for name, each in parameters.items() if each.default is not inspect.Parameter.empty}
    return Options(given, {**defaults, **given})


def takes(target: Callable[..., Any], name: str) -> bool:
    """Whether the signature of ``target`` names a parameter."""
    return name in _parameters(target)[0]


def describe_options(target: Callable[..., Any]) -> list[str]:
    """One line an option: ``"k: int | str = 20"``."""
    return [str(each) for name, each in _parameters(target)[0].items() if name not in RESERVED]


def convert(text: str, annotation: Any, what: str) -> Any:
    """Read ``text`` as a value of the annotated type.

    ``None`` is written ``none``; a bool ``true`` or ``false`` (also ``yes/no/on/off``, and ``1/0`` where the type is
    bool alone); a list or tuple with commas. Of a union the first member that fits is taken, ``str`` last.

    Raises:
        RequestError: no member of the type fits; says what was expected.
    """
    fits, value = _read(text, annotation)
    if not fits:
        raise RequestError(f"{what}: {text!r} is not {_expected(annotation)}.")
    return value


def _split(setting: str) -> tuple[str, str]:
    key, sign, value = setting.partition("=")
    if not sign or not key.strip():
        raise RequestError(f"--set {setting!r}: expected key=value, for instance --set k=20.")
    return key.strip(), value


def _parameters(target: Callable[..., Any]) -> tuple[dict[str, inspect.Parameter], bool]:
    """Named parameters with evaluated annotations, and whether the signature takes any further keyword."""
    signature = inspect.signature(target)
    hints = _hints(target)
    named, open_ended = {}, False
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            open_ended = True
        elif parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
            named[name] = parameter.replace(annotation=hints.get(name, _from_default(parameter)))
    return named, open_ended


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    """Evaluated annotations; where one names a type that is imported for checkers only, that one is left out."""
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        space = {**vars(typing), **getattr(function, "__globals__", {})}
        found = {}
        for name, hint in getattr(function, "__annotations__", {}).items():
            try:
                found[name] = typing.get_type_hints(types.SimpleNamespace(__annotations__={name: hint}), space)[name]
            except (NameError, TypeError, AttributeError):
                continue
        return found


def _from_default(parameter: inspect.Parameter) -> Any:
    """The type of a parameter without a usable annotation: that of its default, else text."""
    default = parameter.default
    if default is inspect.Parameter.empty or not isinstance(default, bool | int | float | str):
        return str | None if default is None else str
    return type(default)


def _refuse_missing(what: str, parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any]) -> None:
    empty = inspect.Parameter.empty
    missing = [name for name, each in parameters.items() if each.default is empty and name not in given]
    if missing:
        flags = " ".join(f"--{name} VALUE" if name in RESERVED else f"--set {name}=VALUE" for name in missing)
        raise RequestError(f"{what} cannot be built without {', '.join(missing)}: add {flags}.")


def _read(text: str, annotation: Any) -> tuple[bool, Any]:  # noqa: PLR0911 - one return a kind of type
    origin = typing.get_origin(annotation)
    if _is_union(annotation):
        return _read_union(text, typing.get_args(annotation))
    if _is_literal(annotation):
        return _read_literal(text, typing.get_args(annotation))
    if origin in (list, tuple, Sequence) or annotation in (list, tuple):
        return _read_many(text, annotation)
    if annotation is None or annotation is type(None):
        return text.lower() in _NONE, None
    if annotation is bool:
        return _read_bool(text, numbers=True)
    if annotation in (int, float):
        try:
            value = annotation(text)
        except ValueError:
            return False, None
        # A record cannot hold an infinite number, and would say so only after the last image.
        return (True, value) if math.isfinite(value) else (False, None)
    return (True, Path(text)) if annotation is Path else (True, text)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) is Union or isinstance(annotation, types.UnionType)


def _is_literal(annotation: Any) -> bool:
    return bool(typing.get_origin(annotation) == Literal)


def _read_bool(text: str, *, numbers: bool) -> tuple[bool, Any]:
    word = text.lower()
    if word in _TRUE or (numbers and word == "1"):
        return True, True
    return word in _FALSE or (numbers and word == "0"), False


def _read_union(text: str, members: tuple[Any, ...]) -> tuple[bool, Any]:
    """Narrow members before wide ones: ``none``, literals, bool words, then numbers, and text last."""
    ranks = {type(None): 0, bool: 2, int: 3, float: 4, Path: 6, str: 7}
    for member in sorted(members, key=lambda each: 1 if _is_literal(each) else ranks.get(each, 5)):
        numbers = int not in members and float not in members
        fits, value = _read_bool(text, numbers=numbers) if member is bool else _read(text, member)
        if fits:
            return True, value
    return False, None


def _read_literal(text: str, values: tuple[Any, ...]) -> tuple[bool, Any]:
    for value in values:
        fits, read = _read(text, type(value))
        if fits and read == value:
            return True, value
    return False, None


def _read_many(text: str, annotation: Any) -> tuple[bool, Any]:
    members = [each for each in typing.get_args(annotation) if each is not Ellipsis] or [str]
    parts = [part.strip() for part in text.split(",")] if text else []
    fixed = (
        typing.get_origin(annotation) is tuple
        and Ellipsis not in typing.get_args(annotation)
        and typing.get_args(annotation)
    )
    if fixed and len(parts) != len(members):
        return False, None
    read = [_read(part, members[place] if fixed else members[0]) for place, part in enumerate(parts)]
    values = [value for _, value in read]
    make = tuple if annotation is tuple or typing.get_origin(annotation) is tuple else list
    return all(fits for fits, _ in read), make(values)


def _expected(annotation: Any) -> str:
    if _is_union(annotation):
        return " or ".join(_expected(member) for member in typing.get_args(annotation))
    if _is_literal(annotation):
        return "one of " + ", ".join(repr(value) for value in typing.get_args(annotation))
    words = {int: "a whole number", float: "a number", bool: "true or false", type(None): "none", str: "a text"}
    return words.get(annotation, str(annotation).replace("typing.", ""))
