"""masks: lesion masks in template space, in bulk: one job, no image, no registration, the group's tables."""

import json
import math
import os
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging import columns
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.mask_folder import NAMED, SOURCE, list_masks
from cpimaging.bids.scan import Scan
from cpimaging.images import Sparse, read_sparse
from cpimaging.io import read_table, typed, write_json, write_table, write_text
from cpimaging.layout import TEMPLATE
from cpimaging.lesions.components import members, piece_table
from cpimaging.lesions.kinds import kinds_of, percent_of_pieces, read_kinds
from cpimaging.masks import values_inside
from cpimaging.provenance import sidecar
from cpimaging.quantify.load import filled_rows, hits_in
from cpimaging.quantify.pieces import held
from cpimaging.quantify.sparse_margins import margins_in
from cpimaging.quantify.tracts import section_loads, tract_cells
from cpimaging.registration import resample
from cpimaging.report.cohort import CohortReport
from cpimaging.scorers import (
    AnyScorer,
    Criteria,
    Pattern,
    Tables,
    chosen_scorers,
    pattern_content,
    read_criteria,
)
from cpimaging.scorers.confidence import is_called, repetitions, with_stability
from cpimaging.scorers.group import group_dtypes
from cpimaging.scorers.needs import check_fit
from cpimaging.scorers.overrides import Override, overridden
from cpimaging.scorers.results import Result, Value
from cpimaging.scorers.trust import out_of_group
from cpimaging.stages.cohort import SUMMARY_COLUMNS, pattern_cells, volume_cells, write_group
from cpimaging.stages.index import write_dataset_files
from cpimaging.study.choices import Choices
from cpimaging.study.group_notes import copied, doubtful, mark, told
from cpimaging.study.mask_grid import MaskGrid, MaskGrids, Way, check_space, find_way
from cpimaging.study.output import check_output
from cpimaging.study.overrides import read_overrides
from cpimaging.study.record import recorded
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Image,
    InputError,
    ScanContext,
    Verdict,
)
from cpimaging.versions import software_versions
from cpimaging.words import DONE, GIVEN

QC: Verdict = "not_applicable"
VOLUMES = "in the template's space, not of the person's own brain"
NOTES = (
    "Lesion masks in template space, without images: no scan was registered, quality was not checked.",
    f"Volumes are {VOLUMES}: a small brain's lesion counts as if its brain had the template's size.",
    "Tissue loss and ventricles are not measured; no mask alone makes a scan normal (E).",
)

TOLD = ("age at scan n/a", "sex n/a", NAMED)
"""How lines begin that tell what tables do not say for certain, or names say otherwise."""

BULK_PAIRS = 6
"""Mirrored pairs of repetitions for a mask in bulk: its stability comes in steps of 1 in 12."""

NO_STABILITY = "The stability of calls was not measured (--stability)."
STABILITY = f"The stability of a call is its share of {2 * BULK_PAIRS} repetitions; no call is taken back."


@dataclass(frozen=True)
class MaskJob:
    """A folder of masks, where the results go, and the study's choices.

    space: the template whose space the masks lie in. template: its brain-extracted T1w, if at hand.
    pattern: names of the masks. scorers, atlas: as elsewhere. overrides: table of `read_overrides`.
    stability: whether calls are repeated; they stay the same.
    """

    masks: Path
    output: Path
    space: str
    atlas: str = "embedded"
    template: Path | None = None
    pattern: str = "*"
    scorers: str = "all"
    overrides: Path | None = None
    stability: bool = False

    @classmethod
    def of(cls, choices: Choices, scorers: str) -> "MaskJob":
        """Return the job of a study on masks. Raises InputError where their space is not named."""
        if not choices.masks_space:
            problem = "is not given"
            raise InputError("masks_space", problem, "name the masks' template, e.g. MNI152NLin6Asym")
        return cls(
            Path(str(choices.masks_dir)),
            Path(choices.output_dir),
            choices.masks_space,
            choices.atlas,
            Path(choices.masks_template) if choices.masks_template else None,
            choices.lesion_pattern or "*",
            scorers,
            Path(choices.overrides) if choices.overrides else None,
            choices.masks_stability == "on",
        )

    def listed(self) -> list[Scan]:
        """Return the masks there are; raises InputError where any choice is wrong. No mask is opened."""
        check_fit(check_space(self.atlas, self.space, self.template), self.atlas, self.scorers)
        own = self.output / "group_patterns.tsv"
        check_output(self.output, "masks")
        skip = [self.output] if own.is_file() else []
        scans = list_masks(self.masks, self.pattern, skip, self.space)
        self.decisions(scans)
        return scans

    def decisions(self, scans: list[Scan]) -> dict[str, Override]:
        """Return the overrides by label."""
        return read_overrides(self.overrides, [scan.label for scan in scans]) if self.overrides else {}


@dataclass(frozen=True)
class _Measured:
    """What is kept of a mask: grid, hits per row, size, tracts, pattern, notes, what its copies share."""

    scan: Scan
    grid: MaskGrid
    hits: NDArray[np.float64]
    voxels: int
    tracts: Mapping[str, float]
    pattern: Pattern
    notes: list[str]
    mark: bytes


@recorded
def run(job: MaskJob) -> None:
    """Measure and score every mask; one that cannot be read is listed with its reason and stops no other."""
    scans = _with_people(job.masks, job.listed())
    way = find_way(job.atlas, job.space, job.template)
    grids, scoring = MaskGrids(way), _Scoring(job.scorers, job.decisions(scans), read_kinds(job.masks))
    measured, failed = [], []
    for scan in scans:
        try:
            measured.append(_measure(job, scan, grids, scoring))
        except InputError as error:
            failed.append(_summary(scan, "failed", str(error).replace(f"{job.masks}/", "")))
    _write(job, way, measured, failed)


def outcome(output: Path) -> str:
    """Say in one line how many masks were measured and refused, and where that stands."""
    statuses = read_table(output / "logs/summary.tsv", {"status": "str"})["status"].tolist()
    done = statuses.count(DONE)
    why = "" if done == len(statuses) else f"; why not the others: {output}/logs/summary.tsv"
    return f"cpimaging: {done} of {len(statuses)} masks measured{why}; {output}/index.html"


def _measure(job: MaskJob, scan: Scan, grids: MaskGrids, scoring: "_Scoring") -> _Measured:
    """Read, count and score one mask. Raises InputError where it is no mask of this space."""
    path = job.masks / str(scan.lesion_mask)
    if scan.problems:
        problem, _, cure = "; ".join(scan.problems).rpartition("; ")
        raise InputError(scan.label, problem, cure)
    mask, inside, notes = _lesion(path)
    kinds = kinds_of(mask.found[inside], scoring.kinds, path) if scoring.kinds else None
    grid, index = grids.place(mask, mask.index[inside], path)
    hits = hits_in(index, grid.parts)
    table = filled_rows(grid.rows, hits, index.size, grid.image.voxel_volume_mm3)
    margins = margins_in(index, grid.image, grid.parts, grid.rows) if job.stability else None
    pattern = scoring.pattern(scan, Tables(table, *_pieces(index, grid, kinds), NO_VOLUMES), margins)
    if pattern["out_of_group"] is None:
        grid.counts[index] += 1
    doubts = [line for line in scan.decisions if line.startswith(TOLD)]
    notes = [*notes, *doubtful(table)]
    tracts = tract_cells(table, section_loads(grid.tract, index))
    return _Measured(scan, grid, hits, index.size, tracts, pattern, [*notes, *doubts], mark(index, grid))


def _lesion(path: Path) -> tuple[Sparse, NDArray[np.bool_], list[str]]:
    """Return a mask, which of its voxels are lesion, and notes on how its values were read."""
    mask = read_sparse(path)
    inside, notes = values_inside(mask.found, path, zeros=mask.index.size < math.prod(mask.shape))
    return mask, inside, notes


def _pieces(
    index: NDArray[np.intp], grid: MaskGrid, kinds: NDArray[np.str_] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what scorers ask of the pieces of a lesion, and what each holds. kinds: of voxels."""
    voxels = np.stack(np.unravel_index(index, grid.image.shape), axis=1)
    member, size_mm3 = members(voxels), grid.image.voxel_volume_mm3
    pieces = piece_table(member, grid.sides[index].astype(int), grid.distance_mm[index], size_mm3)
    for kind in ("cavity", "blood"):
        share = np.nan if kinds is None else percent_of_pieces(member, kinds == kind)
        pieces[f"{kind}_percent"] = share
    return pieces, held(index, member, grid.parts, grid.rows, size_mm3)


NO_VOLUMES = pd.DataFrame(columns=list(MORPHOMETRY_COLUMNS))
"""Masks without images say nothing of ventricles and tissue."""


class _Scoring:
    """The chosen scorers with their criteria, read once, what people decided, what values mean."""

    def __init__(self, scorers: str, decisions: Mapping[str, Override], kinds: Mapping[int, str]) -> None:
        self.scorers, self.kinds = scorers, kinds
        chosen = chosen_scorers(scorers)
        self.criteria = {name: read_criteria(scorer.criteria) for name, scorer in chosen.items()}
        calls = [self.criteria[name] for name, scorer in chosen.items() if not scorer.scale]
        self.varied: Criteria = dict(ChainMap(*map(dict, calls)))
        self.decisions = decisions

    def pattern(self, scan: Scan, tables: Tables, margins: pd.DataFrame | None) -> Pattern:
        """Return the content of a pattern JSON; with margins, calls with their stability."""
        decision = self.decisions.get(scan.label)
        qc: Verdict = "fail" if decision and decision.qc == "fail" else QC  # a mask has no image to pass
        context = ScanContext(scan.age_years, (), GIVEN, qc, gestation_weeks=scan.gestation_weeks)

        repeated: list[tuple[Tables, Criteria]] = []
        if margins is not None and self.varied:
            repeated = list(repetitions(tables, margins, self.varied, BULK_PAIRS))

        def score(scorer: AnyScorer) -> Result:
            result: Result = scorer.score(tables, context, self.criteria[scorer.name])
            if margins is None or scorer.scale:
                return result
            again = repeated if is_called(scorer, result) else []
            others: list[Result] = [scorer.score(varied, context, limits) for varied, limits in again]
            sure: Result = with_stability(scorer, result, others)
            return sure

        content = pattern_content(self.scorers, score)
        content["out_of_group"] = out_of_group(tables, context)
        return overridden(content, decision, QC, scan.gestation_weeks)


def _with_people(masks: Path, scans: list[Scan]) -> list[Scan]:
    """Return the scans with age and sex from participants.tsv beside the masks, or in the folder above."""
    for folder in (masks, masks.resolve().parent):
        if os.path.lexists(folder / "participants.tsv"):  # a link to nothing is told
            return with_demographics(folder, scans)
    return scans


def _ids(scan: Scan) -> dict[str, str]:
    return {
        "participant_id": f"sub-{scan.participant}",
        "session_id": f"ses-{scan.session}" if scan.session else "n/a",
    }


def _summary(scan: Scan, status: str, message: str = "n/a") -> dict[str, str]:
    return {**_ids(scan), "stage": "masks", "status": status, "message": message, "log": "n/a"}


def _write(job: MaskJob, way: Way, measured: list[_Measured], failed: list[dict[str, str]]) -> None:
    done = [_summary(item.scan, DONE, "; ".join(item.notes) or "n/a") for item in measured]
    group = [item for item in measured if item.pattern["out_of_group"] is None]
    frequency = _frequency(group)
    patterns = typed([_row(job, item) for item in measured], group_dtypes())
    same = copied(
        ((item.scan.label, item.mark) for item in measured if item.voxels), "masks hold the same voxels"
    )
    notes = [*way.notes, *same, *told((item.scan.label, item.notes) for item in measured)]
    page = CohortReport(
        title=f"{len(measured)} lesion masks",
        patterns=patterns,
        summary=typed([*failed, *done], SUMMARY_COLUMNS),
        load=with_in_group(_loads(measured), patterns),
        frequency=frequency,
        frequency_scans=len(group),
        template=_background(way, frequency),
        notes=[*NOTES, STABILITY if job.stability else NO_STABILITY, *notes],
        methods=[
            f"Masks in {job.space}, measured on their own grid; atlas: {way.atlas.name} {way.atlas.version}."
        ],
        provenance={"Software": software_versions()},
    )
    write_dataset_files(job.output)
    lines = [json.dumps({**_ids(item.scan), **item.pattern}, ensure_ascii=False) for item in measured]
    write_text(job.output / "group_desc-pattern_stats.jsonl", "".join(f"{line}\n" for line in lines))
    fields = _sidecar_fields(job, [*way.notes, *same], way)
    described = sidecar("masks", [], **fields, **columns.described(columns.GROUP_LESIONLOAD))
    write_json(job.output / "group_desc-lesionload_stats.json", described)
    write_table(job.output / "group_desc-lesionload_stats.tsv", page.load)
    write_group(job.output, page, "masks", job.space, fields)


def with_in_group(load: pd.DataFrame, patterns: pd.DataFrame) -> pd.DataFrame:
    """Return the load tables of all masks with the column in_group of the group table."""
    ids = ["participant_id", "session_id"]
    known = patterns.set_index(ids)["in_group"]
    scans = pd.MultiIndex.from_frame(load[ids])
    return load.assign(in_group=known.reindex(scans).to_numpy(dtype=object))


def _row(job: MaskJob, item: _Measured) -> dict[str, Value]:
    return {
        **_ids(item.scan),
        **pattern_cells(item.pattern, QC),
        **volume_cells(item.pattern, item.voxels * item.grid.image.voxel_volume_mm3, item.tracts),
        "mask_source": f"{SOURCE} ({job.space})",
        "template_volume_ratio": None,
        "age_years": item.scan.age_years,
        "sex": item.scan.sex,
        "template": job.space,
    }


def _loads(measured: list[_Measured]) -> pd.DataFrame:
    """Return the load tables of all masks, built grid by grid at one go, in the order of the masks."""
    tables = []
    for grid in {id(item.grid): item.grid for item in measured}.values():
        own = [(place, item) for place, item in enumerate(measured) if item.grid is grid]
        n = len(grid.rows)
        rows = grid.rows.iloc[np.tile(np.arange(n), len(own))].reset_index(drop=True)
        sizes = np.repeat([item.voxels for _, item in own], n)
        hits = np.concatenate([item.hits for _, item in own])
        table = filled_rows(rows, hits, sizes, grid.image.voxel_volume_mm3)
        for place, name in enumerate(("participant_id", "session_id")):
            ids = np.array([_ids(item.scan)[name] for _, item in own], dtype=object)
            table.insert(place, name, np.repeat(ids, n))
        table.index = pd.Index(np.repeat([place for place, _ in own], n))
        tables.append(table)
    if not tables:
        return typed([], LESIONLOAD_COLUMNS)
    return pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)


def _frequency(measured: list[_Measured]) -> Image | None:
    """Return the share of masks that hold each voxel, on the grid that most masks share."""
    if not measured:
        return None
    grids = list({id(item.grid): item.grid for item in measured}.values())
    sizes = [sum(item.grid is grid for item in measured) for grid in grids]
    main = grids[int(np.argmax(sizes))].image
    total = np.zeros(main.shape, np.float32)
    for grid in grids:
        counts = Image(grid.counts.reshape(grid.image.shape), grid.image.affine)
        total += counts.data if counts.same_grid(main) else resample(counts, main, mode="nearest").data
    return Image(total / np.float32(len(measured)), main.affine)


def _background(way: Way, grid: Image | None) -> Image | None:
    """Return the template's T1w on the grid of the map."""
    if way.template is None or grid is None:
        return None
    return resample(way.template.t1w, grid, way.field)


def _sidecar_fields(job: MaskJob, notes: list[str], way: Way) -> dict[str, Any]:
    return {
        "Space": job.space,
        "Volumes": VOLUMES,
        "Atlas": f"{way.atlas.name} {way.atlas.version}",
        "AtlasSpace": way.atlas.space if way.template is None else TEMPLATE,
        "Notes": [*NOTES, *notes],
    }
