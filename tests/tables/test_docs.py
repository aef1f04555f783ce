"""The worked examples of the documentation, run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(document: str) -> dict[str, str]:
    """File name -> text of the code blocks that name a file."""
    return {name: text for _, name, text in BLOCK.findall((DOCS / document).read_text(encoding="utf-8")) if name}


def commands_of(document: str) -> list[str]:
    """The commands of the console blocks, without `$ cosegbench`."""
    blocks = [
        text
        for language, _, text in BLOCK.findall((DOCS / document).read_text(encoding="utf-8"))
        if language == "console"
    ]
    return [
        line.removeprefix("$ cosegbench ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


def run(command: str) -> Result:
    done = CliRunner().invoke(main, shlex.split(command))
    assert done.exit_code == 0, f"{command}\n{done.output}"
    return done


def write_files(document: str, folder: Path) -> None:
    for name, text in files_of(document).items():
        (folder / name).write_text(text, encoding="utf-8")


def python(script: str, folder: Path) -> None:
    """Run a script of the documentation in a process of its own, as a reader would."""
    subprocess.run([sys.executable, script], cwd=folder, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_files("adding-a-dataset.md", tmp_path)
    python("draw.py", tmp_path)
    return tmp_path


def test_the_example_data_set_reads_as_the_documentation_says(garden: Path) -> None:
    python("read.py", garden)


def test_every_command_of_the_example_data_set_works_and_ends_in_a_table(garden: Path) -> None:
    outputs = [run(command).output for command in commands_of("adding-a-dataset.md")]
    assert "## As measured here: other data sets, protocol standard" in outputs[-1]
    assert "| random-labels" in outputs[-1]
    assert "garden" in outputs[-1]


def test_the_example_predictor_has_fifteen_lines_and_passes_the_conformance_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files("adding-a-predictor.md", tmp_path)
    assert len([line for line in (tmp_path / "colours.py").read_text().splitlines() if line]) <= 15
    run(commands_of("adding-a-predictor.md")[0])


def test_every_command_of_the_example_predictor_works_and_ends_in_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosegbench.miniature import draw_miniature
    from cosegbench.miniature.draw import SMALL_SIZES

    monkeypatch.chdir(tmp_path)
    draw_miniature(tmp_path / "root", sizes=SMALL_SIZES)
    write_files("adding-a-predictor.md", tmp_path)
    check, measure, show = commands_of("adding-a-predictor.md")
    run(check)
    # the full miniature would be drawn for the suite; a handful of its images shows the same
    run(measure.replace("--suite miniature", "--dataset miniature-voc20") + " --data-root root --limit 2")
    text = run(show).stdout
    assert "| colours.Colours |" in text
    assert "only the first 2 images" in text


def rows_of(document: str) -> list[list[str]]:
    """The cells of every table row of a document."""
    lines = (DOCS / document).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def test_every_protocol_of_the_code_has_a_row_in_the_documentation_and_no_other_has() -> None:
    from cosegbench.protocols import list_protocols

    assert {row[0].strip("`") for row in rows_of("protocols.md")} == {protocol.name for protocol in list_protocols()}


def test_the_documented_rules_say_what_the_kernels_say() -> None:
    from cosegbench.kernels import KERNELS

    documented = {row[0].strip("`"): row[1:6] for row in rows_of("protocols.md") if len(row) == 7}
    assert documented == {
        kernel.name: [kernel.accumulate, kernel.average_over, kernel.void, kernel.absent, kernel.ignore]
        for kernel in KERNELS.values()
    }


def test_every_word_of_the_rules_is_explained() -> None:
    text = (DOCS / "protocols.md").read_text(encoding="utf-8")
    words = {word for row in rows_of("protocols.md") if len(row) == 7 for word in row[1:6]}
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []


def test_the_documented_presets_use_the_kernels_that_they_name() -> None:
    from cosegbench.protocols import get_protocol

    presets = {row[0].strip("`"): row[1].strip("`") for row in rows_of("protocols.md") if len(row) == 4}
    assert presets == {name: get_protocol(name).kernel for name in presets}
    assert set(presets) == {"standard", "coseg-authors", "coseg-paper"}


def test_every_field_and_word_of_the_ledger_is_explained() -> None:
    from dataclasses import fields

    from cosegbench.tables import ledger, printed

    text = (DOCS / "ledger.md").read_text(encoding="utf-8")
    words = [field.name for field in fields(ledger.PublishedFigure)] + [*ledger.AVERAGINGS, *ledger.REPORTED]
    for word in [*words, *ledger.BACKGROUNDS, *printed.VERDICTS]:
        assert f"`{word}`" in text, word


def test_every_key_of_a_card_is_explained() -> None:
    from dataclasses import fields

    from cosegbench import card_schema

    text = (DOCS / "cards.md").read_text(encoding="utf-8")
    parts = (card_schema.FormatCard, card_schema.SplitCard, card_schema.OptionCard, card_schema.ArchiveCard)
    keys = {field.name for part in parts for field in fields(part)} - {"name"}
    words = keys | {*card_schema.KINDS, *card_schema.WORLDS, *card_schema.BACKGROUNDS}
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []


def test_every_page_that_a_page_links_to_exists() -> None:
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (DOCS / target).exists(), f"{page.name} links to {target}"


def test_every_measure_of_the_code_has_a_row_in_the_documentation_and_no_other_has() -> None:
    from cosegbench.measures import MEASURES

    keys = {key for row in rows_of("measures.md") for key in re.findall(r"`([^`]+)`", row[0])}
    assert keys == set(MEASURES)
