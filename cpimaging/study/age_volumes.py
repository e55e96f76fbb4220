"""Volumes of a template of an age, measured on its images as a scan's are.

What one contrast shows less of is then missing in both.
"""

from pathlib import Path

from cpimaging.assessed import Gate
from cpimaging.atlases.ages.refine import refined
from cpimaging.cache import cached_folder, digest
from cpimaging.io import read_record, write_json
from cpimaging.morphometry.volumes import structure_volumes
from cpimaging.segment import read_on, segment, template_shares
from cpimaging.study.frame import Frame
from cpimaging.study.job import Job
from cpimaging.types import Image, LabelMap

Volumes = dict[tuple[str, str], float]
"""Volumes in mm3 by structure and side."""

RECORD = "volumes.json"


def volumes_of(frame: Frame, job: Job, gate: Gate) -> Volumes:
    """Return the template's volumes by structure and side, mm3, from the contrasts that the scan has.

    Measured once per template and choice of contrasts, and kept in the cache.
    """
    assert frame.built is not None
    images = {name: image for name, image in frame.images.items() if name in job.images} or dict(frame.images)
    young = gate.young("grey_white")
    code = [Path(__file__), *Path(structure_volumes.__code__.co_filename).parent.glob("*.py")]
    code += Path(segment.__code__.co_filename).parent.glob("*.py")
    name = f"{frame.built.folder.name}-volumes_{digest(code, *images, young)}"
    folder = cached_folder(name, lambda folder: _measure(folder, frame, images, young))
    return {
        (structure, side): float(value) for structure, side, value in read_record(folder / RECORD)["Volumes"]
    }


def _measure(folder: Path, frame: Frame, images: dict[str, Image], young: str) -> None:
    brain, regions, labels = frame.template.brain, frame.atlas.dseg.regions, frame.atlas.dseg.labels
    if young and (shown := read_on(images)):
        labels = refined(labels, regions, shown, brain, inner=True)
    atlas = LabelMap(labels, regions)
    found = segment(images, brain, atlas, template_shares(frame.template), None, young)
    volumes = structure_volumes(found.labels, regions, brain)
    write_json(folder / RECORD, {"Volumes": [[*key, value] for key, value in volumes.items()]})
