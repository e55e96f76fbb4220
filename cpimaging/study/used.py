"""The template that a scan was registered to, as the register stage wrote it down."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cpimaging.io import read_record
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.study.job import Job

ADULT_TEMPLATE = "adult template"
"""What pages call the embedded template."""


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
    return used_of(register_record(job))


def register_record(job: Job) -> dict[str, Any]:
    """Return what the register stage wrote down."""
    record: dict[str, Any] = read_record(sidecar_path(job.files.xfm_to_scan(job.reference)))
    return record


def used_of(record: Mapping[str, Any]) -> Used:
    """Return the template that such a record names."""
    return Used(record.get("Template", TEMPLATE), record.get("TemplateOfAge", False))
