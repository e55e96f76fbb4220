import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_content as content

from cpimaging.browser import page_count
from cpimaging.report.scan import render_scan
from cpimaging.stages.pdf import printed

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


@pytest.mark.parametrize("name", PAGES)
def test_the_summary_has_two_pages_and_the_same_bytes(folder, name):
    html = (folder / f"{name}.html").read_text(encoding="utf-8")
    made = printed(html)
    assert page_count(made) == 2
    if name == "scan":
        assert printed(html) == made


def opened_viewer(
    browser: Browser, folder: Path, width: int = 1200, name: str = "scan"
) -> tuple[Page, list[str]]:
    page, troubles = open_page(browser, folder / f"{name}.html", width)
    page.wait_for_selector("#viewer", state="visible")
    return page, troubles


def crosshair(page: Page) -> list[int]:
    return [int(value) for value in page.locator("#viewer").get_attribute("data-at").split()]


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def orange(page: Page, plane: str = "axial") -> list[int]:
    """Columns of a plane's canvas that show lesion."""
    return page.evaluate(
        """plane => {
            const canvas = document.querySelector(`[data-plane=${plane}] canvas`);
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const found = [];
            for (let i = 0; i < data.length; i += 4)
              if (data[i] > data[i + 2] + 40) found.push((i / 4) % canvas.width / canvas.width);
            return found;
        }""",
        plane,
    )


@pytest.mark.parametrize("width", [1400, 400])
def test_viewer_scrolls_by_wheel_keys_and_slider(browser, folder, width):
    page, troubles = opened_viewer(browser, folder, width)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    canvas = page.locator("[data-plane=axial] canvas")
    canvas.scroll_into_view_if_needed()
    x, y, z = crosshair(page)
    canvas.hover()
    page.mouse.wheel(0, -50)
    page.wait_for_selector(f"#viewer[data-at='{x} {y} {z + 1}']")
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert crosshair(page) == [x + 1, y, z - 1]
    page.locator("[data-plane=coronal] input").press("ArrowRight")
    settle(page)
    assert crosshair(page) == [x + 1, y + 1, z - 1]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (troubles, requests) == ([], [])
    page.close()


def test_viewer_shows_the_lesion_on_its_side_and_mirrors_with_its_letters(browser, folder):
    page, _ = opened_viewer(browser, folder)
    assert orange(page)
    assert max(orange(page)) < 0.5
    letters = [page.locator(f"[data-plane=axial] .at-{side}") for side in ("left", "right")]
    assert [letter.inner_text() for letter in letters] == ["L", "R"]
    page.check("#viewer-radiological")
    settle(page)
    assert min(orange(page)) > 0.5
    assert [letter.inner_text() for letter in letters] == ["R", "L"]
    assert "LEFT is on the RIGHT" in page.locator(".viewer-side").inner_text()
    assert page.locator("[data-plane=sagittal] .at-left").inner_text() == "P"
    page.uncheck("#viewer-lesion")
    settle(page)
    assert orange(page) == []
    page.close()


def test_viewer_toggles_atlas_and_contrast(browser, folder):
    page, troubles = opened_viewer(browser, folder)
    pixels = "document.querySelector('[data-plane=coronal] canvas').toDataURL()"
    plain = page.evaluate(pixels)
    page.check("#viewer-atlas")
    settle(page)
    assert page.evaluate(pixels) != plain
    page.uncheck("#viewer-atlas")
    page.select_option("#viewer-contrast", "FLAIR")
    page.wait_for_selector("#viewer[data-contrast=FLAIR]")
    settle(page)
    assert page.evaluate(pixels) != plain
    assert troubles == []
    page.close()


def test_viewer_jumps_from_rows_and_names_the_structure_with_its_load(browser, folder):
    page, _ = opened_viewer(browser, folder)
    page.locator("#load .butterfly").get_by_role("button", name="Thalamus").click()
    told = page.locator("p.under").inner_text()
    assert "Thalamus, left: 0.500 ml of it lesion, 10.0 %" in told
    here = crosshair(page)
    page.locator("#lesions").get_by_role("button", name="1", exact=True).click()
    assert crosshair(page) != here
    assert "in the lesion mask" in page.locator("p.under").inner_text()
    assert "x, y, z = −30," in page.locator("p.under").inner_text()
    page.close()


def test_viewer_without_a_mask_speaks_of_no_lesion(browser, folder):
    page, troubles = opened_viewer(browser, folder, name="not-assessed")
    assert page.locator("#viewer-lesion").count() == 0
    assert "lesion mask" not in page.locator("p.under").inner_text()
    assert orange(page) == []
    assert troubles == []
    page.close()


def test_without_script_the_pictures_stand_and_the_viewer_is_away(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "scan.html").as_uri())
    assert not page.locator("#viewer").is_visible()
    assert page.locator("#pictures .panel").first.is_visible()
    context.close()
