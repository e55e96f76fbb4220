import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_content as content

from cpimaging.report.scan import render_scan

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--disable-background-networking"]
PAGES = {
    "scan": lambda: render_scan(content.scan_report()),
    "no-lesion": lambda: render_scan(content.no_lesion()),
    "not-assessed": lambda: render_scan(content.not_assessed()),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pages")
    for name, html in PAGES.items():
        (root / f"{name}.html").write_text(html(), encoding="utf-8")
    return root


def open_page(browser: Browser, path: Path, width: int = 1200) -> tuple[Page, list[str]]:
    """Open a page; also return what went wrong: console errors and anything asked of a network."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(10_000)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else troubles.append(request.url),
    )
    page.goto(path.as_uri())
    return page, troubles


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("name", PAGES)
def test_page_opens_without_errors_network_or_overflow(browser, folder, name, width):
    page, troubles = open_page(browser, folder / f"{name}.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
    assert troubles == []
    assert broken == 0
    page.close()


def test_left_stands_left_of_right_on_every_picture(browser, folder):
    page, _ = open_page(browser, folder / "scan.html")
    panels = page.locator(".panel").all()
    assert len(panels) > 10
    for panel in panels:
        left, right = panel.locator(".at-left"), panel.locator(".at-right")
        assert (left.text_content(), right.text_content()) in {("L", "R"), ("P", "A")}
        assert left.bounding_box()["x"] + 20 < right.bounding_box()["x"]
    page.close()


def test_lesion_is_drawn_on_the_side_where_it_lies(browser, folder):
    page, _ = open_page(browser, folder / "scan.html")
    figure = page.locator("#pictures figure", has_text=re.compile("Coronal, y = [12]")).first
    panel, outline = figure.locator("svg[role=img]").first, figure.locator("use.lesion").first
    box, drawn = panel.bounding_box(), outline.bounding_box()
    assert drawn["x"] + drawn["width"] < box["x"] + box["width"] / 2
    page.close()


def test_outlines_can_be_hidden(browser, folder):
    page, _ = open_page(browser, folder / "scan.html")
    lesion, atlas = page.locator("#pictures use.lesion").first, page.locator("#pictures use.atlas").first
    assert lesion.is_visible()
    assert atlas.is_visible()
    page.uncheck("#show-lesion")
    assert not lesion.is_visible()
    assert atlas.is_visible()
    page.uncheck("#show-atlas")
    assert not atlas.is_visible()
    page.close()


def test_registration_check_shows_one_thing_at_a_time(browser, folder):
    page, _ = open_page(browser, folder / "scan.html")
    parts = {name: page.locator(f"#registration {css}").first for name, css in CHECKED.items()}
    for choice, shown in CHOICES.items():
        page.check(f"#check-{choice}")
        assert {name for name, part in parts.items() if part.is_visible()} == shown
    page.close()


CHECKED = {"edges": "use.edges", "atlas": "use.atlas", "template": "image.over"}
CHOICES = {
    "atlas": {"atlas"},
    "template": {"template"},
    "chequered": {"template"},
    "edges": {"edges"},
}


def test_scan_page_prints_on_paper(browser, folder):
    page, _ = open_page(browser, folder / "scan.html")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
    page.close()
