# Which scans there are, from file names; of scans with several contrasts the headers are read, no voxel.

import shlex
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

from cpimaging.atlases import checked_atlas
from cpimaging.bids import choose_references, list_scans, with_demographics
from cpimaging.bids.reference import REFERENCES
from cpimaging.io import read_yaml
from cpimaging.layout import ScanFiles, sidecar_path
from cpimaging.provenance import code_digest
from cpimaging.registration.syn import ants_python
from cpimaging.scorers import chosen_scorers
from cpimaging.study.job import Job
from cpimaging.study.plan import INDEX, read_plan, write_plan
from cpimaging.study.brain import check_command as check_brain_command
from cpimaging.stages.command import check_command
from cpimaging.scorers.needs import check_fit
from cpimaging.study.adc_norm import MEAN, SD, read_norm
from cpimaging.scorers.overrides import read_overrides
from cpimaging.types import InputError

quote = shlex.quote


def stop(problem):
    """End in one plain line, without a traceback."""
    print(f"cpimaging: {problem}", file=sys.stderr)
    sys.exit(2)


schema = read_yaml(workflow.source_path("../schemas/config.schema.yaml"))
for error in Draft202012Validator(schema).iter_errors(config):
    key = ".".join(map(str, error.path)) or "configuration"
    stop(f"{key}: {error.message}; every key is described in config/README.md")

OUT = str(config["output_dir"])
DETECTION = "command" if config["lesion_command"] else config["detection"]
SCORERS = config["scorers"]
SCORERS = SCORERS if isinstance(SCORERS, str) else ",".join(SCORERS)


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
            chosen_scorers(SCORERS)
            check_command(config["lesion_command"])
            check_brain_command(config["brain_command"] or "")
            if config["adc_norm"]:
                read_norm(config["adc_norm"])
            if config["atlas"] != "embedded":
                check_fit(checked_atlas(config["atlas"]), config["atlas"], SCORERS)
            if config["engine"] == "ants":
                ants_python()
        except InputError as error:
            stop(error)
        scans = with_demographics(config["bids_dir"], scans)
        write_plan(
            Path(OUT), config["bids_dir"], choose_references(config["bids_dir"], scans)
        )
    return {scan.label: Job(Path(OUT), scan.label) for scan in read_plan(Path(OUT))[1]}


def plan_overrides():
    """Read what people decided, by scan; a row that fits nothing stops the workflow."""
    try:
        return read_overrides(config["overrides"], JOBS)
    except InputError as error:
        stop(error)


JOBS = {} if config["masks_dir"] else plan_scans()
OVERRIDES = plan_overrides() if config["overrides"] and JOBS else {}

# Output paths with wildcards: {folder} is "sub-01" or "sub-01/ses-02", {scan} the scan's label.
FILES = ScanFiles(
    OUT, "{folder}", "{scan}", Job(Path(OUT), "", config["atlas"]).files.atlas
)


wildcard_constraints:
    folder=r"sub-[0-9A-Za-z+]+(/ses-[0-9A-Za-z+]+)?",
    scan=r"sub-[0-9A-Za-z+]+(_ses-[0-9A-Za-z+]+)?",
    reference="|".join(REFERENCES),


def output_dir(wildcards):
    return quote(OUT)


def job_options(wildcards):
    return f"--scan {wildcards.scan} --output-dir {quote(OUT)}"


def person_of(wildcards):
    """Age and sex: read from the plan by the job; here so that only scans whose own change run again."""
    scan = JOBS[wildcards.scan].scan
    return f"{scan.age_years} {scan.sex}"


def images_of(wildcards):
    return [str(path) for path in JOBS[wildcards.scan].images.values()]


def brain_mask_of(wildcards):
    return [str(path) for path in [JOBS[wildcards.scan].brain_mask] if path]


def lesion_mask_of(wildcards):
    """The given mask; without one, the record of what the external tool drew, if there is a tool."""
    given = JOBS[wildcards.scan].lesion
    if given:
        return [str(given)]
    if DETECTION != "command":
        return []
    return [sidecar_path(ScanFiles.of(OUT, wildcards.scan).command_mask)]


def detection_of(wildcards):
    """How the lesion is found; a given mask needs no search, so a changed choice does not run it again."""
    return "off" if JOBS[wildcards.scan].lesion else DETECTION


def norm_of(wildcards):
    """The folder of a map of healthy ADC; only scans with an ADC that is searched depend on it."""
    searched = detection_of(wildcards) == "on" and "ADC" in JOBS[wildcards.scan].images
    return config["adc_norm"] or "" if searched else ""


def norm_files_of(wildcards):
    folder = norm_of(wildcards)
    return [f"{folder}/{name}" for name in (MEAN, SD)] if folder else []


def norm_option(wildcards):
    return quote(norm_of(wildcards))


def brain_command_of(wildcards):
    return quote(config["brain_command"] or "")


def command_of(wildcards):
    # A function: Snakemake takes braces in plain parameters for wildcards.
    return quote(config["lesion_command"] or "")


def override_of(wildcards):
    """What a person decided, as options: only the scans whose row changes are scored again."""
    decided = OVERRIDES.get(wildcards.scan)
    words = vars(decided).items() if decided else ()
    return " ".join(f"--{name} {quote(word)}" for name, word in words if word)


def transform_of(wildcards):
    # A scan without a usable contrast is told by preprocess; until then any name will do.
    reference = JOBS[wildcards.scan].scan.reference
    reference = reference if reference in REFERENCES else REFERENCES[0]
    return ScanFiles.of(OUT, wildcards.scan).xfm_to_scan(reference)


def report_inputs(wildcards):
    files = ScanFiles.of(OUT, wildcards.scan, FILES.atlas)
    return [files.lesionload, files.lesions, files.morphometry, files.qc, files.pattern]


def scan_outputs(name):
    return [getattr(ScanFiles.of(OUT, label, FILES.atlas), name) for label in JOBS]
