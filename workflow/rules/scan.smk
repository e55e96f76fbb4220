# The stages of one scan. Each is one command; what it reads of the user's files stands in `input`. Later stages go
# first (`priority`): scans end one after the other, so that a run that is stopped leaves pages of most that it began.


rule preprocess:
    """Bring every contrast to one grid, inside the brain; the brain mask is written last."""
    input:
        scan=read_of("images", "brain_mask"),
    output:
        FILES.brain_mask,
    log:
        FILES.log("preprocess"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_preprocess.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("preprocess"),
        options=options(brain_command=CHOICES.brain_command),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging preprocess --scan {wildcards.scan} {params.options} > {log:q} 2>&1"


rule command:
    """Let an external tool draw the lesion; its record says whether it could, and is written last."""
    input:
        brain=FILES.brain_mask,
    output:
        sidecar_path(FILES.command_mask),
    log:
        FILES.log("command"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_command.tsv"
    priority: 1
    resources:
        mem_mb=memory(8000),
        runtime=minutes(60),
    params:
        asked=asked("command"),
        options=options(run=CHOICES.lesion_command),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging command --scan {wildcards.scan} {params.options} > {log:q} 2>&1"


# One thread: two scans side by side finish sooner than one scan on two threads.
rule register:
    """Find the way from the scan to the template and back, the lesion left out."""
    input:
        scan=read_of("mask", "norm"),
        brain=FILES.brain_mask,
        atlas=ancient(ATLAS_TABLE),
    output:
        FILES.xfm_to_template("{reference}"),
        FILES.xfm_to_scan("{reference}"),
    log:
        FILES.log("register", "{reference}"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_{{reference}}_register.tsv"
    priority: 2
    threads: 1
    resources:
        mem_mb=memory(2500),
        runtime=minutes(20),
    params:
        asked=asked("register"),
        options=options(
            engine=CHOICES.engine,
            atlas=CHOICES.atlas,
            templates_dir=CHOICES.templates_dir,
        ),
        search=search,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging register --scan {wildcards.scan} {params.options} {params.search}"
        " --threads {threads} > {log:q} 2>&1"


rule segment:
    """Find tissue and ventricles, bring the atlas to them and measure its structures."""
    input:
        scan=read_of("xfm", "mask"),
        brain=FILES.brain_mask,
        norms=norms_files(CHOICES.norms_dir),
    output:
        FILES.atlas_dseg,
        FILES.tissue_dseg,
        FILES.morphometry,
    log:
        FILES.log("segment"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_segment.tsv"
    priority: 3
    resources:
        mem_mb=memory(2500),
        runtime=minutes(10),
    params:
        asked=asked("segment"),
        options=options(
            atlas=CHOICES.atlas,
            templates_dir=CHOICES.templates_dir,
            norms_dir=CHOICES.norms_dir,
        ),
        detection=detection,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging segment --scan {wildcards.scan} {params.options}"
        " --detection {params.detection} > {log:q} 2>&1"


rule lesions:
    """Find the lesions, or take the mask; number them and say where each lies. The table is written last."""
    input:
        scan=read_of("xfm", "mask", "norm"),
        labels=FILES.atlas_dseg,
    output:
        FILES.lesions,
    log:
        FILES.log("lesions"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_lesions.tsv"
    priority: 4
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("lesions"),
        options=options(atlas=CHOICES.atlas, templates_dir=CHOICES.templates_dir),
        search=search,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging lesions --scan {wildcards.scan} {params.options} {params.search} > {log:q} 2>&1"


rule quantify:
    """Measure the lesion in every structure, side, lobe and layer."""
    input:
        scan=read_of("xfm", "mask"),
        lesions=FILES.lesions,
        labels=FILES.atlas_dseg,
    output:
        FILES.lesionload,
    log:
        FILES.log("quantify"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_quantify.tsv"
    priority: 5
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("quantify"),
        options=options(atlas=CHOICES.atlas),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging quantify --scan {wildcards.scan} {params.options} > {log:q} 2>&1"


rule qc:
    """Check whether the scan can be trusted."""
    input:
        scan=read_of("xfm"),
        brain=FILES.brain_mask,
        lesions=FILES.lesions,
        load=FILES.lesionload,
    output:
        FILES.qc,
    log:
        FILES.log("qc"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_qc.tsv"
    priority: 6
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("qc"),
        options=options(atlas=CHOICES.atlas, templates_dir=CHOICES.templates_dir),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging qc --scan {wildcards.scan} {params.options} > {log:q} 2>&1"


rule score:
    """Call the pattern from the tables, with the evidence."""
    input:
        load=FILES.lesionload,
        lesions=FILES.lesions,
        morphometry=FILES.morphometry,
        qc=FILES.qc,
    output:
        FILES.pattern,
    log:
        FILES.log("score"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_score.tsv"
    priority: 7
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        asked=asked("score"),
        options=options(atlas=CHOICES.atlas, scorers=SCORERS),
        override=override,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging score --scan {wildcards.scan} {params.options}"
        " {params.override} > {log:q} 2>&1"


rule report:
    """Write the page of the scan."""
    input:
        results=results_of,
        atlas=ancient(ATLAS_TABLE),
    output:
        report(
            FILES.report,
            caption="../report/scan.rst",
            category="Scans",
            labels={"scan": "{scan}"},
        ),
    log:
        FILES.log("report"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{scan}}_report.tsv"
    priority: 8
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("report"),
        options=options(atlas=CHOICES.atlas, templates_dir=CHOICES.templates_dir),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging report --scan {wildcards.scan} {params.options} > {log:q} 2>&1"
