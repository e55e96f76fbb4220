"""cpimaging: brain MRI to lesion-pattern reports. Plain `snakemake` runs the demo dataset."""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config/config.yaml"


include: "workflow/rules/plan.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/scan.smk"


if config["masks_dir"]:

    include: "workflow/rules/masks.smk"

else:

    include: "workflow/rules/cohort.smk"


rule all:
    default_target: True
    input:
        f"{OUT}/index.html",
    localrule: True


onerror:
    if not config["masks_dir"]:
        shell(
            f"cpimaging cohort {quote(OUT)} --atlas {quote(config['atlas'])} >> {quote(OUT)}/logs/cohort.log 2>&1"
        )
