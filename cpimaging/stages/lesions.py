"""lesions: the lesion mask, its pieces, and where each of them lies."""

from cpimaging.atlases import load_template
from cpimaging.io import read_displacement, read_image, typed, write_image, write_json, write_table
from cpimaging.layout import sidecar_path
from cpimaging.lesions import components
from cpimaging.provenance import sidecar
from cpimaging.quantify import white_matter_depth
from cpimaging.registration import resample
from cpimaging.stages import GIVEN, Job
from cpimaging.stages.tables import measuring_grid, with_ids
from cpimaging.types import LESIONS_COLUMNS, Image


def run(job: Job) -> None:
    """Write mask, numbered pieces and their table; without a mask, only an empty table."""
    if job.lesion is None:
        write_table(job.files.lesions, typed([], LESIONS_COLUMNS))
        return
    grid = measuring_grid(job)
    _, distance_mm = white_matter_depth(grid.labels, grid.atlas.dseg.regions)
    pieces, table = components(grid.mask, grid.labels, grid.atlas.dseg, distance_mm, GIVEN)
    _write_images(job, pieces, grid.notes)
    write_table(job.files.lesions, with_ids(table, job.label))


def _write_images(job: Job, pieces: Image, notes: list[str]) -> None:
    reference = job.reference
    brain = read_image(job.files.brain_mask, labels=True)
    field = read_displacement(job.files.xfm_to_template(reference))
    template = load_template()
    on_scan = pieces if pieces.same_grid(brain) else resample(pieces, brain, mode="nearest")
    on_scan = brain.with_data(on_scan.data)
    on_template = resample(on_scan, template.t1w, field, mode="nearest")
    in_template = on_template.with_data((on_template.data > 0) & template.brain.data)
    space = {"SpatialReference": job.names(job.scan.images[reference])[0]}
    for path, image, fields in (
        (job.files.lesions_dseg, on_scan, space),
        (job.files.lesion_mask_template, in_template, {"Type": "Lesion"}),
        (job.files.lesion_mask, on_scan.with_data(on_scan.data > 0), {"Type": "Lesion", **space}),
    ):
        content = sidecar("lesions", job.names(job.scan.lesion_mask), MaskSource=GIVEN, Notes=notes, **fields)
        write_json(sidecar_path(path), content)
        write_image(path, image, template_space=path == job.files.lesion_mask_template)
