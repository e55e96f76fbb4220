"""atlas: ready in the user's cache; the tables that name labels and tissue classes beside the results."""

from pathlib import Path

import pandas as pd

from cpimaging import columns
from cpimaging.atlases import load_atlas
from cpimaging.columns import ATLAS_LABELS, described, dtypes
from cpimaging.io import write_json, write_table
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.outputs_by_name import scan_sidecars
from cpimaging.segment import TISSUE_LABELS
from cpimaging.study.record import recorded

TISSUE_TABLE = "seg-tissue_dseg.tsv"
COLUMNS = dtypes(ATLAS_LABELS)


@recorded
def run(output: Path, name: str) -> None:
    """Write the atlas's label table and description, and what describes the tables of all scans.

    Raises InputError for an atlas that has a fault.
    """
    atlas = load_atlas(name)
    rows = [[getattr(region, column) for column in COLUMNS] for region in atlas.dseg.regions]
    write_json(output / f"atlas-{atlas.name}_description.json", dict(atlas.manifest))
    for path, declared in scan_sidecars(atlas.name, TEMPLATE).items():
        write_json(output / path, described(declared))
    write_json(output / f"atlas-{atlas.name}_dseg.json", described(ATLAS_LABELS))
    write_json(output / sidecar_path(TISSUE_TABLE), described(columns.TISSUE_LABELS))
    write_table(output / TISSUE_TABLE, tissue_table())
    write_table(output / f"atlas-{atlas.name}_dseg.tsv", pd.DataFrame(rows, columns=list(COLUMNS)))


def tissue_table() -> pd.DataFrame:
    """Return the classes of the tissue images; mapping: the number that BIDS has for the class."""
    rows = [(index, *names) for index, names in TISSUE_LABELS.items()]
    return pd.DataFrame(rows, columns=list(dtypes(columns.TISSUE_LABELS)))
