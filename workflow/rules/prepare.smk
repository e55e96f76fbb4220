rule index:
    """Write down for people what was picked and why, ages, and what the headers show to be wrong."""
    input:
        f"{OUT}/logs/plan.json",
    output:
        f"{OUT}/{INDEX}",
    log:
        f"{OUT}/logs/index.log",
    params:
        code=code_digest("index"),
        out=output_dir,
    shell:
        "cpimaging index --output-dir {params.out} > {log:q} 2>&1"


rule atlas:
    """Get the atlas ready in the user's cache, once; refuse one that does not serve the scorers."""
    output:
        f"{OUT}/atlas-{FILES.atlas}_dseg.tsv",
    log:
        f"{OUT}/logs/atlas.log",
    params:
        code=code_digest("atlas"),
        out=output_dir,
        atlas=quote(config["atlas"]),
    shell:
        "cpimaging atlas export {params.out} --atlas {params.atlas} > {log:q} 2>&1"
