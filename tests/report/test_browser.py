"""The page in headless Chromium: sorting, filtering, keyboard, widths, and that nothing leaves the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from uncertainty.samples import make_evidence

from .samples import CLASSES, EVIL, page_of, write, write_three

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install -e '.[browser]'")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (400, 1600)

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a class whose name is a script, and a system that lacks a class that others have."""
    folder = tmp_path_factory.mktemp("browser")
    results = write_three(folder / "results")
    names = (EVIL, *(f"class {place}" for place in range(1, CLASSES)))
    for shift, name in enumerate(("plain", "other")):
        write(results, name, make_evidence(15, CLASSES, seed=3, shift=shift), "voc21", classes=names)
    file = folder / "page.html"
    file.write_text(page_of(results), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser with a profile of its own."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    service = shutil.which("chromedriver")
    if browser is None or service is None:
        pytest.skip("no Chromium with chromedriver is installed (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    yield started
    started.quit()


@pytest.fixture
def open_page(driver: Any, file: Path) -> Open:
    """Opens the page anew at a width; logs begin there."""

    def opened(width: int = 1600, *, scripts: bool = True, scheme: str = "light") -> Any:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        # smooth scrolling would move what is to be clicked
        media = [
            {"name": "prefers-reduced-motion", "value": "reduce"},
            {"name": "prefers-color-scheme", "value": scheme},
        ]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        driver.get("about:blank")
        for log in ("browser", "performance"):
            driver.get_log(log)
        driver.get(file.as_uri())
        return driver

    return opened


def column(driver: Any, table: str, heading: str) -> list[str]:
    """The texts of one column, from the top; rows that are filtered away are left out."""
    code = """
        const table = document.getElementById(arguments[0]);
        const heads = [...table.tHead.rows[0].cells].map((each) => each.textContent.trim());
        const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
        return rows.map((row) => row.cells[heads.indexOf(arguments[1])].childNodes[0].textContent.trim());
    """
    return driver.execute_script(code, table, heading)


def heading(driver: Any, table: str, name: str) -> Any:
    return next(
        each
        for each in driver.find_elements("css selector", f"#{table} thead th")
        if each.get_attribute("textContent").strip() == name
    )


def numbers(texts: list[str]) -> list[float | None]:
    return [None if text == "–" else float(text.replace("−", "-")) for text in texts]


def test_a_click_sorts_figures_both_ways_with_missing_ones_last_and_a_third_restores_the_order(open_page: Open) -> None:
    driver = open_page()
    before = numbers(column(driver, "rules-1", "good"))
    assert None not in before
    driver.execute_script("document.querySelector('#rules-1 tbody td:nth-child(6)').removeAttribute('data-v')")
    driver.execute_script("document.querySelector('#rules-1 tbody td:nth-child(6)').textContent = '–'")
    assert heading(driver, "rules-1", "good").get_property("cellIndex") == 5
    for expected, reverse in (("descending", True), ("ascending", False)):
        heading(driver, "rules-1", "good").find_element("tag name", "button").click()
        assert heading(driver, "rules-1", "good").get_attribute("aria-sort") == expected
        found = numbers(column(driver, "rules-1", "good"))
        assert found[-1] is None
        assert found[:-1] == sorted(before[1:], reverse=reverse)
    heading(driver, "rules-1", "good").find_element("tag name", "button").click()
    assert heading(driver, "rules-1", "good").get_attribute("aria-sort") is None
    assert numbers(column(driver, "rules-1", "good")) == [None, *before[1:]]


def test_figures_are_sorted_by_value_and_names_by_name(open_page: Open) -> None:
    driver = open_page()
    heading(driver, "pairs-1", "difference").find_element("tag name", "button").click()
    differences = numbers(column(driver, "pairs-1", "difference"))
    assert differences == sorted(differences, reverse=True)
    assert len(set(differences)) > 3
    heading(driver, "pairs-1", "first").find_element("tag name", "button").click()
    assert heading(driver, "pairs-1", "difference").get_attribute("aria-sort") is None
    assert column(driver, "pairs-1", "first") == sorted(column(driver, "pairs-1", "first"))


def test_the_filter_keeps_rows_that_hold_every_word_and_says_how_many(open_page: Open) -> None:
    driver = open_page()
    field = driver.find_element("id", "audit-table-find")
    every = column(driver, "audit-table", "Cell")
    field.send_keys("coseg  PC-459")
    assert column(driver, "audit-table", "Cell") == [
        "CoSeg no-training, PC-459", "CoSeg xatten, PC-459", "CoSeg prefix, PC-459",
    ]  # fmt: skip
    assert driver.find_element("css selector", "output[for=audit-table-find]").text == "3 of 36 rows"
    field.send_keys("\ue009a\ue009", "\ue003")  # control and a, then backspace
    assert column(driver, "audit-table", "Cell") == every
    label = driver.find_element("css selector", "label[for=audit-table-find]")
    assert label.text == "Filter rows"


def test_the_keyboard_reaches_sort_buttons_and_enter_sorts_and_details_unfold(open_page: Open) -> None:
    driver = open_page()
    body, tab, enter = driver.find_element("tag name", "body"), "\ue004", "\ue007"
    body.send_keys(tab)
    assert driver.switch_to.active_element.get_attribute("class") == "skip"
    driver.execute_script("document.querySelector('#pairs-1').closest('.scroll').focus()")
    for _ in range(2):
        driver.switch_to.active_element.send_keys(tab)
    button = driver.switch_to.active_element
    assert (button.tag_name, button.text) == ("button", "first")
    assert driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", button) == "solid"
    button.send_keys(enter)
    assert heading(driver, "pairs-1", "first").get_attribute("aria-sort") == "ascending"

    fold = driver.find_element("css selector", "#protocols details")
    assert fold.get_attribute("open") is None
    driver.execute_script("arguments[0].querySelector('summary').focus()", fold)
    driver.switch_to.active_element.send_keys(enter)
    assert fold.get_attribute("open") is not None
    assert "gt-void-fn" in fold.text


def test_a_link_into_a_folded_or_filtered_place_shows_it(open_page: Open) -> None:
    driver = open_page()
    driver.find_element("id", "audit-table-find").send_keys("GroupViT")
    row = driver.find_element("id", "audit-row-0")
    assert not row.is_displayed()
    driver.execute_script("document.querySelector('a[href=\"#audit-row-0\"]').click()")
    driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")
    assert row.is_displayed()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways_and_wide_tables_scroll_in_their_own_box(open_page: Open, width: int) -> None:
    driver = open_page(width)
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    wide, shown = driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= shown <= width
    inner = driver.execute_script(
        "return [...document.querySelectorAll('.scroll')].map((each) => each.scrollWidth > each.clientWidth)"
    )
    assert any(inner) or width > 1000


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_nothing_leaves_the_page_and_no_error_is_logged(open_page: Open, file: Path, scripts: bool) -> None:
    driver = open_page(scripts=scripts)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    requests = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert file.as_uri() in requests
    assert {url for url in requests if not url.startswith("data:")} == {file.as_uri()}
    assert driver.get_log("browser") == []


def test_the_policy_stops_a_request_and_a_foreign_script(open_page: Open) -> None:
    driver = open_page()
    code = """
        const image = document.createElement("img");
        image.src = "https://example.invalid/x.png";
        const script = document.createElement("script");
        script.textContent = "document.title = 'owned'";
        document.body.append(image, script);
    """
    driver.execute_script(code)
    assert driver.title == "cosegbench report"
    logged = " ".join(entry["message"] for entry in driver.get_log("browser"))
    assert "img-src" in logged
    assert "script-src" in logged


def test_a_class_name_that_is_a_script_stays_text(open_page: Open) -> None:
    driver = open_page()
    assert driver.title == "cosegbench report"
    names = driver.execute_script(
        "return [...document.querySelectorAll('#classes tbody th')].map((each) => each.textContent.trim())"
    )
    assert EVIL in names
    assert driver.execute_script("return document.images.length") == 0


def test_the_page_is_read_without_scripts_and_has_no_dead_controls(open_page: Open) -> None:
    driver = open_page(scripts=False)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert driver.find_elements("css selector", "button, input, output") == []
    assert "Which model is better under standard" in driver.find_element("id", "answers").text
    assert driver.find_element("id", "measured-table-1").is_displayed()
    fold = driver.find_element("css selector", "#protocols details")
    fold.find_element("tag name", "summary").click()
    assert "gt-void-fn" in fold.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_colour_scheme(open_page: Open, scheme: str) -> None:
    driver = open_page(scheme=scheme)
    ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    level = sum(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(","))
    assert level > 600 if scheme == "light" else level < 150
