"""Pages for a keyboard and a screen reader: axe-core (npm, for development alone) finds nothing serious."""

import os
from pathlib import Path

import pytest
import report_content as content

from cpimaging.report.cohort import render_cohort
from cpimaging.report.scan import render_scan

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser
from test_report_pages import CHROMIUM, browser  # noqa: F401

AXE = Path(os.environ.get("CPIMAGING_AXE", "axe.min.js"))
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: CPIMAGING_AXE names its script"),
]
PAGES = {
    "scan": lambda: render_scan(content.scan_report()),
    "not assessed": lambda: render_scan(content.not_assessed()),
    "cohort": lambda: render_cohort(content.cohort_report()),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser: Browser, tmp_path: Path, name: str, scheme: str) -> None:  # noqa: F811
    """At 400 px, where tables scroll."""
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(path.as_uri())
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    page.close()
