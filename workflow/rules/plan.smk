# Which scans there are, from file names alone; no image is opened here.

import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from cpimaging.bids import list_scans
from cpimaging.layout import ScanFiles
from cpimaging.provenance import code_digest
from cpimaging.stages import INDEX, Job, read_plan, write_plan
from cpimaging.types import InputError

quote = shlex.quote

validate(config, "../schemas/config.schema.yaml")

OUT = str(config["output_dir"])


def plan_scans():
    """List the scans once, in the main process, and write the plan that every job reads."""
    if workflow.is_main_process:
        try:
            scans = list_scans(
                config["bids_dir"],
                lesions_dir=config["lesions_dir"],
                output_dir=OUT,
                participant_label=config["participant_label"],
                session_label=config["session_label"],
                lesion_pattern=config["lesion_pattern"],
            )
        except InputError as error:
            raise WorkflowError(str(error)) from None
        write_plan(Path(OUT), config["bids_dir"], scans)
    return {scan.label: Job(Path(OUT), scan.label) for scan in read_plan(Path(OUT))[1]}


JOBS = plan_scans()

# Output paths with wildcards: {folder} is "sub-01" or "sub-01/ses-02", {scan} the scan's label.
FILES = ScanFiles(
    OUT, "{folder}", "{scan}", Job(Path(OUT), "", config["atlas"]).files.atlas
)


wildcard_constraints:
    folder=r"sub-[0-9A-Za-z+]+(/ses-[0-9A-Za-z+]+)?",
    scan=r"sub-[0-9A-Za-z+]+(_ses-[0-9A-Za-z+]+)?",
    reference="T1w|T2w|FLAIR",


def images_of(wildcards):
    return [str(path) for path in JOBS[wildcards.scan].images.values()]


def brain_mask_of(wildcards):
    return [str(path) for path in [JOBS[wildcards.scan].brain_mask] if path]


def lesion_mask_of(wildcards):
    return [str(path) for path in [JOBS[wildcards.scan].lesion] if path]


def transform_of(wildcards):
    job = JOBS[wildcards.scan]
    return ScanFiles.of(OUT, wildcards.scan).xfm_to_scan(job.reference)


def report_inputs(wildcards):
    files = ScanFiles.of(OUT, wildcards.scan, FILES.atlas)
    return [files.lesionload, files.lesions, files.morphometry, files.qc, files.pattern]


def scan_outputs(name):
    return [getattr(ScanFiles.of(OUT, label, FILES.atlas), name) for label in JOBS]
