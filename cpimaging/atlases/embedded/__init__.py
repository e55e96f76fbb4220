"""The embedded atlas "cpimaging": built by code from the embedded template, with published landmarks."""

from importlib.metadata import version
from pathlib import Path

from cpimaging.atlases.vocabulary import STRUCTURES
from cpimaging.cache import cached_folder, digest

NAME = "cpimaging"


def embedded_folder() -> Path:
    """Return the cache folder of the embedded atlas; it is built there at first use."""
    return cached_folder(cache_name(), _build)


def cache_name() -> str:
    """Return what that folder is called: it changes with the code."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *here.glob("*.tsv"), here.parent / "template.py", STRUCTURES]
    code = digest(files, version("nilearn"))
    return f"atlas-{NAME}_{code}"


def _build(folder: Path) -> None:
    from cpimaging.atlases.embedded.build import build_atlas
    from cpimaging.atlases.folder import write_atlas
    from cpimaging.atlases.template import load_template

    write_atlas(folder, build_atlas(load_template()))
