"""The published composite "published": Harvard-Oxford, AAL3, Juelich and Pauli 2017 on the embedded atlas."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from cpimaging.atlases.embedded import cache_name as embedded_cache_name
from cpimaging.atlases.embedded import embedded_folder
from cpimaging.atlases.published.sources import checked_sums, fetch_sources
from cpimaging.cache import cached_folder, digest

NAME = "published"


def published_folder() -> Path:
    """Return the cache folder of the composite; it is built there from fetched files at first use.

    Never touches the network. Raises InputError where `fetch` has not run, or a file changed since.
    """
    return cached_folder(cache_name(), _build)


def cache_name() -> str:
    """Return what that folder is called: it changes with the files and the code. Raises the same errors."""
    here = Path(__file__).parent
    sums = checked_sums()
    words = [version("nilearn"), embedded_cache_name(), *(f"{name}={sums[name]}" for name in sorted(sums))]
    moving = [here.parent / "space.py", *(here.parents[1] / "registration").glob("*.py")]
    code = digest([*here.glob("*.py"), *here.glob("*.tsv"), *moving], *words)
    return f"atlas-{NAME}_{code}"


def fetch(nlin6_t1w: Path | None = None) -> Iterator[str]:
    """Download what is missing into the user's cache, and build the composite; yield what was done, in lines.

    nlin6_t1w: brain-extracted T1w of MNI152 NLin6, 1 mm, where it is at hand (FSL's
    MNI152_T1_1mm_brain). Raises InputError where the network or a file fails.
    """
    yield from fetch_sources(nlin6_t1w)
    yield "building: registers the NLin6 T1w once, about a minute"
    published_folder()


def _build(folder: Path) -> None:
    from cpimaging.atlases.folder import read_atlas, write_atlas
    from cpimaging.atlases.published.compose import compose
    from cpimaging.atlases.published.place import placed_sources

    embedded = read_atlas(embedded_folder())
    write_atlas(folder, compose(embedded, placed_sources()))
