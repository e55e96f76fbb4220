import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_content as content

from cpimaging.report.cohort import render_cohort
from cpimaging.report.scan import render_scan

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Page
from test_report_pages import CHROMIUM, browser, open_page  # noqa: F401

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
SCANS = 600


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort of 600 scans, two of them with loads, with a map per pattern."""
    patterns = content.patterns(SCANS).assign(sex=["F", "M", "M"] * (SCANS // 3))
    patterns["lesion_volume_mm3"] += np.arange(SCANS)
    mask = content.lesion()
    left = mask.with_data(mask.data * (np.arange(mask.shape[0]) < mask.shape[0] / 2)[:, None, None])
    page = replace(
        content.cohort_report(patterns=patterns),
        frequency=mask.with_data(mask.data * np.float32(0.5)),
        frequency_scans=4,
        pattern_maps={"B1": (left.with_data(left.data * np.float32(1)), 3)},
        morphometry=pd.concat(
            [content.morphometry(), content.morphometry().assign(participant_id="sub-02", value=9.0)]
        ),
        checks=content.checks(
            ("sub-01", "brain_volume_ml", 900, True, "warn"),
            ("sub-02", "brain_volume_ml", 1000, True, "warn"),
        ),
    )
    path = tmp_path_factory.mktemp("cohort") / "index.html"
    path.write_text(render_cohort(page), encoding="utf-8")
    return path


def until(page: Page, script: str) -> None:
    """Wait for a condition; Playwright's own way evaluates text, which the page's policy forbids."""
    for _ in range(100):
        if page.evaluate(script):
            return
        page.wait_for_timeout(50)
    raise AssertionError(script)


def column(page: Page, name: str) -> list[str]:
    """Return the cells of a column that stand in the page, from the top."""
    heads = page.locator(".scans thead th").all_inner_texts()
    place = [" ".join(head.split()) for head in heads].index(name)
    script = "(rows, place) => rows.map(row => row.cells[place].textContent.trim())"
    return page.locator(".scans tbody tr:not(.gap)").evaluate_all(script, place)


@pytest.mark.parametrize("width", [1400, 400])
def test_page_opens_without_errors_network_or_overflow(browser: Browser, path: Path, width: int) -> None:  # noqa: F811
    page, troubles = open_page(browser, path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []
    page.close()


def test_only_rows_in_view_stand_in_the_page(browser: Browser, path: Path) -> None:  # noqa: F811
    page, troubles = open_page(browser, path)
    assert len(column(page, "Scan")) < 60
    frame = page.locator(".rows")
    frame.evaluate("frame => { frame.scrollTop = frame.scrollHeight }")
    until(page, f"document.querySelector('.rows').textContent.includes('sub-{SCANS}')")
    head, box = page.locator(".scans thead th").first.bounding_box(), frame.bounding_box()
    assert head is not None
    assert box is not None
    assert abs(head["y"] - box["y"]) < 3  # still in sight
    assert page.evaluate("document.querySelectorAll('*').length") < 5000
    assert troubles == []
    page.close()


def test_table_sorts_numbers_as_numbers_and_missing_last(browser: Browser, path: Path) -> None:  # noqa: F811
    page, _ = open_page(browser, path)
    lesion = page.get_by_role("button", name="Lesion, ml")
    lesion.click()
    assert column(page, "Scan")[0] == "sub-598"
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Lesion")
    lesion.click()
    assert column(page, "Scan")[0] == "sub-02"  # the smallest of those that are known
    page.locator(".rows").evaluate("frame => { frame.scrollTop = frame.scrollHeight }")
    until(page, "document.querySelector('.scans tbody tr:last-child').textContent.includes('n/a')")
    page.get_by_role("button", name="Scan", exact=True).click()
    assert column(page, "Scan")[:2] == ["sub-01", "sub-02"]
    page.close()


def test_table_filters(browser: Browser, path: Path) -> None:  # noqa: F811
    page, _ = open_page(browser, path)
    page.locator(".filters select").first.select_option("C1")
    assert set(column(page, "MRICS")) == {"C1"}
    assert page.locator("#shown").inner_text() == f"{SCANS // 3} of {SCANS} scans"
    page.fill("#find", "sub-02")
    assert column(page, "Scan")[0] == "sub-02"
    page.close()


def brightest(page: Page) -> str:
    script = "images => images.map(image => image.getAttribute('href')).join()"
    return str(page.locator(".frequency-map image").evaluate_all(script))


def test_pattern_and_threshold_of_the_map_are_chosen_by_hand(browser: Browser, path: Path) -> None:  # noqa: F811
    page, troubles = open_page(browser, path)
    first = brightest(page)
    page.locator("#map").select_option(index=1)
    until(page, "document.getElementById('map-says').textContent.startsWith('B1')")
    assert "among 3 scans of the group" in page.locator("#map-says").inner_text()
    second = brightest(page)
    page.locator("#threshold").fill("3")
    until(page, "document.getElementById('at-least').textContent.startsWith('3 scans (100 % of 3)')")
    assert len({first, second}) == 2
    page.locator("#map").select_option(index=0)
    until(page, "document.getElementById('map-most').textContent === '2 scans'")
    assert troubles == []
    page.close()


def test_groups_stand_side_by_side_with_intervals(browser: Browser, path: Path) -> None:  # noqa: F811
    """B1 is every third scan, always F; C1 the next, always M: 200 of 200 each, Wilson from 98 %."""
    page, _ = open_page(browser, path)
    page.locator("#by").select_option(label="Sex")
    heads = page.locator(".compared thead th").all_inner_texts()
    assert heads == ["MRICS", "F (n = 200)", "M (n = 200)"]
    assert page.locator(".compared tbody tr").first.inner_text().split("\t") == [
        "B1",
        "200 · 100 % 98 to 100",
        "0 · 0 % 0 to 1.9",
    ]
    page.close()


def test_a_scan_shows_as_a_dot(browser: Browser, path: Path) -> None:  # noqa: F811
    page, _ = open_page(browser, path)
    page.fill("#dot", "sub-02")
    dot = page.locator(".spreads figure", has_text=re.compile("brain volume", re.IGNORECASE)).locator(
        "circle"
    )
    assert float(str(dot.get_attribute("cx"))) == 240  # 1000 of 900 to 1000
    page.fill("#dot", "nobody")
    assert page.locator("#dot-says").inner_text() == "no such scan"
    assert dot.get_attribute("cx") == "-9"
    page.close()


def test_arrow_keys_tell_the_cells_of_the_heat_map(browser: Browser, path: Path) -> None:  # noqa: F811
    page, troubles = open_page(browser, path)
    page.locator(".heat-map").focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.getElementById('cell').textContent.includes(':')")
    assert "Lobar white matter" in page.locator("#cell").inner_text()
    assert troubles == []
    page.close()


def test_scans_lead_to_the_one_before_and_the_one_after(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    """Of three scans the first and the last have a page: a scan without one is passed over."""
    links = {(name, "n/a"): f"{name}.html" for name in ("sub-01", "sub-03")}
    (tmp_path / "index.html").write_text(render_cohort(content.cohort_report(links=links)), encoding="utf-8")
    for name, _ in links:
        page = render_scan(content.scan_report(label=name, images={}))
        (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
    page, troubles = open_page(browser, tmp_path / "sub-01.html")
    for link, wanted in (("Next scan", "sub-03"), ("Previous scan", "sub-01"), ("Previous scan", "index")):
        page.get_by_role("link", name=link).click()
        page.wait_for_url(re.compile(rf"/{wanted}\.html"))
    assert troubles == []
    page.close()


def test_page_prints(browser: Browser, path: Path) -> None:  # noqa: F811
    page, _ = open_page(browser, path)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
    page.close()
