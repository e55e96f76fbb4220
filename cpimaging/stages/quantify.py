"""quantify: lesion load per structure, side, lobe and layer."""

import numpy as np

from cpimaging.io import write_table
from cpimaging.quantify import lesion_load
from cpimaging.stages import Job, measured_mask
from cpimaging.stages.tables import measuring_grid, with_ids

NOT_MEASURED = ["lesion_volume_mm3", "percent_region", "percent_lesion"]


def run(job: Job) -> None:
    """Write the lesion-load table; without a mask its lesion columns are n/a, not 0."""
    mask = measured_mask(job)
    grid = measuring_grid(job, mask)
    table = lesion_load(grid.mask, grid.labels, grid.atlas.dseg, grid.overlays, grid.brain)
    if mask is None:
        table[NOT_MEASURED] = np.nan
    write_table(job.files.lesionload, with_ids(table, job.label))
