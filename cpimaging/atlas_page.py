"""atlas show: a page with a picture of every structure."""

from pathlib import Path

from cpimaging.atlases import load_atlas, load_template
from cpimaging.io import write_text
from cpimaging.report.atlas import render_atlas


def run(name: str, output: Path | None) -> Path:
    """Write the page of an atlas, `output` or atlas-<name>.html in the working folder; return its path."""
    atlas = load_atlas(name)
    path = output or Path(f"atlas-{atlas.name}.html")
    write_text(path, render_atlas(atlas, load_template().t1w))
    return path
