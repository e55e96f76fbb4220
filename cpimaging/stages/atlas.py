"""atlas: ready in the user's cache, checked against the scorers, its table beside the results."""

from pathlib import Path

import pandas as pd

from cpimaging.atlases import check_atlas, load_atlas
from cpimaging.io import write_json, write_table
from cpimaging.scorers import SCORERS
from cpimaging.types import Atlas, InputError

COLUMNS = {
    "index": "number of the region in the label image",
    "name": "name of the region",
    "structure": "word of the shared vocabulary",
    "side": "left, right or midline",
    "tissue": "class of tissue",
    "lobe": "lobe, n/a where it has none",
}


def run(output: Path, name: str) -> None:
    """Write the atlas's label table and description; refuse an atlas that does not serve the scorers."""
    atlas = load_atlas(name)
    check(atlas, name)
    rows = [[getattr(region, column) for column in COLUMNS] for region in atlas.dseg.regions]
    write_json(output / f"atlas-{atlas.name}_description.json", dict(atlas.manifest))
    described = {name: {"Description": text} for name, text in COLUMNS.items()}
    write_json(output / f"atlas-{atlas.name}_dseg.json", described)
    write_table(output / f"atlas-{atlas.name}_dseg.tsv", pd.DataFrame(rows, columns=list(COLUMNS)))


def check(atlas: Atlas, name: str) -> None:
    """Raise InputError with the first problem of an atlas, or with the structures that a scorer misses."""
    problems = check_atlas(atlas)
    if problems:
        raise InputError(name, f"is not a usable atlas: {problems[0]}", "see `cpimaging atlas check`")
    overlays = [region for overlay in atlas.overlays.values() for region in overlay.regions]
    structures = {region.structure for region in (*atlas.dseg.regions, *overlays)}
    for scorer in SCORERS.values():
        missing = scorer.missing(structures)
        if missing:
            problem = f"lacks {', '.join(missing)}, which the scorer {scorer.name} needs"
            raise InputError(name, problem, "choose another atlas")
