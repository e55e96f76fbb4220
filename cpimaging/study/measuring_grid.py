"""Small shared steps of the stages: id columns, and the atlas on a mask's own grid."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging.atlases import load_atlas
from cpimaging.images import read_displacement, read_image
from cpimaging.masks import covering_mask, place_mask
from cpimaging.registration import labels_within, resample
from cpimaging.study.drawn_on import read_lesion
from cpimaging.study.job import Job
from cpimaging.types import Atlas, Image, LabelMap


def with_ids(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return the table with the BIDS columns participant_id and session_id in front."""
    participant, _, session = label.partition("_")
    out = table.copy()
    out.insert(0, "participant_id", participant)
    out.insert(1, "session_id", session or "n/a")
    return out


@dataclass(frozen=True)
class MeasuringGrid:
    """The grid on which a lesion is measured: the mask's own, padded to cover the brain, and all on it."""

    mask: Image
    labels: Image
    brain: Image
    atlas: Atlas
    notes: list[str]


def measuring_grid(job: Job, lesion: Path | None) -> MeasuringGrid:
    """Return the lesion mask on its own grid, with labels and brain moved there once.

    Regions are counted over the whole brain, whatever part of space the mask covers.
    lesion: path of the mask; without one, an empty mask on the reference grid.
    """
    atlas = load_atlas(job.atlas)
    brain = read_image(job.files.brain_mask, labels=True)
    labels = read_image(job.files.atlas_dseg, labels=True)
    mask, notes = brain.with_data(np.zeros(brain.shape, bool)), list[str]()
    if lesion is not None:
        mask, notes = read_lesion(job, lesion)
        notes = list(dict.fromkeys([*notes, *place_mask(mask, brain)[1]]))
        mask = covering_mask(mask, brain.with_data(brain.data > 0), lesion)
    if not mask.same_grid(brain, tolerance_mm=0.1 * min(brain.spacing_mm)):
        brain, labels = (resample(image, mask, mode="nearest") for image in (brain, labels))
    else:
        mask = brain.with_data(mask.data)
    return MeasuringGrid(mask, labels, brain.with_data(brain.data > 0), atlas, notes)


def overlays_on(job: Job, grid: MeasuringGrid) -> dict[str, LabelMap]:
    """Return the overlays of the atlas on a grid: most of its time, and only the load table wants them."""
    field = read_displacement(job.files.xfm_to_scan(job.reference))
    overlays = grid.atlas.overlays
    moved = labels_within({name: one.labels for name, one in overlays.items()}, grid.brain, field)
    return {name: LabelMap(labels, overlays[name].regions) for name, labels in moved.items()}
