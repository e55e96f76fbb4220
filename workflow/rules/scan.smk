# The stages of one scan. Each is one command; what it reads of the user's files stands in `input`.


rule preprocess:
    """Bring every contrast to one grid, inside the brain; the brain mask is written last."""
    input:
        images_of,
        brain_mask_of,
    output:
        FILES.brain_mask,
    log:
        FILES.log("preprocess"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_preprocess.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_digest("preprocess"),
        job=job_options,
        brain_command=brain_command_of,
    shell:
        "cpimaging preprocess {params.job} --brain-command {params.brain_command} > {log:q} 2>&1"


rule command:
    """Let an external tool draw the lesion; its record says whether it could, and is written last."""
    input:
        FILES.brain_mask,
    output:
        sidecar_path(FILES.command_mask),
    log:
        FILES.log("command"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_command.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=code_digest("command"),
        job=job_options,
        run=command_of,
    shell:
        "cpimaging command {params.job} --run {params.run} > {log:q} 2>&1"


# One thread: two scans side by side finish sooner than one scan on two threads.
rule register:
    """Find the way from the scan to the template and back, the lesion left out."""
    input:
        FILES.brain_mask,
        ancient(f"{OUT}/atlas-{FILES.atlas}_dseg.tsv"),
        lesion_mask_of,
        norm_files_of,
    output:
        FILES.xfm_to_template("{reference}"),
        FILES.xfm_to_scan("{reference}"),
    log:
        FILES.log("register", "{reference}"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_{{reference}}_register.tsv"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=20,
    params:
        code=code_digest("register"),
        job=job_options,
        person=person_of,
        engine=config["engine"],
        atlas=quote(config["atlas"]),
        detection=detection_of,
        adc_norm=norm_option,
    shell:
        "cpimaging register {params.job} --atlas {params.atlas} --detection {params.detection}"
        " --adc-norm {params.adc_norm} --engine {params.engine} --threads {threads} > {log:q} 2>&1"


rule segment:
    """Find tissue and ventricles, bring the atlas to them and measure its structures."""
    input:
        FILES.brain_mask,
        transform_of,
        lesion_mask_of,
    output:
        FILES.atlas_dseg,
        FILES.tissue_dseg,
        FILES.morphometry,
    log:
        FILES.log("segment"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_segment.tsv"
    resources:
        mem_mb=2500,
        runtime=10,
    params:
        code=code_digest("segment"),
        job=job_options,
        person=person_of,
        atlas=quote(config["atlas"]),
        detection=detection_of,
    shell:
        "cpimaging segment {params.job} --atlas {params.atlas}"
        " --detection {params.detection} > {log:q} 2>&1"


rule lesions:
    """Find the lesions, or take the mask; number them and say where each lies. The table is written last."""
    input:
        FILES.atlas_dseg,
        transform_of,
        lesion_mask_of,
        norm_files_of,
    output:
        FILES.lesions,
    log:
        FILES.log("lesions"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_lesions.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_digest("lesions"),
        job=job_options,
        person=person_of,
        atlas=quote(config["atlas"]),
        detection=detection_of,
        adc_norm=norm_option,
    shell:
        "cpimaging lesions {params.job} --atlas {params.atlas}"
        " --detection {params.detection} --adc-norm {params.adc_norm} > {log:q} 2>&1"


rule quantify:
    """Measure the lesion in every structure, side, lobe and layer."""
    input:
        FILES.lesions,
        FILES.atlas_dseg,
        transform_of,
        lesion_mask_of,
    output:
        FILES.lesionload,
    log:
        FILES.log("quantify"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{folder}}/{{scan}}_quantify.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_digest("quantify"),
        job=job_options,
        atlas=quote(config["atlas"]),
    shell:
        "cpimaging quantify {params.job} --atlas {params.atlas} > {log:q} 2>&1"


rule qc:
    """Check whether the scan can be trusted."""
    input:
        FILES.brain_mask,
        FILES.lesions,
        FILES.lesionload,
        transform_of,
    output:
        FILES.qc,
    log:
        FILES.log("qc"),
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_digest("qc"),
        job=job_options,
        person=person_of,
        atlas=quote(config["atlas"]),
    shell:
        "cpimaging qc {params.job} --atlas {params.atlas} > {log:q} 2>&1"


rule score:
    """Call the pattern from the tables, with the evidence."""
    input:
        FILES.lesionload,
        FILES.lesions,
        FILES.morphometry,
        FILES.qc,
    output:
        FILES.pattern,
    log:
        FILES.log("score"),
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_digest("score"),
        job=job_options,
        person=person_of,
        atlas=quote(config["atlas"]),
        scorers=quote(SCORERS),
        override=override_of,
    shell:
        "cpimaging score {params.job} --atlas {params.atlas}"
        " --scorers {params.scorers} {params.override} > {log:q} 2>&1"


rule report:
    """Write the page of the scan."""
    input:
        report_inputs,
        ancient(f"{OUT}/atlas-{FILES.atlas}_dseg.tsv"),
    output:
        FILES.report,
    log:
        FILES.log("report"),
    benchmark:
        f"{OUT}/logs/benchmarks/{{scan}}_report.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_digest("report"),
        job=job_options,
        person=person_of,
        atlas=quote(config["atlas"]),
    shell:
        "cpimaging report {params.job} --atlas {params.atlas} > {log:q} 2>&1"
