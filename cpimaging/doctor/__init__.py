"""Looks at everything that a run needs, before hours are spent on it. Nothing is written or changed."""

from pathlib import Path

from cpimaging.doctor.dataset import look_at_dataset
from cpimaging.doctor.found import Found
from cpimaging.doctor.installation import look_at_installation
from cpimaging.doctor.machine import look_at_machine, look_at_output
from cpimaging.doctor.templates import look_at_templates

__all__ = ["Found", "examine"]


def examine(
    bids_dir: Path | None = None,
    output_dir: Path | None = None,
    cores: int = 1,
    templates_dir: Path | None = None,
) -> list[Found]:
    """Return what was found, one entry per check: installation, machine, dataset, templates, results' folder.

    cores: how many stages are to run at once.
    """
    found, study = list(look_at_installation()), None
    if bids_dir is not None:
        told, study = look_at_dataset(bids_dir, output_dir)
        found += told
    found += look_at_templates(templates_dir, study.scans if study else [])
    found += look_at_machine(study.largest if study else 1.0, cores)
    if output_dir is not None:
        found += look_at_output(output_dir, study)
    return found
