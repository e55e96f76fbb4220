# Lesion masks in template space, without images: one job measures them all.


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


def mask_files(wildcards):
    if MASKS is None:
        raise InputError("masks_dir", "is not given", "name the folder of the masks")
    paths = [MASKS.masks / scan.lesion_mask for scan in MASKS.listed()]
    paths += [path for path in (MASKS.template, MASKS.overrides) if path]
    return [str(path) for path in paths]


rule masks:
    """Measure and score every mask: group tables, lesion frequency, one page."""
    input:
        files=mask_files,
        resume=unless_finished("masks", f"{OUT}/index.html"),
    output:
        GROUP_FILES,
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
        masks=lambda wildcards: quote(str(MASKS.masks)),
        out=output_dir,
        options=mask_options,
        atlas=atlas,
        scorers=quote(SCORERS),
    shell:
        "{CPIMAGING} masks {params.masks} {params.out} {params.options} --atlas {params.atlas}"
        " --scorers {params.scorers} > {log:q} 2>&1"
