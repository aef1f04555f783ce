from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cosegbench.cli.group import main
from cosegbench.protocols import list_protocols

NAMES = [protocol.name for protocol in list_protocols()]


def run(*arguments):
    return CliRunner().invoke(main, ["protocols", *arguments])


def test_list_prints_every_protocol():
    result = run("list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()[2:]] == NAMES


def test_list_as_json_goes_to_standard_output_or_a_file(tmp_path):
    printed = json.loads(run("list", "--json", "-").stdout)
    run("list", "--json", str(tmp_path / "protocols.json"))
    assert json.loads((tmp_path / "protocols.json").read_text()) == printed
    assert [entry["name"] for entry in printed] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_show_explains_each_protocol(name):
    result = run("show", name)
    assert result.exit_code == 0
    for words in (
        "source:",
        "evaluation (must match within a column",
        "method (belongs to the row",
        "kernel:",
        "void:",
    ):
        assert words in result.output
    assert json.loads(run("show", name, "--json", "-").stdout)["name"] == name


def test_show_says_that_the_authors_protocol_is_an_oracle_and_where_it_differs():
    output = run("show", "coseg-authors").output
    assert "This is an oracle" in output
    assert "coseg-no-training on coco-things: threshold 0.1" in output


def test_show_for_one_predictor_and_column_gives_that_cell():
    output = run("show", "coseg-authors", "--predictor", "coseg-no-training", "--dataset", "coco-things").output
    assert "mask probability > 0.1" in output
    assert "coseg-prefix on" not in output
    assert run("show", "coseg-authors", "--predictor", "coseg-prefix").exit_code == 2


def test_show_says_what_the_paper_leaves_open():
    output = run("show", "coseg-paper").output
    assert "left open by the source" in output
    assert "evaluation.resolution" in output


def test_diff_tells_both_sides_and_whether_a_column_may_be_shared():
    output = run("diff", "standard", "coseg-authors").output
    assert "standard: the model chooses among all names" in output
    assert "must not share a column" in output
    content = json.loads(run("diff", "standard", "mess", "--json", "-").stdout)
    assert content["comparable"] is False
    assert {each["field"] for each in content["differences"]} >= {"kernel", "average_over"}


def test_diff_of_equal_protocols_says_so():
    assert run("diff", "standard", "gt-void-fn").output == "standard and gt-void-fn mean the same.\n"


def test_an_unknown_name_is_a_bad_request_with_near_names():
    result = run("show", "standart")
    assert result.exit_code == 2
    assert "Did you mean 'standard'" in result.output


def test_completion_offers_the_names():
    from cosegbench.cli.completion import complete_protocols

    assert [item.value for item in complete_protocols(None, None, "coseg-")] == [
        name for name in NAMES if name.startswith("coseg-")
    ]
