"""dicom: the lesion as a DICOM SEG on the series that the scan came from, and its summary in DICOM."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cpimaging.dicom import Series, encapsulated, on_series, read_series, same_box, segmentation
from cpimaging.images import read_image
from cpimaging.stages.pdf import summary_pdf
from cpimaging.study.job import Job, lesion_record
from cpimaging.study.outcome import check_done
from cpimaging.study.plan import study_labels
from cpimaging.types import InputError
from cpimaging.writes import whole


def run(output: Path, label: str, series_dir: Path, folder: Path) -> Iterator[str]:
    """Write SCAN_seg.dcm and, where a PDF can be made, SCAN_summary.dcm; yield what was written.

    series_dir: the series of the scan's reference. folder: where both go; they name the patient, as the
    series does, so it is none of the results. Raises InputError where the scan is not done, its lesion
    was not assessed, none was found, or the series lies elsewhere than the scan.
    """
    if label not in study_labels(output):
        raise InputError(output, f"holds no scan {label}", "see logs/index.tsv for the labels")
    job = Job(output, label)
    check_done(job)
    if folder.resolve().is_relative_to(output.resolve()):
        cure = "name one outside: DICOM names the patient"
        raise InputError(folder, "lies in the folder of the results", cure)
    source = lesion_record(job)["MaskSource"]
    if source is None:
        raise InputError(label, "has no lesion mask: it was not assessed", "its page says why")
    series = read_series(series_dir)
    made = _lesion(job, series, series_dir, source)
    yield _written(folder / f"{label}_seg.dcm", made)
    try:
        pdf = summary_pdf(job)
    except InputError as error:
        yield f"no summary in DICOM: {error}"
        return
    yield _written(folder / f"{label}_summary.dcm", encapsulated(series, pdf))


def _lesion(job: Job, series: Series, series_dir: Path, source: str) -> Any:
    mask = read_image(job.files.lesion_mask, labels=True)
    if not same_box(mask, series):
        cure = f"name the series that {job.reference} of {job.label} was converted from"
        raise InputError(series_dir, f"does not lie where {job.label} lies", cure)
    lesion = on_series(mask, series)
    if not lesion.any():
        raise InputError(
            job.label, "has no voxel of lesion, and a SEG cannot be empty", "there is nothing to send"
        )
    return segmentation(series, lesion, by_software=source != "given mask")


def _written(path: Path, made: Any) -> str:
    with whole(path) as temporary:
        made.save_as(temporary)
    return str(path)
