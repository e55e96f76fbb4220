"""What may be assessed of a scan, from its age and the template that it was registered to."""

from cpimaging.assessed import Gate, band_of
from cpimaging.study.job import Job
from cpimaging.study.used import Used, template_used


def gate_of(job: Job, used: Used | None = None) -> Gate:
    """Return the gate of a scan. used: its template, where the register stage has not yet written it down."""
    scan = job.scan
    of_age = (used or template_used(job)).of_age
    return Gate(band_of(scan.age_years, scan.pma_weeks, scan.assumed_age), of_age)
