"""Templates by age: a folder of them, the one for a scan, and what is built of each once."""

from cpimaging.atlases.ages.build import Built, built, cache_key
from cpimaging.atlases.ages.looked import fault_of, state_of
from cpimaging.atlases.ages.table import (
    ADULT,
    AgeTemplate,
    about_way,
    check_images,
    read_templates,
    template_for,
)

__all__ = [
    "ADULT",
    "AgeTemplate",
    "Built",
    "about_way",
    "built",
    "cache_key",
    "check_images",
    "fault_of",
    "read_templates",
    "state_of",
    "template_for",
]
