"""One scan without BIDS: all stages in a row, in this process."""

from collections.abc import Iterator
from importlib import import_module

from cpimaging.atlases import checked_atlas
from cpimaging.bids.reference import choose_references
from cpimaging.bids.scan import Scan
from cpimaging.scorers.needs import check_fit
from cpimaging.stages import atlas, index
from cpimaging.stages import cohort as cohort_pages
from cpimaging.study.adc_norm import read_norm
from cpimaging.study.frame import check_templates
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.norms import read_norms
from cpimaging.study.output import check_output
from cpimaging.study.plan import write_plan


def run(job: Job, scan: Scan) -> Iterator[str]:
    """Run every stage; yield the name of each as it starts, and last the path of the page."""
    check_output(job.output, "scans")
    write_plan(job.output, ".", choose_references(".", [scan]), whole=False)
    check_templates(job.templates_dir, job.engine)
    if job.adc_norm:
        read_norm(job.adc_norm)
    if job.norms_dir:
        read_norms(job.norms_dir, job.atlas)
    check_fit(checked_atlas(job.atlas), job.atlas, job.scorers)
    atlas.run(job.output, job.atlas)
    index.run(job.output)
    for stage in SCAN_STAGES:
        yield stage
        import_module(f"cpimaging.stages.{stage}").run(job)
    cohort_pages.run(job.output, job.atlas)
    yield job.files.report
