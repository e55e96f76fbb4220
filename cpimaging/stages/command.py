"""command: an external tool draws the lesion on the preprocessed images."""

from pathlib import Path

import numpy as np

from cpimaging.images import read_image, write_image
from cpimaging.io import write_json
from cpimaging.layout import sidecar_path
from cpimaging.masks import check_header, check_lesion_position, of_same_grid, place_mask, read_mask
from cpimaging.provenance import sidecar
from cpimaging.study.job import Job
from cpimaging.study.record import recorded
from cpimaging.study.tool import OUT, check_placeholders, placeholders, run_tool
from cpimaging.types import CONTRASTS, InputError
from cpimaging.words import COMMAND

DRAWN = "mask of lesion_command"

PLACEHOLDERS = (*CONTRASTS, "brain_mask", OUT)


def check_command(command: str | None) -> None:
    """Refuse a command with an unknown placeholder, without {out}, or without any image."""
    if command is None:
        return
    check_placeholders(COMMAND, command, PLACEHOLDERS, needed=(OUT,))
    if not placeholders(COMMAND, command) & set(CONTRASTS):
        choice = ", ".join(f"{{{name}}}" for name in CONTRASTS)
        raise InputError(COMMAND, "reads no image", f"use {choice}")


@recorded
def run(job: Job, command: str) -> None:
    """Run the tool and write its mask and a record; for a scan that lacks a contrast only the record."""
    check_command(command)
    mask_path = Path(job.files.command_mask)
    record = sidecar_path(str(mask_path))
    mask_path.unlink(missing_ok=True)
    lacking = sorted((placeholders(COMMAND, command) & set(CONTRASTS)) - set(job.images))
    reason = f"lesion_command needs {', '.join(lacking)}, which this scan lacks" if lacking else None
    if job.scan.lesion_mask:
        reason = "a mask is given: lesion_command was not run"
    space = job.names(job.scan.images[job.reference])[0]
    fields = {"Type": "Lesion", "MaskSource": COMMAND, "SpatialReference": space, "NotAssessed": reason}
    notes = _draw(job, command, mask_path) if reason is None else []
    sources = job.names(*job.scan.images.values())
    write_json(record, sidecar("command", sources, **fields, Notes=notes))


def _draw(job: Job, command: str, path: Path) -> list[str]:
    """Run the tool on the preprocessed images; check its mask like a given one; write it on their grid.

    Return how its values and its position were read.
    """
    drawn = path.with_name(f".{path.name}")
    files = {name: Path(job.files.preproc(name)) for name in job.images}
    try:
        run_tool(COMMAND, command, {**files, "brain_mask": Path(job.files.brain_mask)}, drawn)
        brain = read_image(job.files.brain_mask, labels=True)
        mask, notes = read_mask(drawn, DRAWN)
        images = {"the preprocessed images": brain}
        check_header(mask, images, DRAWN)
        on = next(iter(of_same_grid(mask, images)), None)
        check_lesion_position(mask, brain.with_data(brain.data > 0), DRAWN, on)
        placed, more = place_mask(mask, brain)
        write_image(path, brain.with_data(np.asarray(placed.data, bool)))
        return notes + more
    finally:
        drawn.unlink(missing_ok=True)
