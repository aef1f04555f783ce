"""Starting is fast because nothing heavy is imported; these tests hold that by module name, not by the clock."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cosegbench.cli.group import COMMANDS, main

HEAVY = ("torch", "transformers", "pandas", "scipy", "matplotlib", "pycocotools")


def heavy_modules_after(code: str) -> list[str]:
    program = f"{code}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_the_package_imports_nothing_heavy():
    assert heavy_modules_after("import cosegbench") == []


def test_the_public_names_of_the_scoring_core_import_nothing_heavy():
    code = "from cosegbench import Evidence, score, LabelMap, ScoreMap, MaskSet, Vocabulary, VOID, IGNORE, load_dataset"
    assert heavy_modules_after(code) == []


def test_help_imports_nothing_heavy():
    code = "import contextlib\nfrom cosegbench.cli import main\nwith contextlib.suppress(SystemExit): main(['--help'])"
    assert heavy_modules_after(code) == []


def test_the_check_itself_can_fail():
    assert heavy_modules_after("import scipy") == ["scipy"]


def test_every_public_name_can_be_imported():
    import cosegbench

    for name in cosegbench.__all__:
        assert getattr(cosegbench, name) is not None


def test_an_unknown_public_name_is_an_attribute_error():
    import cosegbench

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = cosegbench.no_such_name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listed_short_help_is_the_first_sentence_of_the_command(name):
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_of_every_command_has_help(name):
    command = main.get_command(click.Context(main), name)
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for each in commands:
        for parameter in each.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {each.name}: {parameter.name} has no help"


@pytest.mark.parametrize("path", ["", *COMMANDS])
def test_no_short_help_is_cut_off_on_a_terminal_of_80_columns(path):
    command = main.get_command(click.Context(main), path) if path else main
    if isinstance(command, click.Group):
        shown = CliRunner().invoke(main, [path, "--help"] if path else ["--help"], terminal_width=80).stdout
        listed = shown.partition("Commands:")[2].partition("Examples:")[0]
        assert listed.strip()
        assert "..." not in listed
        assert max(map(len, listed.splitlines())) <= 80


def offered(*words):
    """What the shell is offered after these words, the last one incomplete."""
    from click.shell_completion import ShellComplete

    complete = ShellComplete(main, {}, "cosegbench", "_COSEGBENCH_COMPLETE")
    return {item.value for item in complete.get_completions(list(words[:-1]), words[-1])}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ta",), {"table"}),
        (("table", "--no-pr"), {"--no-printed"}),
        (("table", "--suite", "mini"), {"miniature"}),
        (("table", "--protocol", "coseg-o"), {"coseg-oracle", "coseg-oracle-exclusive"}),
        (("run", "--predictor", "coseg-p"), {"coseg-prefix"}),
        (("score", "--dataset", "voc"), {"voc20", "voc21"}),
        (("datasets", "info", "context4"), {"context459"}),
        (("vocabulary", "align", "voc20", "coco-s"), {"coco-stuff"}),
        (("protocols", "show", "stand"), {"standard"}),
        (("predictors", "check", "single"), {"single-class"}),
    ],
)
def test_the_shell_is_offered_names_as_well_as_commands(words, expected):
    assert offered(*words) == expected


def test_a_misspelt_command_is_answered_with_the_near_name_and_exit_code_2():
    done = subprocess.run([sys.executable, "-m", "cosegbench", "tabel"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Did you mean table" in done.stderr
    assert "Traceback" not in done.stderr
