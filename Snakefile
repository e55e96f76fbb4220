"""cpimaging: brain MRI to lesion-pattern reports. Plain `snakemake` runs the demo dataset."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.20")


# The choices of the folder that one works in; where it has none, those beside this file.
CONFIG = Path("config/config.yaml")


configfile: CONFIG if CONFIG.is_file() else f"{workflow.basedir}/{CONFIG}"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/scan.smk"
include: "workflow/rules/masks.smk"


# Both write the group's files; which of them is meant follows from the configuration.
if MASKS:

    ruleorder: masks > cohort

else:

    ruleorder: cohort > masks


# What the configuration names: scans, or masks.
rule all:
    default_target: True
    input:
        final_output,
    localrule: True


onstart:
    begin()


onerror:
    fail()


if not workflow.modifier.is_main_snakefile():
    beside_its_caller(workflow, onstart=begin, onerror=fail)
