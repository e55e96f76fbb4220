"""An installed browser that prints pages to PDF: Chromium, or one that is built on it."""

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from cpimaging.types import InputError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
SECONDS = 300
"""After so long a browser hangs (ours)."""
DATES = re.compile(rb"\(D:\d{14}([+-]\d\d'\d\d')?")
PAGES = re.compile(rb"/Type /Page\b")


def installed_browser() -> str | None:
    """Return the path of the first browser that is found on PATH, None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def page_to_pdf(html: str) -> bytes:
    """Print a page by the browser of `installed_browser`; without the date of today.

    The browser gets a profile of its own and asks no network. Raises InputError where there is none, or it
    makes no PDF.
    """
    browser = installed_browser()
    if browser is None:
        raise InputError(
            "pdf", "no Chromium, Chrome or Edge on PATH", "install one, or print the page by hand"
        )
    with tempfile.TemporaryDirectory() as name:
        page, pdf = Path(name) / "page.html", Path(name) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # refused to root
        options += [f"--user-data-dir={name}/profile", "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [browser, *options, page.as_uri()], capture_output=True, timeout=SECONDS, check=False
            )
        if not pdf.is_file():
            raise InputError(
                browser, "made no PDF", "start it by hand, or print the page from another browser"
            )
        return DATES.sub(_no_date, pdf.read_bytes())


def page_count(pdf: bytes) -> int:
    """Return how many pages a PDF has that a browser made."""
    return len(PAGES.findall(pdf))


def _no_date(found: re.Match[bytes]) -> bytes:
    """Return a date of the same length that tells nothing: lengths count in a PDF."""
    return re.sub(rb"\d{14}", b"20000101000000", found[0])
