# Lesion masks in template space, without images: one job measures them all.


rule masks:
    """Measure and score every mask: group tables, lesion frequency, one page."""
    input:
        files=mask_files,
        resume=lambda wildcards: run_again(masks_unfinished(wildcards)),
    output:
        GROUP_FILES,
        f"{OUT}/group_desc-pattern_stats.jsonl",
    log:
        f"{OUT}/logs/masks.log",
    benchmark:
        f"{OUT}/logs/benchmarks/masks.tsv"
    resources:
        mem_mb=more_each_time(2000),
        runtime=more_each_time(60),
    params:
        asked=asked_of_masks,
        masks=lambda wildcards: quote(CHOICES.masks_dir or ""),
        out=lambda wildcards: quote(OUT),
        options=mask_options,
        atlas=ATLAS,
        scorers=quote(SCORERS),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging masks {params.masks} {params.out} {params.options} --atlas {params.atlas}"
        " --scorers {params.scorers} > {log:q} 2>&1"
