"""What may be assessed of a scan, from its age and the template that it was registered to."""

from typing import NamedTuple

from cpimaging.assessed import ADULT_TEMPLATE, Gate, band_of
from cpimaging.io import read_json
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.study.job import Job


class Used(NamedTuple):
    """The template that a scan was registered to. of_age: it is one of the scan's age."""

    name: str
    of_age: bool

    @property
    def told(self) -> str:
        """The template, as pages call it."""
        return f"{self.name}, of the scan's age" if self.of_age else f"{ADULT_TEMPLATE} ({self.name})"


def template_used(job: Job) -> Used:
    """Return the template that the register stage wrote down."""
    record = read_json(sidecar_path(job.files.xfm_to_scan(job.reference)))
    return Used(record.get("Template", TEMPLATE), record.get("TemplateOfAge", False))


def gate_of(job: Job, used: Used | None = None) -> Gate:
    """Return the gate of a scan. used: its template, where the register stage has not yet written it down."""
    scan = job.scan
    of_age = (used or template_used(job)).of_age
    return Gate(band_of(scan.age_years, scan.pma_weeks, scan.assumed_age), of_age)
