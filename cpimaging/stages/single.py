"""One scan without BIDS: all stages in a row, in this process."""

from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pandas as pd

from cpimaging.atlases import checked_atlas
from cpimaging.bids import Scan, choose_references
from cpimaging.stages import SCAN_STAGES, Job, atlas, index, write_plan
from cpimaging.stages import cohort as cohort_pages
from cpimaging.stages.fit import check_fit


def run(job: Job, scan: Scan, age_years: float | None) -> Iterator[str]:
    """Run every stage; yield the name of each as it starts, and last the path of the page."""
    (scan,) = choose_references(".", [scan], {} if age_years is None else {scan.label: age_years})
    write_plan(job.output, ".", [scan])
    check_fit(checked_atlas(job.atlas), job.atlas, job.scorers)
    atlas.run(job.output, job.atlas)
    age = {
        "participant_id": [f"sub-{scan.participant}"],
        "session_id": [f"ses-{scan.session}" if scan.session else "n/a"],
        "age_years": [np.nan if age_years is None else age_years],
        "sex": ["n/a"],
        "age_source": ["n/a" if age_years is None else "given"],
    }
    index.write(job.output, [scan], pd.DataFrame(age), {scan.label: ()})
    for stage in SCAN_STAGES:
        yield stage
        import_module(f"cpimaging.stages.{stage}").run(job)
    cohort_pages.run(job.output, job.atlas)
    yield job.files.report
