"""Lazy plug-in groups: a name stands for an object that is imported at first use, and listing names imports nothing.

A group gathers entry points of installed packages and names registered in this process. A plug-in that cannot be
imported is named when the group is listed, and is an error only when it is asked for.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cosegbench.errors import PluginError, RequestError, UnknownNameError

ObjectT = TypeVar("ObjectT")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One name of a group, not imported.

    Args:
        name: what the user types.
        target: ``"module:attribute"``.
        origin: the distribution and version that brings it, or where it was registered.
    """

    name: str
    target: str
    origin: str


@dataclass(frozen=True, slots=True)
class PluginSummary:
    """What can be said about a plug-in without importing it.

    Args:
        plugin: the plug-in.
        text: first line of its docstring, or ``""``.
        problem: why it cannot work, or None where nothing is known against it.
    """

    plugin: Plugin
    text: str = ""
    problem: str | None = None


class PluginGroup:
    """The plug-ins of one kind.

    Args:
        group: entry point group, for instance ``"cosegbench.predictors"``.
        kind: the word for messages, for instance ``"predictor"``.
    """

    def __init__(self, group: str, kind: str) -> None:
        self.group, self.kind = group, kind
        self._registered: dict[str, Any] = {}

    def register(self, name: str) -> Callable[[ObjectT], ObjectT]:
        """Decorator: give an object of this process a name.

        Raises:
            RequestError: the name is taken by another object (loading the same file again is no conflict).
        """

        def keep(item: ObjectT) -> ObjectT:
            old = self._registered.get(name)
            if old is not None and _home(old) != _home(item):
                raise RequestError(f"two {self.kind}s are called {name!r}: {_home(old)} and {_home(item)}. Rename one.")
            self._registered[name] = item
            return item

        return keep

    def names(self) -> tuple[str, ...]:
        """Every name, sorted; imports nothing."""
        return tuple(sorted({plugin.name for plugin in self._all()}))

    def plugins(self) -> tuple[Plugin, ...]:
        """Every plug-in, sorted by name; imports nothing. A name that stands twice is given twice."""
        return tuple(sorted(self._all(), key=lambda plugin: (plugin.name, plugin.target)))

    def registered_name(self, item: object) -> str | None:
        """The name under which an object of this process was registered, or None."""
        return next((name for name, known in self._registered.items() if known is item), None)

    def find(self, name: str, hint: str = "") -> Plugin:
        """The plug-in of that name, not imported.

        Raises:
            UnknownNameError: no plug-in has the name; lists the near ones.
            RequestError: two different plug-ins have it.
        """
        found = [plugin for plugin in self._all() if plugin.name == name]
        if not found:
            raise UnknownNameError(self.kind, name, self.names(), hint)
        if len({plugin.target for plugin in found}) > 1:
            claims = ", ".join(f"{plugin.target} ({plugin.origin})" for plugin in found)
            raise RequestError(
                f"{len(found)} {self.kind}s are called {name!r}: {claims}. Uninstall or rename all but one."
            )
        return found[0]

    def load(self, plugin: Plugin) -> Any:
        """Import a plug-in's object.

        Raises:
            PluginError: importing it failed, or its module has no such attribute.
        """
        if plugin.name in self._registered and _home(self._registered[plugin.name]) == plugin.target:
            return self._registered[plugin.name]
        return load_target(plugin.target, f"{self.kind} {plugin.name!r} of {plugin.origin}")

    def summaries(self) -> tuple[PluginSummary, ...]:
        """Every plug-in with its first docstring line, read from the source text: nothing is imported or run."""
        seen: dict[str, set[str]] = defaultdict(set)
        for plugin in self.plugins():
            seen[plugin.name].add(plugin.target)
        return tuple(_summary(plugin, len(seen[plugin.name]) > 1, self._registered) for plugin in self.plugins())

    def _all(self) -> Iterator[Plugin]:
        given: set[tuple[str, str]] = set()
        for point in importlib.metadata.entry_points(group=self.group):
            if (point.name, point.value) not in given:
                given.add((point.name, point.value))
                yield Plugin(point.name, point.value, _origin(point))
        for name, item in self._registered.items():
            if (name, _home(item)) not in given:
                yield Plugin(name, _home(item), "registered in this process")


def load_target(target: str, what: str) -> Any:
    """Import ``"module:attribute"``.

    Raises:
        PluginError: names ``what``, the reason and the place in the user's file.
    """
    module_name, _, attribute = target.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
    except (
        Exception,
        SystemExit,
    ) as error:  # a plug-in may raise anything while it is imported; all of it is reported as its fault
        raise PluginError(
            f"{what} cannot be imported: {describe_failure(error)}. Install what is missing, or mend it."
        ) from error
    for part in filter(None, attribute.split(".")):
        if not hasattr(value, part):
            raise PluginError(
                f"{what}: {module_name} has no {part!r}. Mend its entry point or the name after the colon."
            )
        value = getattr(value, part)
    return value


def describe_failure(error: BaseException) -> str:
    """``"TypeError: text (file.py:12 in predict)"``: the deepest place that raised, for errors of foreign code."""
    frame, place = error.__traceback__, ""
    while frame is not None:
        code = frame.tb_frame.f_code
        place = f" ({Path(code.co_filename).name}:{frame.tb_lineno} in {code.co_name})"
        frame = frame.tb_next
    return f"{type(error).__name__}: {error}{place}"


def _origin(point: importlib.metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unnamed distribution"


def _home(item: Any) -> str:
    return f"{getattr(item, '__module__', '?')}:{getattr(item, '__qualname__', type(item).__qualname__)}"


def _summary(plugin: Plugin, double: bool, registered: dict[str, Any]) -> PluginSummary:
    if double:
        return PluginSummary(plugin, problem="the name is taken twice")
    item = registered.get(plugin.name)
    if item is not None:
        return PluginSummary(plugin, first_line(getattr(item, "__doc__", None)))
    module_name, _, attribute = plugin.target.partition(":")
    source = _module_source(module_name)
    if source is None:
        return PluginSummary(plugin, problem=f"module {module_name} is not installed")
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, OSError) as error:
        return PluginSummary(plugin, problem=f"{source.name} cannot be read: {error}")
    return PluginSummary(plugin, _docstring(tree, attribute), _static_problem(tree, attribute, source))


def first_line(text: str | None) -> str:
    """The first line of a docstring, or ``""``."""
    return (text or "").strip().partition("\n")[0].strip()


def _module_source(name: str) -> Path | None:
    """The source file of a module, found without importing its parent packages (``find_spec`` would import them)."""
    top, *rest = name.split(".")
    spec = importlib.util.find_spec(top)
    for depth, _ in enumerate(rest, start=1):
        if spec is None or spec.submodule_search_locations is None:
            return None
        child = ".".join([top, *rest[:depth]])
        spec = importlib.machinery.PathFinder.find_spec(child, list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _docstring(tree: ast.Module, attribute: str) -> str:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == attribute:
            return first_line(ast.get_docstring(node))
    return ""


def _static_problem(tree: ast.Module, attribute: str, source: Path) -> str | None:
    """What is plainly wrong at the top level of a module: a missing import, a raise, a name that nothing defines."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Raise):
            return f"{source.name}:{node.lineno} raises when imported"
        for module in _imported(node):
            if importlib.util.find_spec(module) is None:
                return f"{source.name}:{node.lineno} imports {module}, which is not installed"
        names |= _defined(node)
    if attribute.partition(".")[0] in names or "*" in names:
        return None
    return f"{source.name} does not define {attribute}"


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module.partition(".")[0]]
    return []


def _defined(node: ast.stmt) -> set[str]:
    """Names that a statement binds; a statement that is more than a plain one may bind anything (``"*"``)."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {"*"} if isinstance(node, ast.If | ast.Try | ast.With | ast.For) else set()
