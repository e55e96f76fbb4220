"""cohort: group tables, lesion frequency, what failed, and one page, from whatever exists."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cpimaging import columns
from cpimaging.atlases import load_template
from cpimaging.bids.files import natural
from cpimaging.images import write_image
from cpimaging.io import typed, write_json, write_table, write_text
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.provenance import sidecar
from cpimaging.report.cohort import CohortReport, render_cohort
from cpimaging.scorers import SCORERS, Pattern
from cpimaging.scorers.base import Row
from cpimaging.scorers.group import group_columns, group_dtypes, scorer_cells
from cpimaging.scorers.overrides import told
from cpimaging.scorers.results import Value
from cpimaging.scorers.words import missing
from cpimaging.stages.sessions import write_sessions
from cpimaging.study.compared import compared_by
from cpimaging.study.gathered import Gathered, gather, lesion_voxels
from cpimaging.study.group_notes import unused_masks
from cpimaging.study.group_tables import LONG, LongTables, PageTables, long_tables
from cpimaging.study.job import Job
from cpimaging.study.lesion_maps import FLIPPED, LesionMaps
from cpimaging.study.outcome import mark_outdated, message, stage_log, unfinished_stage
from cpimaging.study.output import check_output
from cpimaging.study.plan import SUMMARY, study_labels
from cpimaging.study.record import recorded
from cpimaging.types import InputError
from cpimaging.versions import software_versions
from cpimaging.words import LOAD_CLASSES, NORMED, z_column

SUMMARY_COLUMNS = columns.dtypes(columns.SUMMARY)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@recorded
def run(output: Path, atlas: str = "embedded", parts: Sequence[Path] = (), compare: str = "") -> None:
    """Write the group tables, the frequency maps, logs/summary.tsv and index.html.

    parts: folders of results whose scans make the group; without them, `output` itself. compare: columns of
    participants.tsv, with commas. Raises InputError, in one line and before anything is written, where a
    folder holds no results or a dataset has no such column.
    """
    jobs = _jobs(output, atlas, parts)
    compared = {
        name: {_key(label): word for label, word in words.items()}
        for name, words in compared_by(jobs, compare).items()
    }
    t1w = load_template().t1w
    maps, page = LesionMaps(t1w), PageTables()
    summary: list[dict[str, str]] = []
    done: list[tuple[Job, Row, str]] = []
    with long_tables(output) as tables:
        for job in jobs:
            told_of, row = _taken(output, job, tables, maps, page)
            summary.append(told_of)
            if row is not None:
                done.append((job, row, _from(output, Path(job.files.report))))
            elif not parts and unfinished_stage(job):  # those of several folders stay as they are
                mark_outdated(job)
    for name, declared in LONG.items():
        write_json(output / f"{name}.json", sidecar("cohort", [], **columns.described(declared)))
    shares = dict(maps.shares())
    frequency, n = shares.pop("", (None, 0))
    side_by_side, notes = write_sessions(output, done)
    mixed = page.mixed()
    for line in mixed:
        print(f"cpimaging: {line}", file=sys.stderr)
    unused = unused_masks((job.label, job.scan.decisions) for job in jobs)
    content = CohortReport(
        patterns=typed([row for _, row, _ in done], group_dtypes()),
        summary=typed(summary, SUMMARY_COLUMNS),
        template=t1w if frequency is not None else None,
        frequency=frequency,
        frequency_scans=n,
        pattern_maps=shares,
        mirrored=maps.mirrored,
        morphometry=page.morphometry(),
        load=page.load(),
        checks=page.checks(),
        contrasts={_key(job.label): tuple(job.scan.images) for job in jobs},
        links={_key(job.label): link for job, _, link in done},
        sessions=side_by_side,
        compared=compared,
        notes=[*mixed, *notes, *page.copies(), *unused],
        provenance={"Software": software_versions()},
    )
    write_group(output, content, "cohort")


def _jobs(output: Path, atlas: str, parts: Sequence[Path]) -> list[Job]:
    """Return the scans of the group, those of several folders one after the other."""
    if not parts:
        return [Job(output, label, atlas) for label in study_labels(output)]
    check_output(output, "group")
    jobs: list[Job] = []
    found_in: dict[str, Path] = {}
    for part in parts:
        labels = study_labels(part)
        if output.resolve().is_relative_to(part.resolve()):
            raise InputError(output, f"lies in {part}, which it is to be made of", "choose another folder")
        people = {label.partition("_")[0] for label in labels}
        if both := sorted(people & found_in.keys(), key=natural):
            # Also where sessions differ: nothing tells whether it is one person or two of one name.
            problem = f"holds {both[0]}, and so does {found_in[both[0]]}"
            cure = "process all sessions of one person into one folder, leave one out, or rename the person"
            raise InputError(part, problem, cure)
        found_in |= dict.fromkeys(people, part)
        jobs += [Job(part, label, atlas) for label in labels]
    return jobs


def _taken(
    output: Path, job: Job, tables: LongTables, maps: LesionMaps, page: PageTables
) -> tuple[dict[str, str], dict[str, Value] | None]:
    """Take one scan into the group: its row of the summary, and of the group table where it finished.

    A scan whose files cannot be read is told and left out; it stops no other.
    """
    stage = unfinished_stage(job)
    if stage is not None:
        return _stopped(output, job, stage), None
    try:
        scan = gather(job)
        row = _pattern_row(scan)
        voxels = lesion_voxels(job, maps.grid.shape) if scan.in_group else None
        page.add(_ids(job.label), scan, row)
    except InputError as error:
        return _summary(job, "report", "failed", str(job.told(error))), None
    except (KeyError, TypeError, AttributeError, ValueError):
        problem = "its results are not as this version writes them; delete its folder and run the workflow"
        return _summary(job, "report", "failed", problem), None
    tables.add(scan, _key(job.label), row)
    if voxels is not None:
        code = SCORERS["mrics"].words.code(row)
        maps.add(voxels, None if missing(code) else code)
    return _summary(job, "report", "done"), row


def write_group(
    output: Path, page: CohortReport, stage: str, space: str = TEMPLATE, told: Mapping[str, Any] = NOTHING
) -> None:
    """Write what stands for all scans beside the long tables: two tables, the frequency maps, the page last.

    stage: what sidecars name. space: the template whose space the map lies in. told: what the sidecar of the
    table says beside its columns.
    """
    described = sidecar(stage, [], **told, **columns.described(group_columns()))
    write_json(output / "group_patterns.json", described)
    write_table(output / "group_patterns.tsv", page.patterns)
    write_json(sidecar_path(f"{output / SUMMARY}"), columns.described(columns.SUMMARY))
    write_table(output / SUMMARY, page.summary)
    name = f"group_space-{space}_label-L"
    for ending in (".json", ".nii.gz") if page.frequency is None else ():
        (output / f"{name}_probseg{ending}").unlink(missing_ok=True)  # one of an earlier run
    maps: dict[str, tuple[Any, int]] = {"": (page.frequency, page.frequency_scans), **page.pattern_maps}
    for code, (share, n) in maps.items():
        if share is None:
            continue
        path = f"{output / name}{'_desc-' if code else ''}{code}_probseg"
        fields: dict[str, Any] = {"NumberOfScans": n}
        if code:
            fields |= {"NumberOfMirrored": page.mirrored} if code == FLIPPED else {"Pattern": code}
        write_json(f"{path}.json", sidecar(stage, [], **fields))
        write_image(f"{path}.nii.gz", share, template_space=True)
    write_text(output / "index.html", render_cohort(page))


def _key(label: str) -> tuple[str, str]:
    participant, _, session = label.partition("_")
    return participant, session or "n/a"


def _ids(label: str) -> dict[str, str]:
    return dict(zip(("participant_id", "session_id"), _key(label), strict=True))


def _from(output: Path, path: Path) -> str:
    """Return where a file lies as seen from the group's folder."""
    return Path(os.path.relpath(path, output)).as_posix()


def _summary(job: Job, stage: str, status: str, message: str = "n/a", log: str = "n/a") -> dict[str, str]:
    return {**_ids(job.label), "stage": stage, "status": status, "message": message, "log": log}


def _stopped(output: Path, job: Job, stage: str) -> dict[str, str]:
    """Return the stage that was not finished, and the last line of its log where it failed."""
    log = stage_log(job, stage)
    status = "failed" if log.is_file() else "not run"
    return _summary(job, stage, status, message(job, stage), _from(output, log))


def _pattern_row(scan: Gathered) -> dict[str, Value]:
    cells = pattern_cells(scan.pattern, scan.quality["verdict"])
    return {
        **_ids(scan.job.label),
        **cells,
        **volume_cells(scan.pattern, scan.lesion_mm3, scan.tracts()),
        "mask_source": scan.mask_source,
        "template_volume_ratio": scan.quality["template_volume_ratio"],
        "age_years": scan.job.scan.age_years,
        "sex": scan.job.scan.sex,
        **(_measured_cells(scan) if cells["qc"] != "fail" else {}),
        "template": scan.template,
    }


def _measured_cells(scan: Gathered) -> dict[str, Value]:
    """Return the cells of the group table that come from the morphometry table."""
    areas = scan.measures("peduncle_area")
    cells = {f"peduncle_{side}_mm2": area for (_, _, side), area in areas.items()}
    return {**z_cells(scan.measures(*_NORMED)), **cells}


_NORMED = {f"{measure}_z" for measure, *_ in NORMED}


def z_cells(found: Mapping[tuple[str, str, str], float]) -> dict[str, Value]:
    """Return the cells of the group table that hold distances from norms; none where there are no norms.

    found: values of a morphometry table by measure, structure and side.
    """
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
