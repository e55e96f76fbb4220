# Lesion masks in template space, without images: one job measures them all.

from cpimaging.stages.masks import MaskJob

MASKS = MaskJob(
    Path(config["masks_dir"]),
    Path(OUT),
    config["masks_space"] or "",
    config["atlas"],
    Path(config["masks_template"]) if config["masks_template"] else None,
    config["lesion_pattern"] or "*",
    SCORERS,
    Path(config["overrides"]) if config["overrides"] else None,
)


def plan_masks():
    """List the masks from their names; what is wrong with the choices stops the workflow here."""
    try:
        if not MASKS.space:
            raise InputError(
                "masks_space",
                "is not given",
                "name the masks' template, e.g. MNI152NLin6Asym",
            )
        return [str(MASKS.masks / scan.lesion_mask) for scan in MASKS.listed()]
    except InputError as error:
        stop(error)


def mask_options(wildcards):
    words = {
        "--space": MASKS.space,
        "--template": MASKS.template,
        "--pattern": MASKS.pattern,
        "--overrides": MASKS.overrides,
    }
    return " ".join(
        f"{name} {quote(str(word))}" for name, word in words.items() if word
    )


rule masks:
    """Measure and score every mask: group tables, lesion frequency, one page."""
    input:
        plan_masks(),
        [str(path) for path in (MASKS.template, MASKS.overrides) if path],
    output:
        f"{OUT}/index.html",
        f"{OUT}/group_patterns.tsv",
        f"{OUT}/group_desc-lesionload_stats.tsv",
        f"{OUT}/group_desc-pattern_stats.jsonl",
    log:
        f"{OUT}/logs/masks.log",
    benchmark:
        f"{OUT}/logs/benchmarks/masks.tsv"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_digest("masks"),
        masks=quote(str(MASKS.masks)),
        out=output_dir,
        options=mask_options,
        atlas=quote(config["atlas"]),
        scorers=quote(SCORERS),
    shell:
        "cpimaging masks {params.masks} {params.out} {params.options} --atlas {params.atlas}"
        " --scorers {params.scorers} > {log:q} 2>&1"
