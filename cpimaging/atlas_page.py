"""atlas show: a page with a picture of every structure."""

from pathlib import Path

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import built, read_templates
from cpimaging.io import write_text
from cpimaging.report.atlas import render_atlas
from cpimaging.types import InputError


def run(name: str, output: Path | None) -> Path:
    """Write the page of an atlas, `output` or atlas-<name>.html in the working folder; return its path."""
    atlas = load_atlas(name)
    path = output or Path(f"atlas-{atlas.name}.html")
    write_text(path, render_atlas(atlas, load_template().t1w))
    return path


def run_template(folder: Path, name: str, atlas: str, output: Path | None) -> Path:
    """Write the page of an atlas in a template of an age, built where it is not yet; return its path.

    Raises InputError where the folder has no such template.
    """
    templates = read_templates(folder)
    if name not in templates:
        raise InputError(folder, f"has no template {name}", f"choose from {', '.join(templates)}")
    made = built(templates, name, load_atlas(atlas))
    path = output or Path(f"template-{name}.html")
    write_text(path, render_atlas(made.atlas, next(iter(made.images.values()))))
    return path
