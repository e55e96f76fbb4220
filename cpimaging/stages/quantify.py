"""quantify: lesion load per structure, side, lobe and layer."""

import numpy as np

from cpimaging.io import write_table
from cpimaging.quantify import MARGIN_COLUMNS, load_in, load_margins, partition
from cpimaging.stages import Job, measured_mask
from cpimaging.stages.tables import measuring_grid, with_ids

NOT_MEASURED = ["lesion_volume_mm3", "percent_region", "percent_lesion"]


def run(job: Job) -> None:
    """Write the lesion-load table and its margins; without a mask lesion columns are n/a, not 0."""
    mask = measured_mask(job)
    grid = measuring_grid(job, mask)
    parts = partition(grid.labels, grid.atlas.dseg, grid.overlays, grid.brain)
    table, margins = load_in(grid.mask, parts), load_margins(grid.mask, parts)
    if mask is None:
        table[NOT_MEASURED] = np.nan
        margins[list(MARGIN_COLUMNS)] = np.nan
    write_table(job.files.load_margins, with_ids(margins, job.label))
    write_table(job.files.lesionload, with_ids(table, job.label))
