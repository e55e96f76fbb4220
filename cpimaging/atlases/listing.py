"""Which atlases there are and whether they are ready, without building, fetching or registering any."""

from dataclasses import dataclass
from pathlib import Path

from cpimaging.atlases import embedded, published
from cpimaging.atlases.embedded.manifest import VERSION, manifest
from cpimaging.atlases.own import check_folder
from cpimaging.atlases.published.sources import source_table
from cpimaging.atlases.template import SPACE
from cpimaging.cache import cache_dir
from cpimaging.io import read_json, read_table
from cpimaging.types import InputError

NOT_KNOWN = "n/a"


@dataclass(frozen=True)
class Entry:
    """One atlas as a person wants to know it: what it is, under which terms, and where it lies.

    name: what the configuration calls it. regions: of the main image and of the overlays, None before
    the atlas was built.
    """

    name: str
    version: str
    space: str
    regions: tuple[int, int] | None
    licence: str
    state: str


def list_atlases(*folders: Path) -> list[Entry]:
    """Return the embedded and the published atlas, and those of folders of one's own."""
    return [_embedded(), _published(), *(_own(folder) for folder in folders)]


def _embedded() -> Entry:
    folder = cache_dir() / embedded.cache_name()
    if folder.is_dir():
        return _in_folder("embedded", folder, f"built: {folder}")
    return Entry(
        "embedded", VERSION, SPACE, None, manifest()["License"], "built at first use, in half a minute"
    )


def _published() -> Entry:
    sources = source_table()
    licence = "; ".join(f"{row.title}: {row.license}" for row in sources.itertuples())
    try:
        folder = cache_dir() / published.cache_name()
    except InputError as error:
        return Entry("published", NOT_KNOWN, SPACE, None, licence, f"{error.problem}; {error.cure}")
    if folder.is_dir():
        return _in_folder("published", folder, f"fetched and built: {folder}")
    return Entry("published", NOT_KNOWN, SPACE, None, licence, "fetched, built at first use")


def _own(folder: Path) -> Entry:
    atlas, problems = check_folder(folder)
    overlays = sum(len(overlay.regions) for overlay in atlas.overlays.values())
    licence = str(atlas.manifest.get("License", NOT_KNOWN))
    state = f"faults: {len(problems)}, see `cpimaging atlas check {folder}`" if problems else "checked: fine"
    regions = len(atlas.dseg.regions), overlays
    return Entry(str(folder), atlas.version, atlas.space or NOT_KNOWN, regions, licence, state)


def _in_folder(name: str, folder: Path, state: str) -> Entry:
    """Read the description and the tables of a folder that `write_atlas` made, not its images."""
    description = read_json(next(folder.glob("*_description.json")))
    tables = {path.name: len(read_table(path)) for path in folder.glob("*_dseg.tsv")}
    overlays = sum(n for table, n in tables.items() if "_seg-" in table)
    regions = sum(tables.values()) - overlays, overlays
    version, space, licence = (str(description[key]) for key in ("Version", "Space", "License"))
    return Entry(name, version, space, regions, licence, state)
