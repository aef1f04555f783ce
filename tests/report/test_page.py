"""The page itself: its structure, what it forbids itself, and that names stay text."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
from uncertainty.samples import make_evidence

from cosegbench import Evidence
from cosegbench.report.rendering import PALETTE, code

from .samples import CLASSES, EVIL, Page, page_of, write, write_three


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(write_three(tmp_path_factory.mktemp("report") / "results"))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_sections_stand_in_the_order_of_the_contents_and_every_link_leads_somewhere(page: Page) -> None:
    sections = [given["id"] for tag, given in page.tags if tag == "section"]
    assert sections == [
        "answers", "measured", "pairs", "rules", "printed", "classes", "images", "protocols", "records", "terms",
    ]  # fmt: skip
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    links = [str(given["href"]) for tag, given in page.tags if tag == "a"]
    assert [f"#{name}" for name in sections] == [link for link in links if link[1:] in sections][1:]
    assert {link[1:] for link in links} <= set(ids)


def test_every_table_has_a_caption_and_scoped_headings_and_its_box_can_be_reached_by_keyboard(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 10
    assert all(given.get("scope") in ("col", "row") for tag, given in page.tags if tag == "th")
    boxes = [given for _, given in page.tags if given.get("class") == "scroll"]
    assert len(boxes) == tags.count("table")
    assert all(given["tabindex"] == "0" and given["role"] == "region" for given in boxes)
    ids = {given.get("id") for _, given in page.tags}
    assert all(given.get("aria-label") or given["aria-labelledby"] in ids for given in boxes)
    assert all(len(row) == len(rows[0]) for rows in page.tables.values() for row in rows)


def test_one_heading_of_each_level_follows_the_one_above_and_a_skip_link_comes_first(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    first = next(given for tag, given in page.tags if tag == "a")
    assert (first["class"], first["href"]) == ("skip", "#answers")
    assert ("html", {"lang": "en"}) in page.tags


def test_nothing_in_the_page_is_fetched_and_its_policy_forbids_what_is_not_its_own(text: str, page: Page) -> None:
    addresses = [value for _, given in page.tags for name, value in given.items() if name in ("src", "href", "action")]
    assert all(str(each).startswith(("#", "data:")) for each in addresses)
    assert not re.search(r"url\(|@import|https?://", re.sub(r"<(td|p|dd|li)\b.*", "", text))
    policy = next(str(given["content"]) for _, given in page.tags if "http-equiv" in given)
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["base-uri"] == parts["form-action"] == "'none'"
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        expected = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert parts[f"{tag}-src"] == f"'sha256-{expected}'"
    assert not [name for _, given in page.tags for name in given if name.startswith("on") or name == "style"]


def test_names_that_hold_markup_stay_text_wherever_they_stand(tmp_path: Path) -> None:
    names = (EVIL, *(f"class {place}" for place in range(1, CLASSES)))
    for shift, predictor in enumerate(("plain", "other & <b>bold</b>")):
        evidence = Evidence(CLASSES)
        plain = make_evidence(12, CLASSES, shift=shift)
        for image in plain.image_ids:
            evidence.add_image_bytes(f"{image} {EVIL}".replace("/", "|"), plain.image_bytes(image))
        write(tmp_path, predictor.replace("/", "|"), evidence, classes=names, command=("cosegbench", EVIL))
    text = page_of(tmp_path)
    page = Page(text)

    assert text.count("<script>") == 1
    assert "img" not in [tag for tag, _ in page.tags]
    assert "<b>bold" not in text
    assert EVIL in [row[""] for row in page.table("classes-1-1")]
    assert any(EVIL.replace("/", "|") in row[""] for row in page.table("images-1-1"))
    assert "other & <b>bold<|b>" in [row[""] for row in page.table("measured-table-1")]
    assert EVIL in page.table("records-table")[0]["command"]


def test_backticks_become_code_and_markup_within_them_stays_text() -> None:
    assert code("is `a<b` higher & `c`?") == "is <code>a&lt;b</code> higher &amp; <code>c</code>?"
    assert code("one ` alone") == "one ` alone"


def variables(text: str) -> list[dict[str, str]]:
    """Colour variables of the light and the dark scheme."""
    return [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", text)]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_a_contrast_of_at_least_4_5_on_every_ground_in_both_schemes(text: str, scheme: int) -> None:
    found = variables(text)
    assert len(found) == 2
    colours = found[scheme]
    for ground in ("paper", "sheet", "band", "tint"):
        for ink in ("ink", "soft", "link", "yes", "open"):
            one, other = sorted((luminance(colours[ink]), luminance(colours[ground])))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground)


def test_each_system_has_one_colour_of_the_class_palette_in_every_table(page: Page, text: str) -> None:
    assert len(set(PALETTE)) == len(PALETTE)
    assert f".p1{{--c:{PALETTE[1]}}}" in text
    places = {"bad": "p0", "good": "p1", "near": "p2"}
    for name, colour in places.items():
        assert set(re.findall(rf'<i class="dot (p\d+)"></i>{name}\b', text)) == {colour}
