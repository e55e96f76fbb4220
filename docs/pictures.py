"""Make the pictures of reading.md from the pages of `make demo`; needs a browser."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
DEMO = ROOT / "results" / "demo"
CHROMIUM = "/usr/bin/chromium"
VIEW = {"width": 1240, "height": 760}


def without_age(folder: Path) -> Path:
    """Run a scan of the demo without its age and its mask; return its page."""
    anat = ROOT / "test_data" / "bids" / "sub-03" / "anat"
    images = ["--t1w", str(anat / "sub-03_T1w.nii.gz"), "--flair", str(anat / "sub-03_FLAIR.nii.gz")]
    subprocess.run([sys.executable, "-m", "cpimaging", "run", str(folder), *images], check=True)
    return next(folder.glob("sub-*.html"))


def shot(browser: Browser, page: Path, name: str) -> None:
    """Keep the first screen of a page, in 192 colours."""
    tab = browser.new_page(viewport=VIEW)
    tab.goto(page.as_uri())
    out = PICTURES / f"reading-{name}.png"
    tab.screenshot(path=out)
    Image.open(out).convert("P", palette=Image.Palette.ADAPTIVE, colors=192).save(out, optimize=True)


def main() -> None:
    """Make all of them."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        shot(browser, DEMO / "sub-01.html", "b1")
        shot(browser, DEMO / "sub-02.html", "c1")
        shot(browser, without_age(Path(folder) / "out"), "none")
        browser.close()


if __name__ == "__main__":
    main()
