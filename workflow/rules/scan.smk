# The stages of one scan. Each is one command; what it reads of the user's files stands in `input`.


rule preprocess:
    """Bring every contrast to one grid, inside the brain; the brain mask is written last."""
    input:
        read_of("images", "brain_mask"),
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
        job=JOB,
        brain_command=word(CHOICES.brain_command),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging preprocess {params.job} --brain-command {params.brain_command} > {log:q} 2>&1"


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
    resources:
        mem_mb=memory(8000),
        runtime=minutes(60),
    params:
        asked=asked("command"),
        job=JOB,
        run=word(CHOICES.lesion_command),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging command {params.job} --run {params.run} > {log:q} 2>&1"


# One thread: two scans side by side finish sooner than one scan on two threads.
rule register:
    """Find the way from the scan to the template and back, the lesion left out."""
    input:
        read_of("mask", "norm"),
        brain=FILES.brain_mask,
        atlas=ancient(ATLAS_TABLE),
    output:
        FILES.xfm_to_template("{reference}"),
        FILES.xfm_to_scan("{reference}"),
    log:
        FILES.log("register", "{reference}"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_{{reference}}_register.tsv"
    threads: 1
    resources:
        mem_mb=memory(2500),
        runtime=minutes(20),
    params:
        asked=asked("register"),
        job=JOB,
        engine=CHOICES.engine,
        atlas=ATLAS,
        templates_dir=word(CHOICES.templates_dir),
        detection=detection,
        adc_norm=adc_norm if CHOICES.adc_norm else word(""),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging register {params.job} --atlas {params.atlas} --templates-dir {params.templates_dir} --detection {params.detection}"
        " --adc-norm {params.adc_norm} --engine {params.engine} --threads {threads} > {log:q} 2>&1"


rule segment:
    """Find tissue and ventricles, bring the atlas to them and measure its structures."""
    input:
        read_of("xfm", "mask"),
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
    resources:
        mem_mb=memory(2500),
        runtime=minutes(10),
    params:
        asked=asked("segment"),
        job=JOB,
        atlas=ATLAS,
        templates_dir=word(CHOICES.templates_dir),
        detection=detection,
        norms=word(CHOICES.norms_dir),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging segment {params.job} --atlas {params.atlas} --templates-dir {params.templates_dir}"
        " --detection {params.detection} --norms-dir {params.norms} > {log:q} 2>&1"


rule lesions:
    """Find the lesions, or take the mask; number them and say where each lies. The table is written last."""
    input:
        read_of("xfm", "mask", "norm"),
        labels=FILES.atlas_dseg,
    output:
        FILES.lesions,
    log:
        FILES.log("lesions"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_lesions.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("lesions"),
        job=JOB,
        atlas=ATLAS,
        templates_dir=word(CHOICES.templates_dir),
        detection=detection,
        adc_norm=adc_norm if CHOICES.adc_norm else word(""),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging lesions {params.job} --atlas {params.atlas} --templates-dir {params.templates_dir}"
        " --detection {params.detection} --adc-norm {params.adc_norm} > {log:q} 2>&1"


rule quantify:
    """Measure the lesion in every structure, side, lobe and layer."""
    input:
        read_of("xfm", "mask"),
        lesions=FILES.lesions,
        labels=FILES.atlas_dseg,
    output:
        FILES.lesionload,
    log:
        FILES.log("quantify"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_quantify.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("quantify"),
        job=JOB,
        atlas=ATLAS,
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging quantify {params.job} --atlas {params.atlas} > {log:q} 2>&1"


rule qc:
    """Check whether the scan can be trusted."""
    input:
        read_of("xfm"),
        brain=FILES.brain_mask,
        lesions=FILES.lesions,
        load=FILES.lesionload,
    output:
        FILES.qc,
    log:
        FILES.log("qc"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_qc.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("qc"),
        job=JOB,
        atlas=ATLAS,
        templates_dir=word(CHOICES.templates_dir),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging qc {params.job} --atlas {params.atlas} --templates-dir {params.templates_dir} > {log:q} 2>&1"


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
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        asked=asked("score"),
        job=JOB,
        atlas=ATLAS,
        scorers=quote(SCORERS),
        override=lambda wildcards: PLANNER.override(wildcards.scan),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging score {params.job} --atlas {params.atlas}"
        " --scorers {params.scorers} {params.override} > {log:q} 2>&1"


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
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        asked=asked("report"),
        job=JOB,
        atlas=ATLAS,
        templates_dir=word(CHOICES.templates_dir),
    shell:
        "CPIMAGING_ASKED={params.asked} cpimaging report {params.job} --atlas {params.atlas} --templates-dir {params.templates_dir} > {log:q} 2>&1"
