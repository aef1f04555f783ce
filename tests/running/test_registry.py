from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cosegbench.errors import PluginError, RequestError, UnknownNameError
from cosegbench.registry import list_predictors, predictor_summaries, register_predictor, resolve_predictor

GOOD = '''
"""A file of predictors."""

class Blank:
    """Says nothing at all.

    More words.
    """

    def prepare(self, vocabulary, text): ...
    def predict(self, images): return []
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path that takes modules and one distribution's metadata."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


def install(folder: Path, points: dict[str, str], *, name: str = "otherpackage", **modules: str) -> None:
    info = folder / f"{name}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    lines = "\n".join(f"{key} = {value}" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[cosegbench.predictors]\n{lines}\n")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)


def problem_of(name: str) -> str | None:
    return next(each.problem for each in predictor_summaries() if each.plugin.name == name)


def test_listing_names_and_summaries_imports_no_plugin(installed: Path) -> None:
    install(installed, {"blank": "lazy_blank:Blank"}, lazy_blank=GOOD)

    assert "blank" in list_predictors()
    summary = next(each for each in predictor_summaries() if each.plugin.name == "blank")

    assert summary.text == "Says nothing at all."
    assert summary.plugin.origin == "otherpackage 1.5"
    assert "lazy_blank" not in sys.modules


def test_a_predictor_of_another_package_is_found_by_its_name(installed: Path) -> None:
    install(installed, {"blank": "found_blank:Blank"}, found_blank=GOOD)

    entry = resolve_predictor("blank")

    assert (entry.id, entry.cls.__name__, entry.origin) == ("blank", "Blank", "otherpackage 1.5")


@pytest.mark.parametrize(
    ("target", "text", "words"),
    [
        ("nowhere:Blank", "", "module nowhere is not installed"),
        ("broken_one:Blank", "def (", "cannot be read"),
        ("broken_one:Blank", "import package_that_is_not_there", "package_that_is_not_there, which is not installed"),
        ("broken_one:Blank", "raise RuntimeError('no')", "raises when imported"),
        ("broken_one:Blank", "class Other: ...", "does not define Blank"),
    ],
)
def test_a_broken_plugin_is_named_in_the_list_and_an_error_when_asked_for(
    installed: Path, target: str, text: str, words: str
) -> None:
    install(installed, {"bad": target, "blank": "good_one:Blank"}, broken_one=text, good_one=GOOD)

    assert words in str(problem_of("bad"))
    assert problem_of("blank") is None
    with pytest.raises(PluginError, match=r"otherpackage 1\.5"):
        resolve_predictor("bad")
    assert resolve_predictor("blank").id == "blank"


def test_an_unknown_name_lists_the_near_ones(installed: Path) -> None:
    install(installed, {"blank-page": "near_blank:Blank"}, near_blank=GOOD)

    with pytest.raises(UnknownNameError, match="Did you mean 'blank-page'"):
        resolve_predictor("blank-pag")


def test_one_name_for_two_plugins_is_refused_with_both_named(installed: Path) -> None:
    install(installed, {"blank": "one:Blank"}, name="firstpackage", one=GOOD)
    install(installed, {"blank": "two:Blank"}, name="secondpackage", two=GOOD)

    assert problem_of("blank") == "the name is taken twice"
    with pytest.raises(RequestError, match=r"one:Blank.*two:Blank"):
        resolve_predictor("blank")


def test_a_class_can_be_named_in_the_process_and_the_name_cannot_be_taken_twice() -> None:
    @register_predictor("test-registry-named")
    class Named:
        def prepare(self, vocabulary, text): ...
        def predict(self, images): ...

    assert resolve_predictor("test-registry-named").cls is Named
    with pytest.raises(RequestError, match="two predictors are called 'test-registry-named'"):

        @register_predictor("test-registry-named")
        class Other: ...


def test_a_class_in_a_file_is_found_by_path(tmp_path: Path) -> None:
    path = tmp_path / "my model.py"
    path.write_text(GOOD)

    entry = resolve_predictor(f"{path}:Blank")

    assert entry.id == "my-model.Blank"
    assert entry.target == "my model.py:Blank"
    assert entry.source_digest is not None
    assert resolve_predictor(str(path)).id == entry.id


def test_a_changed_file_is_read_anew_and_has_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    first = resolve_predictor(f"{path}:Blank")
    path.write_text(GOOD.replace("return []", "return ()"))
    second = resolve_predictor(f"{path}:Blank")

    assert second.cls().predict([]) == ()
    assert first.source_digest != second.source_digest


def test_a_file_may_name_its_class(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        GOOD.replace(
            "class Blank",
            "from cosegbench.registry import register_predictor\n@register_predictor('in-file')\nclass Blank",
        )
    )

    assert resolve_predictor(f"{path}:Blank").id == "in-file"
    assert resolve_predictor(f"{path}:Blank").id == "in-file"


@pytest.mark.parametrize(
    ("text", "spec", "words"),
    [
        (None, "absent.py:Blank", "does not exist"),
        (GOOD, "mine.py:Blnk", "its classes are Blank"),
        (GOOD + GOOD.replace("Blank", "Other"), "mine.py", "say which"),
        ("x = 1", "mine.py", "no predictor class"),
        ("x = 1", "mine.py:x", "not a class"),
        ("class Half:\n    def predict(self, images): ...", "mine.py:Half", "has no prepare"),
        ("1 / 0", "mine.py:Half", "ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_serve_says_why(tmp_path: Path, text: str | None, spec: str, words: str) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)

    with pytest.raises(RequestError, match=words):
        resolve_predictor(str(tmp_path / spec))


def test_module_and_class_work_as_a_name(installed: Path) -> None:
    (installed / "plain_module.py").write_text(GOOD)

    assert resolve_predictor("plain_module:Blank").id == "plain_module.Blank"
    with pytest.raises(PluginError, match="has no 'Absent'"):
        resolve_predictor("plain_module:Absent")


def test_changed_code_anywhere_in_a_predictors_package_changes_its_digest(installed: Path) -> None:
    package = installed / "whole_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text(GOOD)
    (package / "helper.py").write_text("x = 1")
    first = resolve_predictor("whole_package.model:Blank")
    (package / "helper.py").write_text("x = 2")
    second = resolve_predictor("whole_package.model:Blank")

    assert first.source_digest is not None
    assert first.source_digest != second.source_digest
