# What stands for the whole study: once before the scans (`priority`: they wait for the atlas), once after them.


rule index:
    """Write down for people what was picked and why, ages, and what the headers show to be wrong."""
    input:
        resume=unless_finished("index", f"{OUT}/{INDEX}"),
    output:
        f"{OUT}/{INDEX}",
    log:
        f"{OUT}/logs/index.log",
    benchmark:
        f"{OUT}/logs/benchmarks/index.tsv"
    priority: 9
    resources:
        mem_mb=more_each_time(1000),
        runtime=more_each_time(30),
    params:
        asked=asked("index"),
        out=lambda wildcards: quote(OUT),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging index --output-dir {params.out} > {log:q} 2>&1"


rule atlas:
    """Get the atlas ready in the user's cache, once; refuse one that does not serve the scorers."""
    input:
        resume=unless_finished("atlas", ATLAS_TABLE),
    output:
        ATLAS_TABLE,
    log:
        f"{OUT}/logs/atlas.log",
    benchmark:
        f"{OUT}/logs/benchmarks/atlas.tsv"
    priority: 9
    resources:
        mem_mb=more_each_time(4000),
        runtime=more_each_time(10),
    params:
        asked=asked("atlas"),
        out=lambda wildcards: quote(OUT),
        atlas=ATLAS,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging atlas export {params.out} --atlas {params.atlas} > {log:q} 2>&1"


rule cohort:
    """Stack the scans: group tables, lesion frequency, one page."""
    input:
        pages=pages_of,
        index=f"{OUT}/{INDEX}",
        resume=[] if MASKS else unless_finished("cohort", f"{OUT}/index.html"),
    output:
        report(GROUP_FILES[0], caption="../report/cohort.rst", category="Cohort"),
        report(GROUP_FILES[1], caption="../report/patterns.rst", category="Cohort"),
        GROUP_FILES[2:],
    log:
        f"{OUT}/logs/cohort.log",
    benchmark:
        f"{OUT}/logs/benchmarks/cohort.tsv"
    resources:
        mem_mb=more_each_time(4000),
        runtime=more_each_time(30),
    params:
        asked=asked("cohort"),
        out=lambda wildcards: quote(OUT),
        atlas=ATLAS,
        compare=compare,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging cohort {params.out} --atlas {params.atlas} --compare {params.compare}"
        " > {log:q} 2>&1"


# The scans of bids_dir, whatever else is configured.
rule scans:
    input:
        pages=pages_of,
        group=GROUP_FILES,
    localrule: True
