"""What README and docs tell a stranger to type exists, and what they link to is there."""

import json
import re
from pathlib import Path

import click
import pytest

from cosegbench.cli.group import COMMANDS, main
from cosegbench.protocols import list_protocols

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
CONTEXT = click.Context(main)


def typed_commands(page: Path) -> list[list[str]]:
    """The words after `cosegbench` on each line of a console block."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    found = [re.match(r"\$ (?:\S*/)?cosegbench (.*)", line) for line in lines]
    return [match.group(1).split() for match in found if match]


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def test_there_are_commands_to_check():
    assert len(typed_commands(ROOT / "README.md")) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_and_option_that_a_page_shows_exists(page):
    for words in typed_commands(page):
        assert words[0] in COMMANDS, words
        command = main.get_command(CONTEXT, words[0])
        rest = words[1:]
        if isinstance(command, click.Group):
            command, rest = command.get_command(CONTEXT, rest[0]), rest[1:]
        assert command is not None, words
        for word in rest:
            if word.startswith("--"):
                assert word.split("=")[0] in options_of(command), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_links_to_is_there(page):
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_readme_names_every_protocol():
    text = (ROOT / "README.md").read_text()
    for protocol in list_protocols():
        assert f"`{getattr(protocol, 'name', protocol)}`" in text


def test_every_measured_figure_of_the_readme_is_one_of_the_committed_records():
    records = ROOT / "results" / "miniature" / "records"
    printed = {}
    for path in sorted(records.glob("*/*.json")):
        record = json.loads(path.read_text())
        column = (record["dataset"]["column"] or record["dataset"]["id"]).removeprefix("miniature-")
        for protocol, entry in record["scores"].items():
            printed[path.parent.name, column, protocol] = "-" if entry["miou"] is None else f"{entry['miou']:.1f}"
    checked = 0
    protocol, columns = "", []
    for line in (ROOT / "README.md").read_text().splitlines():
        if found := re.search(r"`(standard|coseg-authors)`.*:|under `(coseg-authors)`", line):
            protocol = found.group(1) or found.group(2)
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "predictor":
            columns = cells[1:]
        elif columns and len(cells) == len(columns) + 1 and not cells[0].startswith("---"):
            row = "coseg-no-training-true-labels" if "ceiling" in cells[0] else cells[0].split("`")[1]
            for column, cell in zip(columns, cells[1:], strict=True):
                assert cell.removesuffix(" *") == printed[row, column, protocol], (row, column, protocol)
                checked += 1
        else:
            columns = columns if cells[0].startswith("---") else []
    assert checked == 48
