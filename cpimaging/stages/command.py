"""command: an external tool draws the lesion on the preprocessed images."""

from pathlib import Path

import numpy as np

from cpimaging.io import read_image, write_image, write_json
from cpimaging.layout import sidecar_path
from cpimaging.masks import check_lesion_position, place_mask, read_mask
from cpimaging.provenance import sidecar
from cpimaging.study.job import COMMAND, Job
from cpimaging.study.record import recorded
from cpimaging.study.tool import OUT, check_placeholders, placeholders, run_tool
from cpimaging.types import CONTRASTS, InputError

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
    if reason is None:
        _draw(job, command, mask_path)
    write_json(record, sidecar("command", job.names(*job.scan.images.values()), **fields))


def _draw(job: Job, command: str, path: Path) -> None:
    """Run the tool on the preprocessed images; check its mask like a given one; write it on their grid."""
    drawn = path.with_name(f".{path.name}")
    files = {name: Path(job.files.preproc(name)) for name in job.images}
    try:
        run_tool(COMMAND, command, {**files, "brain_mask": Path(job.files.brain_mask)}, drawn)
        brain = read_image(job.files.brain_mask, labels=True)
        mask, _ = read_mask(drawn)
        check_lesion_position(mask, brain.with_data(brain.data > 0), "mask of lesion_command")
        placed, _ = place_mask(mask, brain, "mask of lesion_command")
        write_image(path, brain.with_data(np.asarray(placed.data, bool)))
    finally:
        drawn.unlink(missing_ok=True)
