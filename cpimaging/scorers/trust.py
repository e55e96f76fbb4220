"""Which scans take part in what stands for the group: maps, counts, volumes."""

from functools import cache
from pathlib import Path

from cpimaging.columns import Column
from cpimaging.scorers.base import Criteria, Tables, Trace, not_assessable, read_criteria
from cpimaging.scorers.injury import injury_of, no_lesion, no_more_than_in_health
from cpimaging.types import ScanContext

OUT_OF_GROUP = Column("out_of_group", "str", "Why the lesion counts in no map, count or volume, or null.")


@cache
def _criteria() -> Criteria:
    return read_criteria(Path(__file__).with_name("dominance.yaml"))


def out_of_group(tables: Tables, context: ScanContext) -> str | None:
    """Return why the lesion of a scan is not to be trusted in a group, or None: it takes part.

    Out are scans whose lesion was not assessed, that failed quality control, whose mask fills the brain or
    misses it, and those in which software found so little that it may be nothing. An empty mask that a reader
    gave takes part. Whoever makes the call, and whichever scorers were chosen, this stays the same.
    """
    if reason := not_assessable(context):
        return reason
    injury, trace = injury_of(tables), Trace(_criteria())
    return no_lesion(injury, trace) or no_more_than_in_health(injury, context, trace)
