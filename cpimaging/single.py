"""One scan without BIDS: all stages in a row, in this process."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from cpimaging.atlases import checked_atlas
from cpimaging.bids.reference import choose_references
from cpimaging.bids.scan import Scan
from cpimaging.io import write_text
from cpimaging.scorers.needs import check_fit
from cpimaging.stages import atlas, index
from cpimaging.stages import cohort as cohort_pages
from cpimaging.study.adc_norm import read_norm
from cpimaging.study.frame import check_templates
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.lock import locked
from cpimaging.study.norms import read_norms
from cpimaging.study.outcome import stage_log
from cpimaging.study.output import check_output
from cpimaging.study.plan import write_plan
from cpimaging.study.record import asked_before, asking, reopen
from cpimaging.types import InputError, of_system


def run(job: Job, scan: Scan, *, replace: bool = False) -> Iterator[str]:
    """Run every stage; yield the name of each as it starts, and last the path of the page.

    replace: results of other images under the scan's label may go. Raises InputError, before anything is
    written, where a choice is wrong or the folder is another's or in use.
    """
    check_output(job.output, "scans")
    planned = choose_references(".", [scan])
    check_templates(job.templates_dir, job.engine)
    if job.adc_norm:
        read_norm(job.adc_norm)
    if job.norms_dir:
        read_norms(job.norms_dir, job.atlas)
    check_fit(checked_atlas(job.atlas), job.atlas, job.scorers)
    _check_there(scan)
    images = _digests(scan)
    with locked(job.output):
        if not replace:
            _check_same(job, images)
        for stage in SCAN_STAGES:  # none of an earlier call counts beside this plan
            reopen(job.output, stage, job.label)
        write_plan(job.output, ".", planned, whole=False)
        atlas.run(job.output, job.atlas)
        index.run(job.output)
        for stage in SCAN_STAGES:
            yield stage
            with asking(" ".join(images) if stage == FIRST else ""), _logged(job, stage):
                import_module(f"cpimaging.stages.{stage}").run(job)
        cohort_pages.run(job.output, job.atlas)
    yield job.files.report


@contextmanager
def _logged(job: Job, stage: str) -> Iterator[None]:
    """Leave a log of a stage that fails, and write the page of the group, which tells it, as status does."""
    log = stage_log(job, stage)
    log.unlink(missing_ok=True)
    try:
        yield
    except (InputError, OSError) as error:
        told = of_system(error) if isinstance(error, OSError) else error
        with suppress(InputError, OSError):  # such as a full disk: what stopped the stage is to be heard
            write_text(log, f"cpimaging: {job.told(told)}\n")
            cohort_pages.run(job.output, job.atlas)
        raise


FIRST = SCAN_STAGES[0]
"""Its record remembers the images."""


def _check_there(scan: Scan) -> None:
    """Raise InputError where a file is not there: a typing error costs no earlier results."""
    for path in (*scan.images.values(), scan.lesion_mask, scan.brain_mask):
        if path and not Path(path).exists():
            raise InputError(path, "no such file", "check the path")


def _digests(scan: Scan) -> list[str]:
    """Return short hashes of what the images hold; what is no plain file is left out, preprocess tells it."""
    found = []
    for path in map(Path, scan.images.values()):
        if path.is_file():
            with path.open("rb") as stream:
                found.append(hashlib.file_digest(stream, "sha256").hexdigest()[:16])
    return found


def _check_same(job: Job, images: list[str]) -> None:
    """Raise InputError where the label has results, and none of the images was among those they are of."""
    before = asked_before(job.output, FIRST, job.label)
    if before is not None and not set(before.split()) & set(images):
        problem = f"has results of {job.label} already, and not of any of these images"
        cure = "name this scan with --scan, or choose another folder; --replace gives up those results"
        raise InputError(job.output, problem, cure)
