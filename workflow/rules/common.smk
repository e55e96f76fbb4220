# What several rules need: the study, its files with wildcards, and what is asked of one scan.

import atexit
import gc
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from snakemake.common import get_function_params, overwrite_function_params

from cpimaging.bids.scan import REFERENCES
from cpimaging.handlers import beside_its_caller, told_in_the_end, without_idle_rounds
from cpimaging.io import read_yaml
from cpimaging.layout import ScanFiles, atlas_name, sidecar_path
from cpimaging.planner import Planner, digest_of, norms_files, state
from cpimaging.provenance import code_digest
from cpimaging.study.compared import column_names
from cpimaging.study.choices import as_words, check_call, check_options, read_choices
from cpimaging.study.lock import release_lock
from cpimaging.study.plan import INDEX
from cpimaging.study.record import STUDY, finished
from cpimaging.types import InputError, of_system
from cpimaging.writes import check_writable

# What planning makes stays until the end: to look for garbage among it, again and again, takes a quarter of its time.
if workflow.is_main_process:
    gc.disable()

quote = shlex.quote

# Rules call `cpimaging`: by the interpreter that plans, wherever PATH leads. What is killed cannot say so: the log
# tells for it (study/stopped.py reads that), and names the rule, which is called as the command is. -P: a random.py
# of the folder that one works in is none of Python's.
PROGRAM = f"{quote(sys.executable)} -P -m cpimaging"
BEGAN = '[ -z "${{SLURM_JOB_ID:-}}" ] || echo "cpimaging: began in SLURM job $SLURM_JOB_ID" >&2'
KILLED = '[ "$code" != 137 ] || echo "cpimaging: $1 was killed (signal 9), most often for want of memory" >&2'
# Of a module, the prefix of who calls it stays, for its own rules.
THEIRS = (
    (getattr(shell, "_process_prefix", None) or "")
    .replace("{", "{{")
    .replace("}", "}}")
)
shell.prefix(
    f'{THEIRS}set -euo pipefail; cpimaging() {{{{ {BEGAN}; local code=0; {PROGRAM} "$@" || code=$?; {KILLED}; return $code; }}}}; '
)


def plainly(ask, *words):
    """Ask, and end in one line, without a traceback, where the user has to mend something."""
    try:
        return ask(*words)
    except (InputError, OSError) as error:
        told = of_system(error) if isinstance(error, OSError) else error
        print(f"cpimaging: {told}", file=sys.stderr)
        sys.exit(2)


# A module's prefix is for the results alone, and the planner must know it: it is put before their folder here,
# once, and not by Snakemake before every path, be it the user's or ours.
MOVED = workflow.modifier.path_modifier
if workflow.is_main_process:
    # Profiles are named as seen from where Snakemake was called; it has left that for --directory.
    plainly(check_options, sys.argv[1:], getattr(workflow, "rundir", "."))
if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    plainly(check_call, sys.argv, config)
    plainly(check_writable, Path(".snakemake"), "folder to work in (--directory)")
    # Jobs of a cluster read the configuration again, perhaps a day later: they get that of this run.
    workflow.config_settings.config_args = as_words(config)
CHOICES = plainly(
    read_choices,
    config,
    read_yaml(workflow.source_path("../schemas/config.schema.yaml")),
)
CHOICES = replace(CHOICES, output_dir=MOVED.replace_prefix(CHOICES.output_dir))
MOVED.skip_properties |= {"input", "output", "log", "benchmark"}
MOVED.inner_modifier = (
    None  # of a module in a module: its prefix is in the folder's name by now, too
)
PLANNER = Planner(CHOICES, main=workflow.is_main_process)
OUT = CHOICES.output_dir
SCORERS = PLANNER.scorers
MASKS = None
if CHOICES.masks_dir:
    from cpimaging.stages.masks import MaskJob  # loads what draws pages

    MASKS = plainly(MaskJob.of, CHOICES, SCORERS)
plainly(
    MASKS.listed if MASKS else PLANNER.planned
)  # here, where it can be told in one line

ATLAS = quote(CHOICES.atlas)  # as a word of a command

# Output paths with wildcards: {folder} is "sub-01" or "sub-01/ses-02", {scan} the scan's label.
FILES = ScanFiles(OUT, "{folder}", "{scan}", atlas_name(CHOICES.atlas))
ATLAS_TABLE = f"{OUT}/atlas-{FILES.atlas}_dseg.tsv"
GROUP_FILES = [
    f"{OUT}/{name}"
    for name in (
        "index.html",
        "group_patterns.tsv",
        "group_desc-lesionload_stats.tsv",
    )
]


wildcard_constraints:
    folder=r"sub-[0-9A-Za-z+]+(/ses-[0-9A-Za-z+]+)?",
    scan=r"sub-[0-9A-Za-z+]+(_ses-[0-9A-Za-z+]+)?",
    reference="|".join(REFERENCES),


def final_output(wildcards):
    """Name what a run is to leave behind: the pages and tables of the scans, or of the masks."""
    return GROUP_FILES if MASKS else [*pages_of(wildcards), *GROUP_FILES]


def pages_of(wildcards):
    # Where masks are measured, no scan is planned: Snakemake also asks the rule that it will not take.
    labels = [] if MASKS else PLANNER.planned()
    return [ScanFiles.of(OUT, label).report for label in labels]


def signed(ask):
    """Write down what a function takes: Snakemake looks that up for every job that it asks it for."""
    overwrite_function_params(ask, get_function_params(ask))
    return ask


def run_again(paths):
    """Make Snakemake run the stages again that declare these files; name no input."""
    if workflow.is_main_process:
        workflow.dag.forcefiles.update(paths)
    return []


def unless_finished(stage, path):
    """Make a stage of the whole study run again that was cut short, or any of whose files is gone."""
    return lambda wildcards: run_again([] if PLANNER.finished(stage) else [path])


def read_of(*names):
    """Name what is read of a scan by one function; the more of them, the longer Snakemake plans."""
    return signed(lambda wildcards: PLANNER.read(wildcards.scan, names))


@signed
def results_of(wildcards):
    """Name what a page shows, which tells no folder; stages of its scan that were cut short run again."""
    run_again(PLANNER.unfinished(wildcards.scan))
    files = ScanFiles.of(OUT, wildcards.scan, FILES.atlas)
    return [files.lesionload, files.lesions, files.morphometry, files.qc, files.pattern]


# Memory (MB) and time (minutes) at 1 mm, about twice what was measured: a scan with more voxels gets more, and so
# does every further attempt.
def memory(mb):
    return signed(
        lambda wildcards, attempt: round(mb * PLANNER.size(wildcards.scan) * attempt)
    )


minutes = memory


def more_each_time(amount):
    return lambda wildcards, attempt: amount * attempt


def asked(stage):
    """Name what decides a stage's results: a change runs it again, and its record remembers it."""
    return signed(lambda wildcards: PLANNER.asked(stage, wildcards.get("scan", STUDY)))


def options(**choices):
    """Make one parameter of a command's options: each that Snakemake expands costs every job.

    A tuple, since in text it takes braces, which a user's words may have, for wildcards.
    """
    named = {"output_dir": OUT, **choices}
    return tuple(
        f"--{name.replace('_', '-')} {quote(word or '')}"
        for name, word in named.items()
    )


@signed
def detection(wildcards):
    return PLANNER.detection(wildcards.scan)


@signed
def search(wildcards):
    """Say how the lesions of a scan are found."""
    norm = quote(PLANNER.adc_norm(wildcards.scan))
    return f"--detection {PLANNER.detection(wildcards.scan)} --adc-norm {norm}"


@signed
def override(wildcards):
    return PLANNER.override(wildcards.scan)


def compare(wildcards):
    return quote(",".join(column_names(CHOICES.compare)))


def mask_options(wildcards):
    if MASKS is None:
        raise InputError("masks_dir", "is not given", "name the folder of the masks")
    words = {
        "--space": MASKS.space,
        "--template": MASKS.template,
        "--pattern": MASKS.pattern,
        "--overrides": MASKS.overrides,
    }
    told = [f"{name} {quote(str(word))}" for name, word in words.items() if word]
    return " ".join([*told, "--stability"] if MASKS.stability else told)


def mask_files(wildcards):
    if MASKS is None:  # asked only when the rule could make the group's files as well
        return []
    paths = [
        MASKS.masks / scan.lesion_mask for scan in MASKS.listed() if not scan.problems
    ]
    paths += [path for path in (MASKS.template, MASKS.overrides) if path]
    return [str(path) for path in paths]


def asked_of_masks(wildcards):
    beside = [
        str(folder / name)
        for folder in (MASKS.masks, MASKS.masks.resolve().parent)
        for name in ("labels.tsv", "participants.tsv", "participants.json")
    ]
    words = (mask_options(wildcards), CHOICES.atlas, SCORERS)
    files = state([*mask_files(wildcards), *beside])
    return digest_of(code_digest("masks"), *words, files)


def masks_unfinished(wildcards):
    if MASKS is None:
        return []
    done = finished(Path(OUT), "masks", asked=asked_of_masks(wildcards))
    return [] if done else [f"{OUT}/index.html"]


def begin():
    if workflow.is_main_process:
        gc.freeze()
        gc.enable()
        without_idle_rounds(workflow.scheduler)
        plainly(PLANNER.lock if MASKS else PLANNER.start)
        # Absolute: by then Snakemake has left the working directory.
        atexit.register(release_lock, PLANNER.output.resolve())
        atexit.register(told_in_the_end, PLANNER.output.resolve(), OUT)


def fail():
    if workflow.is_main_process and not MASKS:
        shell(
            f"CPIMAGING_ASKED= cpimaging cohort {quote(OUT)} --atlas {quote(CHOICES.atlas)} --compare {compare({})}"
            f" >> {quote(OUT)}/logs/cohort.log 2>&1 || echo cpimaging: no page of the group: {quote(OUT)}/logs/cohort.log >&2"
        )
