"""Predictors and trainers by name: entry points, names of this process, ``module:Class`` and ``file.py:Class``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cosegbench.errors import PluginError, RequestError
from cosegbench.options import Options, parse_options
from cosegbench.plugins import Plugin, PluginGroup, PluginSummary, describe_failure, load_target
from cosegbench.training import Trainer

__all__ = [
    "Options",
    "PluginSummary",
    "PredictorEntry",
    "list_predictors",
    "list_trainers",
    "load_trainer",
    "parse_options",
    "predictor_summaries",
    "register_predictor",
    "register_trainer",
    "resolve_predictor",
    "trainer_summaries",
]

ClassT = TypeVar("ClassT")

PREDICTORS = PluginGroup("cosegbench.predictors", "predictor")
TRAINERS = PluginGroup("cosegbench.trainers", "trainer")

_MAX_FILES = 500
_FILE_HINT = "A predictor in a file is given as path/to/file.py:Class, one in a module as module:Class."


@dataclass(frozen=True, slots=True)
class PredictorEntry:
    """A predictor class that was found and imported.

    Args:
        id: the name of its folder under ``results/`` and of its row in tables.
        cls: the class; built as ``cls(**options)``.
        target: ``"module:Class"`` or ``"file.py:Class"``, without the folder.
        origin: the distribution and version that brings it, or the file.
        source_digest: SHA-256 of the file that was given by path, or over the Python files of the package that defines
            the class, so that changed code is another run; None where the package has more than 500 files.
    """

    id: str
    cls: type[Any]
    target: str
    origin: str
    source_digest: str | None = None


def register_predictor(name: str) -> Callable[[ClassT], ClassT]:
    """Class decorator: give a predictor a name in this process.

    Raises:
        RequestError: another class has the name.
    """
    return PREDICTORS.register(name)


def register_trainer(name: str) -> Callable[[ClassT], ClassT]:
    """Decorator: give a training function (:data:`cosegbench.training.Trainer`) a name in this process.

    Raises:
        RequestError: another function has the name.
    """
    return TRAINERS.register(name)


def list_predictors() -> tuple[str, ...]:
    """The names of every predictor, sorted; imports none of them."""
    return PREDICTORS.names()


def predictor_summaries() -> tuple[PluginSummary, ...]:
    """Every predictor with its origin, first docstring line and, if it is plainly broken, why; imports none of them."""
    return PREDICTORS.summaries()


def list_trainers() -> tuple[str, ...]:
    """The names of every trainer, sorted; imports none of them."""
    return TRAINERS.names()


def trainer_summaries() -> tuple[PluginSummary, ...]:
    """As :func:`predictor_summaries`, for trainers."""
    return TRAINERS.summaries()


def load_trainer(name: str) -> Trainer:
    """The training function of that name, called as ``train(request)``; see :data:`cosegbench.training.Trainer`.

    Raises:
        UnknownNameError: no such trainer; lists the near names.
        PluginError: its module cannot be imported.
    """
    found: Trainer = TRAINERS.load(TRAINERS.find(name))
    return found


def resolve_predictor(spec: str) -> PredictorEntry:
    """Find and import a predictor class.

    Args:
        spec: a registered name, ``module:Class`` or ``path.py:Class`` (the class may be left out where the file defines
            exactly one).

    Raises:
        UnknownNameError: no predictor has the name; lists the near ones.
        PluginError: it cannot be imported, or is no class with ``prepare`` and ``predict``.
        RequestError: the file does not exist, or the name stands for two classes.
    """
    path, _, attribute = spec.rpartition(":") if ".py:" in spec else (spec, "", "")
    if path.endswith(".py"):
        return _from_file(Path(path), attribute)
    if ":" in spec:
        cls = _checked(load_target(spec, f"predictor {spec!r}"), spec)
        origin = f"module {spec.partition(':')[0]}"
        return PredictorEntry(_slug(spec.replace(":", ".")), cls, spec, origin, _package_digest(cls))
    plugin = PREDICTORS.find(spec, _FILE_HINT)
    return _from_plugin(plugin)


def _from_plugin(plugin: Plugin) -> PredictorEntry:
    cls = _checked(PREDICTORS.load(plugin), plugin.name)
    return PredictorEntry(plugin.name, cls, plugin.target, plugin.origin, _package_digest(cls))


def _from_file(path: Path, attribute: str) -> PredictorEntry:
    if not path.is_file():
        raise RequestError(f"predictor file {path} does not exist (looked in {Path.cwd()}). {_FILE_HINT}")
    module = _load_file(path.resolve())
    classes = {
        name: each
        for name, each in vars(module).items()
        if inspect.isclass(each) and each.__module__ == module.__name__
    }
    able = {name: each for name, each in classes.items() if callable(getattr(each, "predict", None))}
    if not attribute and len(able) != 1:
        raise RequestError(f"{path} defines {', '.join(able) or 'no predictor class'}: say which, as {path}:Class.")
    name = attribute or next(iter(able))
    if not hasattr(module, name):
        known = f"its classes are {', '.join(classes)}" if classes else "it defines no class"
        raise RequestError(f"{path} has no {name!r}; {known}.")
    cls = _checked(getattr(module, name), f"{path}:{name}")
    registered = PREDICTORS.registered_name(cls)
    if registered is not None:
        PREDICTORS.find(registered)  # refuses a name that an installed package has already
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return PredictorEntry(
        registered or _slug(f"{path.stem}.{name}"), cls, f"{path.name}:{name}", f"file {path.name}", digest
    )


def _load_file(path: Path) -> Any:
    """Import a file under a module name made from its place, so that loading it again replaces it."""
    name = f"cosegbench_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Compiled here rather than by the loader, whose cached byte code can outlive an edit within one second.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102 - the user's own file, by request
    except (Exception, SystemExit) as error:  # the file may raise anything
        del sys.modules[name]
        raise PluginError(f"{path} cannot be imported: {describe_failure(error)}.") from error
    return module


def _package_digest(cls: type[Any]) -> str | None:
    """Over the names and bytes of the Python files of the top-level package that defines ``cls``."""
    top = sys.modules.get(cls.__module__.partition(".")[0])
    file = getattr(top, "__file__", None)
    if file is None:
        return None
    root = Path(file).parent if Path(file).name == "__init__.py" else Path(file)
    files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    if len(files) > _MAX_FILES:
        return None
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(root.parent).as_posix()
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _checked(value: Any, spec: str) -> type[Any]:
    if not inspect.isclass(value):
        raise PluginError(f"predictor {spec!r} is of type {type(value).__name__}, not a class. Name the class itself.")
    lacking = [name for name in ("prepare", "predict") if not callable(getattr(value, name, None))]
    if lacking:
        raise PluginError(
            f"predictor {spec!r}: class {value.__name__} has no {' and no '.join(lacking)}. "
            "A predictor has prepare(vocabulary, text) and predict(images)."
        )
    return value


def _slug(text: str) -> str:
    """Safe as a folder name on every system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "predictor"
