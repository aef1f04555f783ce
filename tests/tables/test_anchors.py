"""One log, two published figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from cosegbench.errors import DataError
from cosegbench.locate import data_file
from cosegbench.tables.anchors import anchor_grid, read_anchors

FACTS = {
    ("SAN", "CLIP ViT-B/16", "context459"): (16.705302, 12.556273),
    ("SAN", "CLIP ViT-L/14", "context459"): (20.831081, 15.657349),
    ("FC-CLIP", "CLIP ConvNeXt-L (LAION-2B)", "context459"): (18.2437, 13.7126),
    ("SAN", "CLIP ViT-B/16", "voc20"): (93.947021, 93.947021),
    ("SAN", "CLIP ViT-B/16", "context59"): (54.070514, 54.070514),
}


def test_the_anchors_are_the_collected_facts() -> None:
    found = {
        (each.method, each.backbone, each.view): (each.over_ground_truth, each.over_all) for each in read_anchors()
    }
    assert found == FACTS


def test_both_means_of_a_log_are_of_one_sum_over_345_and_459_classes() -> None:
    for anchor in read_anchors():
        if anchor.view == "context459":
            assert (anchor.with_ground_truth, anchor.classes) == (345, 459)
            assert anchor.over_ground_truth * 345 / 459 == pytest.approx(anchor.over_all, abs=1e-4)


def test_sans_printed_figure_comes_of_dividing_by_nearly_all_classes() -> None:
    san = read_anchors()[0]
    assert san.implied is not None
    low, high = san.implied
    assert 345 < low < 456 and high > 459


def test_the_order_of_san_and_fc_clip_turns_with_the_rule() -> None:
    san, fc_clip = read_anchors()[1:3]
    assert float(san.published_union) < float(fc_clip.published_gt)
    assert san.over_ground_truth > fc_clip.over_ground_truth


def rewritten(tmp_path: Path, old: str, new: str) -> Path:
    text = data_file("results", "anchors.csv").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "anchors.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("12.556273", "12.656273", "line 2: the means 16.705302 and 12.656273 are not of one sum"),
        ("12.556273", "125.6", "line 2: over_all '125.6' is not a percentage"),
        (",459,345,16.7", ",459,none,16.7", "line 2: with_ground_truth 'none' is no number of classes"),
        (",16.71,", ",16.75,", "line 2: 16.705302 does not round to the published 16.75"),
        (",16.71,12.6,", ",16.71,17.1,", "line 2: no number of classes up to 459 gives the published 17.1|not in the"),
        (",16.71,12.6,", ",16.71,12.0,", "line 2: no number of classes up to 459 gives the published 12.0"),
        (",16.71,12.6,", ",16.71,12.58,", r"line 2: 12.58 of SAN \(CLIP ViT-B/16\) on context459 is not in the ledger"),
        ("context459", "context460", "line 2: view 'context460' is none of"),
    ],
)
def test_an_anchor_that_contradicts_itself_or_the_ledger_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read_anchors(rewritten(tmp_path, old, new))


def test_the_audit_ends_with_the_anchors() -> None:
    done = CliRunner().invoke(main, ["table", "--no-printed", "--audit", "--results", str(Path(__file__).parent)])
    assert done.exit_code == 0
    assert "## One released log, two figures" in done.stdout
    assert "| SAN, CLIP ViT-B/16, context459" in done.stdout
    assert len(anchor_grid().rows) == len(FACTS)
