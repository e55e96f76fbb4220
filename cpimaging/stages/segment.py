"""segment: the atlas on the scan, and the volumes of its structures."""

import numpy as np

from cpimaging.atlases import load_atlas
from cpimaging.io import read_displacement, read_image, write_image, write_json, write_table
from cpimaging.layout import sidecar_path
from cpimaging.provenance import sidecar
from cpimaging.quantify import morphometry, template_volumes
from cpimaging.registration import resample
from cpimaging.stages import Job
from cpimaging.stages.tables import with_ids


def run(job: Job) -> None:
    """Write the atlas labels on the reference grid and the morphometry table."""
    atlas = load_atlas(job.atlas)
    reference = job.reference
    brain = read_image(job.files.brain_mask, labels=True)
    field = read_displacement(job.files.xfm_to_scan(reference))
    labels = resample(atlas.dseg.labels, brain, field, mode="nearest")
    labels = labels.with_data(np.where(brain.data > 0, labels.data, 0))
    content = sidecar(
        "segment",
        job.names(job.scan.images[reference]),
        SpatialReference=job.names(job.scan.images[reference])[0],
        Atlas=f"{atlas.name} {atlas.version}",
    )
    write_json(sidecar_path(job.files.atlas_dseg), content)
    write_image(job.files.atlas_dseg, labels)
    table = morphometry(labels, atlas.dseg, brain.with_data(brain.data > 0), template_volumes(atlas))
    write_table(job.files.morphometry, with_ids(table, job.label))
