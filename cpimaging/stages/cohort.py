"""cohort: group tables, lesion frequency, what failed, and one page, from whatever exists."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging import columns
from cpimaging.atlases import load_template
from cpimaging.io import (
    read_image,
    read_record,
    read_table,
    typed,
    write_image,
    write_json,
    write_table,
    write_text,
)
from cpimaging.layout import TEMPLATE
from cpimaging.provenance import sidecar, software_versions
from cpimaging.quantify.tracts import SectionLoad, tract_cells
from cpimaging.report.cohort import CohortReport, render_cohort
from cpimaging.scorers import Pattern
from cpimaging.scorers.group import group_columns, group_dtypes, scorer_cells
from cpimaging.scorers.overrides import told
from cpimaging.scorers.results import Value
from cpimaging.study.job import SCAN_STAGES, Job, lesion_record
from cpimaging.study.plan import SUMMARY, study_labels
from cpimaging.study.record import finished, recorded
from cpimaging.study.used import template_used
from cpimaging.types import LESIONLOAD_COLUMNS, MORPHOMETRY_COLUMNS, Image, Quality, measures_of
from cpimaging.words import GIVEN, LOAD_CLASSES, NORMED, SECTION_LOADS, z_column

SUMMARY_COLUMNS = columns.dtypes(columns.SUMMARY)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@recorded
def run(output: Path, atlas: str = "embedded") -> None:
    """Write the group tables, the frequency map, logs/summary.tsv and index.html."""
    jobs = [Job(output, label, atlas) for label in study_labels(output)]
    frequency, n = _frequency(jobs)
    patterns = typed([_pattern_row(job) for job in jobs if _finished(job)], group_dtypes())
    page = CohortReport(
        patterns=patterns,
        summary=typed([_summary_row(job) for job in jobs], SUMMARY_COLUMNS),
        template=load_template().t1w if frequency is not None else None,
        frequency=frequency,
        frequency_scans=n,
        morphometry=_trusted_morphometry(jobs, patterns),
        load=with_in_group(_loads(jobs), patterns),
        links={_key(job.label): Path(job.files.report).name for job in jobs if _finished(job)},
        provenance={"Software": software_versions()},
    )
    write_group(output, page, "cohort")


def write_group(
    output: Path, page: CohortReport, stage: str, space: str = TEMPLATE, told: Mapping[str, Any] = NOTHING
) -> None:
    """Write what stands for all scans: three tables, the frequency map, the page last.

    stage: what sidecars name. space: the template whose space the map lies in. told: what the
    sidecars of both tables say beside their columns.
    """
    for table, rows, declared in (
        ("group_patterns", page.patterns, group_columns()),
        ("group_desc-lesionload_stats", page.load, columns.GROUP_LESIONLOAD),
    ):
        write_json(output / f"{table}.json", sidecar(stage, [], **told, **columns.described(declared)))
        write_table(output / f"{table}.tsv", rows)
    write_table(output / SUMMARY, page.summary)
    name = f"group_space-{space}_label-L_probseg"
    if page.frequency is not None:
        write_json(output / f"{name}.json", sidecar(stage, [], NumberOfScans=page.frequency_scans))
        write_image(output / f"{name}.nii.gz", page.frequency, template_space=True)
    else:  # one of an earlier run would be taken for that of this one
        for ending in (".json", ".nii.gz"):
            (output / f"{name}{ending}").unlink(missing_ok=True)
    write_text(output / "index.html", render_cohort(page))


def _key(label: str) -> tuple[str, str]:
    participant, _, session = label.partition("_")
    return participant, session or "n/a"


def _ids(label: str) -> dict[str, str]:
    return dict(zip(("participant_id", "session_id"), _key(label), strict=True))


def _finished(job: Job) -> bool:
    """Tell whether every stage has; a page of an earlier run alone is out of date."""
    return _unfinished_stage(job) is None


def _unfinished_stage(job: Job) -> str | None:
    return next((stage for stage in SCAN_STAGES if not finished(job.output, stage, job.label)), None)


def _summary_row(job: Job) -> dict[str, str]:
    """Return the stage that was not finished, and the last line of its log where it failed."""
    stage = _unfinished_stage(job)
    if stage is None:
        return {**_ids(job.label), "stage": "report", "status": "done", "message": "n/a", "log": "n/a"}
    log = Path(job.files.log(stage, (job.scan.reference or "T1w") if stage == "register" else ""))
    return {
        **_ids(job.label),
        "stage": stage,
        "status": "failed" if log.is_file() else "not run",
        "message": job.without_folders(_last_line(log)),
        "log": log.relative_to(job.output).as_posix(),
    }


def _last_line(log: Path) -> str:
    """Return the last line of a log, without the name of the program in front."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1].removeprefix("cpimaging: ") if lines else "n/a"


def _pattern_row(job: Job) -> dict[str, Value]:
    quality: Quality = read_record(job.files.qc)
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    pattern: Pattern = read_record(job.files.pattern)
    cells = pattern_cells(pattern, quality["verdict"])
    trusted = cells["qc"] != "fail"
    return {
        **_ids(job.label),
        **cells,
        **volume_cells(
            pattern,
            load.loc[load["tissue"] != "overlay", "lesion_volume_mm3"].sum(min_count=1),
            tract_cells(load, _sections(job)),
        ),
        "mask_source": _mask_source(job, job.scan.lesion_source),
        "template_volume_ratio": quality["template_volume_ratio"],
        "age_years": job.scan.age_years,
        "sex": job.scan.sex,
        **(_measured_cells(job) if trusted else {}),
        "template": template_used(job).name,
    }


def _sections(job: Job) -> dict[str, SectionLoad]:
    """Return the section loads of the corticospinal tract by side."""
    profile = read_table(job.files.lesion_profile, MORPHOMETRY_COLUMNS).set_index("measure")
    mean, largest = (profile[profile.index == name].set_index("side")["value"] for name in SECTION_LOADS)
    return {str(side): SectionLoad(float(mean[side]), float(largest[side])) for side in mean.index}


def _measured_cells(job: Job) -> dict[str, Value]:
    """Return the cells of the group table that come from the morphometry table."""
    morphometry = read_table(job.files.morphometry, MORPHOMETRY_COLUMNS)
    areas = morphometry[morphometry["measure"] == "peduncle_area"]
    found = zip(areas["side"], areas["value"].astype(float), strict=True)
    return {**z_cells(morphometry), **{f"peduncle_{side}_mm2": area for side, area in found}}


def z_cells(morphometry: pd.DataFrame) -> dict[str, Value]:
    """Return the cells of the group table that hold distances from norms; none where there are no norms."""
    found = measures_of(morphometry)
    return {
        z_column(structure, side): found[f"{measure}_z", structure, side]
        for measure, structure, side in NORMED
        if (f"{measure}_z", structure, side) in found
    }


def pattern_cells(pattern: Pattern, qc: str) -> dict[str, Value]:
    """Return the cells of the group table that come from a pattern JSON; qc: the verdict of the checks."""
    override, reason = pattern.get("override"), pattern.get("out_of_group")
    decided = override["qc"] if override else None
    return {
        **scorer_cells(pattern),
        **{column.name: None for column in (*columns.Z_SCORES, *columns.TRACTS)},
        **_details(pattern),
        "qc": decided["set"] if decided else qc,
        "override": told(pattern),
        "in_group": "false" if reason else "true",
        "out_of_group_reason": reason,
    }


def _details(pattern: Pattern) -> dict[str, Value]:
    """Return what a call says beside its word; None where nothing."""
    dominance: Mapping[str, Any] = pattern.get("dominance") or {}
    mrics: Mapping[str, Any] = pattern.get("mrics") or {}
    return {
        "laterality_index": dominance.get("laterality_index"),
        **{f"mrics_{name}": mrics.get(name) for name in ("side", "territory", "severity")},
        "subgroup_stability": mrics.get("subgroup_confidence"),
    }


def volume_cells(pattern: Pattern, lesion_mm3: float, tracts: Mapping[str, float]) -> dict[str, Value]:
    """Return volume and tract loads of a scan's lesion; n/a, like all shares, for a scan out of the group."""
    if pattern.get("out_of_group") is None:
        return {"lesion_volume_mm3": lesion_mm3, **tracts}
    return {"lesion_volume_mm3": None, **{f"{name}_percent": None for name in LOAD_CLASSES}}


def with_in_group(load: pd.DataFrame, patterns: pd.DataFrame) -> pd.DataFrame:
    """Return the load tables of all scans with the column in_group of the group table."""
    ids = ["participant_id", "session_id"]
    known = patterns.set_index(ids)["in_group"]
    scans = pd.MultiIndex.from_frame(load[ids])
    return load.assign(in_group=known.reindex(scans).to_numpy(dtype=object))


def _trusted_morphometry(jobs: list[Job], patterns: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the morphometry tables of the scans that did not fail their checks."""
    ids = patterns.loc[patterns["qc"] != "fail", ["participant_id", "session_id"]]
    trusted = set(ids.itertuples(index=False, name=None))
    return {
        key: read_table(job.files.morphometry, MORPHOMETRY_COLUMNS)
        for job in jobs
        if (key := _key(job.label)) in trusted
    }


def _mask_source(job: Job, planned: str) -> str:
    """Return the folder that a given mask came from, or what drew the mask; "none" without one."""
    source: str | None = lesion_record(job)["MaskSource"]
    return planned if source == GIVEN else source or "none"


def _loads(jobs: list[Job]) -> pd.DataFrame:
    tables = [read_table(job.files.lesionload, LESIONLOAD_COLUMNS) for job in jobs if _finished(job)]
    return pd.concat(tables, ignore_index=True) if tables else typed([], LESIONLOAD_COLUMNS)


def _frequency(jobs: list[Job]) -> tuple[Image | None, int]:
    """Return the share of scans with a lesion at each template voxel, over the scans of the group."""
    total: NDArray[np.int32] | None = None
    grid, n = None, 0
    for mask in _template_masks(jobs):
        total = mask.data.astype(np.int32) + (0 if total is None else total)
        grid, n = mask, n + 1
    if grid is None or total is None:
        return None, 0
    return Image((total / n).astype(np.float32), grid.affine), n


def _template_masks(jobs: list[Job]) -> Iterator[Image]:
    for job in jobs:
        if _finished(job) and read_record(job.files.pattern).get("out_of_group") is None:
            yield read_image(job.files.lesion_mask_template, labels=True)
