rule cohort:
    """Stack the scans: group tables, lesion frequency, one page."""
    input:
        scan_outputs("report"),
        scan_outputs("pattern"),
        f"{OUT}/{INDEX}",
    output:
        f"{OUT}/index.html",
        f"{OUT}/group_patterns.tsv",
        f"{OUT}/group_desc-lesionload_stats.tsv",
    log:
        f"{OUT}/logs/cohort.log",
    params:
        code=code_digest("cohort"),
        out=output_dir,
        atlas=quote(config["atlas"]),
    shell:
        "cpimaging cohort {params.out} --atlas {params.atlas} > {log:q} 2>&1"
