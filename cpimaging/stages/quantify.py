"""quantify: lesion load per structure, side, lobe and layer."""

import numpy as np
import pandas as pd

from cpimaging.columns import CELL, dtypes
from cpimaging.io import read_record, write_table
from cpimaging.layout import sidecar_path
from cpimaging.lesions.components import components
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in, rows_within
from cpimaging.quantify.margins import MARGIN_COLUMNS, load_margins
from cpimaging.quantify.partition import partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.quantify.profile import lesion_profile
from cpimaging.quantify.tracts import section_loads, section_rows, tract_sections
from cpimaging.study.affine import read_affine
from cpimaging.study.job import Job, lesion_record, measured_mask
from cpimaging.study.measuring_grid import measuring_grid, overlays_on, with_ids
from cpimaging.study.record import recorded

NOT_MEASURED = ["lesion_volume_mm3", "percent_region", "percent_lesion"]


@recorded
def run(job: Job) -> None:
    """Write the lesion-load table and its margins; what was not searched, or cannot be placed, is n/a."""
    mask = measured_mask(job)
    grid = measuring_grid(job, mask)
    regions = grid.atlas.dseg.regions
    depth, distance_mm = white_matter_depth(grid.labels, regions)
    parts = partition(grid.labels, grid.atlas.dseg, overlays_on(job, grid), grid.brain, depth)
    table, margins = load_in(grid.mask, parts), load_margins(grid.mask, parts)
    pieces, _ = components(grid.mask, grid.labels, grid.atlas.dseg, distance_mm, "")
    profile = lesion_profile(grid.mask, grid.labels, regions, distance_mm)
    tracts = tract_sections(parts, grid.mask, read_affine(job))
    sections = section_loads(tracts, np.flatnonzero(grid.mask.data))
    unknown = rows_within(parts, lesion_record(job)["NotSearched"])
    if mask is None:
        profile["value"] = np.nan
        unknown[:] = True
    table.loc[unknown, NOT_MEASURED] = np.nan
    margins.loc[unknown, list(MARGIN_COLUMNS)] = np.nan
    unplaced = table["structure"].isin(read_record(sidecar_path(job.files.atlas_dseg))["NotPlaced"])
    table.loc[unplaced, ["region_volume_mm3", *NOT_MEASURED]] = np.nan
    margins.loc[unplaced, list(MARGIN_COLUMNS)] = np.nan
    searched = lesion_parts(pieces, parts).merge(table.loc[~(unknown | unplaced), list(dtypes(CELL))])
    write_table(job.files.lesion_parts, with_ids(searched, job.label))
    profile = pd.concat([profile, pd.DataFrame(section_rows(sections, table))], ignore_index=True)
    write_table(job.files.lesion_profile, with_ids(profile, job.label))
    write_table(job.files.load_margins, with_ids(margins, job.label))
    write_table(job.files.lesionload, with_ids(table, job.label))
