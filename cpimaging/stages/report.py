"""report: tables, patterns, flags and pictures on one page."""

from pathlib import Path
from typing import TypedDict, cast

from cpimaging.assessed import UNKNOWN
from cpimaging.atlases import load_atlas, load_template
from cpimaging.images import read_displacement, read_image
from cpimaging.io import read_record, read_table, write_text
from cpimaging.layout import sidecar_path
from cpimaging.provenance import code_digest
from cpimaging.registration import resample
from cpimaging.registration.engine import Engine
from cpimaging.registration.engines import ENGINES
from cpimaging.report.agreement import contradictions
from cpimaging.report.page import Provenance
from cpimaging.report.scan import ScanReport, page_values, render_scan
from cpimaging.scorers import Pattern
from cpimaging.scorers.overrides import told
from cpimaging.scorers.words import phrase
from cpimaging.study.frame import frame_of
from cpimaging.study.gate import gate_of
from cpimaging.study.job import SCAN_STAGES, Job, lesion_record
from cpimaging.study.record import recorded
from cpimaging.study.used import template_used
from cpimaging.types import (
    CONTRASTS,
    LESIONLOAD_COLUMNS,
    LESIONS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Atlas,
    Image,
    InputError,
    LabelMap,
    Quality,
    Verdict,
)
from cpimaging.versions import software_versions

CITED_FIRST = (
    "Tustison et al. 2010. N4ITK: improved N3 bias correction. IEEE Trans Med Imaging 29:1310 (bias field).",
)
CITATIONS = (
    "Brett et al. 2001. Spatial normalization of brain images with focal lesions using cost function "
    "masking. NeuroImage 14:486 (lesion left out of the metric).",
    "Fonov et al. 2011. Unbiased average age-appropriate atlases for pediatric studies. NeuroImage 54:313 "
    "(template).",
    "Himmelmann et al. 2017. MRI classification system (MRICS) for children with cerebral palsy. "
    "Dev Med Child Neurol 59:57 (classification).",
)


@recorded
def run(job: Job) -> None:
    """Write the scan's page. Raises InputError where page, pattern and tables contradict each other."""
    atlas = load_atlas(job.atlas)
    reference = job.reference
    participant, _, session = job.label.partition("_")
    qc: Quality = read_record(job.files.qc)
    pattern: Pattern = read_record(job.files.pattern)
    override = pattern.get("override")
    if override and override["qc"]:
        qc["verdict"] = cast(Verdict, override["qc"]["set"])
    content = ScanReport(
        label=job.label,
        participant_id=participant,
        session_id=session or None,
        age_years=job.scan.age_years,
        sex=job.scan.sex,
        gestation_weeks=job.scan.gestation_weeks,
        pma_weeks=job.scan.pma_weeks,
        postnatal_days=job.scan.postnatal_days,
        clinical=job.scan.clinical,
        contrasts=list(job.images),
        reference=reference,
        template_told=template_used(job).told,
        of_age=template_used(job).of_age,
        warning=_warning(job),
        lesion_source=lesion_record(job)["MaskSource"],
        notes=_notes(job, reference),
        load=read_table(job.files.lesionload, LESIONLOAD_COLUMNS),
        lesions=read_table(job.files.lesions, LESIONS_COLUMNS),
        morphometry=read_table(job.files.morphometry, MORPHOMETRY_COLUMNS),
        profile=read_table(job.files.lesion_profile, MORPHOMETRY_COLUMNS),
        pattern=pattern,
        override=told(pattern),
        qc=qc,
        not_assessed=_not_assessed(job),
        methods=_methods(job, reference, atlas, qc["template_volume_ratio"]),
        citations=_citations(job, atlas),
        licences=[f"{atlas.name} {atlas.version}: {atlas.manifest.get('License', 'n/a')}"],
        provenance=_provenance(job),
        newborn_lines=_newborn_lines(job),
        **_pictures(job, reference, atlas),
    )
    values = page_values(content)
    _refuse_contradictions(values, content)
    Path(job.files.summary).unlink(missing_ok=True)  # of the page before
    write_text(job.files.report, render_scan(content, values))


def _not_assessed(job: Job) -> list[str]:
    """Say which contrasts were not given, and where no lesion was searched for."""
    missing = {
        "not given": [name for name in CONTRASTS if name not in job.images],
        "lesions not searched": [phrase(tissue) for tissue in lesion_record(job)["NotSearched"]],
    }
    return [f"{', '.join(names)}: {what}" for what, names in missing.items() if names]


def _refuse_contradictions(values: dict[str, object], content: ScanReport) -> None:
    wrong = contradictions(values, content.pattern, content.load, content.lesions, content.morphometry)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        cure = "do not use this scan's results, and tell the authors of cpimaging"
        raise InputError(content.label, f"the results contradict each other: {wrong[0]}{more}", cure)


def _warning(job: Job) -> str | None:
    """Say that a scan was registered to the adult template at an age at which it does not place all."""
    used, gate = template_used(job), gate_of(job)
    why = gate.refusal("fine_structures")
    if why is None:
        return None
    if gate.band == UNKNOWN:  # no call was made, and the reason stands above
        return f"Registered to the {used.told}."
    return f"Registered to the {used.told}: {why}."


def _newborn_lines(job: Job) -> str | None:
    """Return the pictures of a newborn's lines; None at other ages."""
    path = Path(job.files.newborn_lines)
    measured = gate_of(job).refusal("newborn_measures") is None
    return path.read_text(encoding="utf-8") if measured and path.is_file() else None


class _Pictures(TypedDict):
    images: dict[str, Image]
    lesion: Image | None
    atlas: LabelMap
    template: Image
    template_lesion: Image | None
    template_in_scan: Image


def _pictures(job: Job, reference: str, atlas: Atlas) -> _Pictures:
    order = [reference, *(name for name in job.images if name != reference)]
    images = {name: read_image(job.files.preproc(name)) for name in order}
    frame = frame_of(job)
    template = frame.template.t1w if frame.built is None else load_template().t1w
    to_scan = read_displacement(job.files.xfm_to_scan(reference, frame.used.name))
    given = lesion_record(job)["MaskSource"] is not None
    return {
        "images": images,
        "lesion": read_image(job.files.lesion_mask, labels=True) if given else None,
        "atlas": LabelMap(read_image(job.files.atlas_dseg, labels=True), atlas.dseg.regions),
        "template": template,
        "template_lesion": read_image(job.files.lesion_mask_template, labels=True) if given else None,
        "template_in_scan": resample(frame.like(reference), images[reference], to_scan),
    }


def _notes(job: Job, reference: str) -> list[str]:
    """Return what was decided of a scan by the stages before, each once."""
    images = (job.files.preproc(name) for name in job.images)
    paths = [*images, job.files.xfm_to_scan(reference), job.files.atlas_dseg]
    told = [note for path in paths for note in read_record(sidecar_path(path)).get("Notes", [])]
    return list(dict.fromkeys([*job.scan.decisions, *told, *lesion_record(job)["Notes"]]))


def _citations(job: Job, atlas: Atlas) -> list[str]:
    engine = filter(None, [_engine(job).source])
    return [*CITED_FIRST, *engine, *CITATIONS, *atlas.manifest.get("Citations", [])]


def _methods(job: Job, reference: str, atlas: Atlas, ratio: float) -> list[str]:
    brain = read_record(sidecar_path(job.files.brain_mask))
    transform = read_record(sidecar_path(job.files.xfm_to_scan(reference)))
    others = [name for name in job.images if name != reference]
    moved = f"; {', '.join(others)} brought to it rigidly" if others else ""
    return [
        f"Reference: {reference}{moved}. Brain mask: {brain['BrainMask']}. Bias field removed with N4.",
        f"Registered to the {template_used(job).told} with {_engine(job).title}. "
        f"Lesion: {transform['LesionStrategy']}.",
        f"The brain is {ratio:.2f} times as large as the template's.",
        "Lesions are measured on the mask's own grid; the mask is never resampled for measuring.",
        "White matter is cut voxel by voxel into periventricular, deep and subcortical by "
        "d(ventricle) / (d(ventricle) + d(cortex)).",
        *(f"{name}: approximate, drawn from coordinates." for name in atlas.manifest.get("Approximate", [])),
    ]


def _engine(job: Job) -> Engine:
    return ENGINES[read_record(sidecar_path(job.files.xfm_to_scan(job.reference)))["Engine"]]


def _provenance(job: Job) -> Provenance:
    return {
        "Input files": job.names(*job.scan.images.values(), job.scan.lesion_mask, job.scan.brain_mask),
        "Software": software_versions(),
        "Code digests": {stage: code_digest(stage, keep=True) for stage in SCAN_STAGES},
    }
