"""One finished scan as the group level takes it: each of its files is opened once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpimaging.images import read_sparse
from cpimaging.io import read_record, read_rows, read_runs
from cpimaging.quantify.tracts import SHARES, SectionLoad, tract_cells
from cpimaging.scorers.results import Pattern
from cpimaging.study.job import Job, lesion_record
from cpimaging.study.used import register_record, used_of
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    LESIONRUNS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    InputError,
    Quality,
)
from cpimaging.words import GIVEN, SECTION_LOADS

Rows = list[list[str]]
Part = tuple[str, str, str]
"""Tissue, structure and side."""
VERSIONS, CODE, ENGINES = "versions of this software", "states of its code", "registration engines"
"""What scans may differ in that changes numbers."""


@dataclass(frozen=True)
class Gathered:
    """What the files of a finished scan say.

    load, morphometry: the cells of LESIONLOAD_COLUMNS and MORPHOMETRY_COLUMNS as text, as they stand in the
    files. regions_mm3, lesions_mm3, values: their numbers, NaN for n/a. sections: of the corticospinal tract
    by side. mask_source: folder of the mask, or what drew it. template: what the scan was registered to.
    made: version, code and engine, by what they are called.
    """

    job: Job
    quality: Quality
    pattern: Pattern
    load: Rows
    regions_mm3: list[float]
    lesions_mm3: list[float]
    morphometry: Rows
    values: list[float]
    sections: dict[str, SectionLoad]
    mask_source: str
    template: str
    made: Mapping[str, str]

    @property
    def in_group(self) -> bool:
        """Whether the scan takes part in maps and counts."""
        return self.pattern.get("out_of_group") is None

    @property
    def lesion_mm3(self) -> float:
        """Volume of the lesion; NaN where nobody looked."""
        inside = [row[_TISSUE] != "overlay" for row in self.load]
        found = np.array(self.lesions_mm3)[inside]
        known = ~np.isnan(found)
        return float(np.where(known, found, 0.0).sum()) if known.any() else math.nan

    def tracts(self) -> dict[str, float]:
        """Return the cells of the group table on tracts."""
        places = [place for place, row in enumerate(self.load) if row[_STRUCTURE] in SHARES.values()]
        columns = {
            "structure": [self.load[place][_STRUCTURE] for place in places],
            "side": [self.load[place][_SIDE] for place in places],
            "region_volume_mm3": [self.regions_mm3[place] for place in places],
            "lesion_volume_mm3": [self.lesions_mm3[place] for place in places],
        }
        return tract_cells(columns, self.sections)

    def parts(self) -> dict[Part, tuple[float, float]]:
        """Return region and lesion volume (mm³) of each structure and side, lobes and layers added up.

        Overlays and what lies outside the atlas are left out; NaN where nothing is known.
        """
        sums: dict[Part, tuple[float, float]] = {}
        for row, region, lesion in zip(self.load, self.regions_mm3, self.lesions_mm3, strict=True):
            if row[_TISSUE] not in ("overlay", "outside"):
                key = (row[_TISSUE], row[_STRUCTURE], row[_SIDE])
                before = sums.get(key)
                sums[key] = (
                    (_plus(before[0], region), _plus(before[1], lesion)) if before else (region, lesion)
                )
        return sums

    def measures(self, *names: str) -> dict[tuple[str, str, str], float]:
        """Return the values of some measures of the morphometry table by measure, structure and side."""
        return {
            (row[2], row[3], row[4]): value
            for row, value in zip(self.morphometry, self.values, strict=True)
            if row[2] in names
        }


_LOAD, _MORPHOMETRY = list(LESIONLOAD_COLUMNS), list(MORPHOMETRY_COLUMNS)
_STRUCTURE, _SIDE, _TISSUE = (_LOAD.index(name) for name in ("structure", "side", "tissue"))


def _plus(total: float, more: float) -> float:
    """Add what is known; NaN only where nothing is."""
    if math.isnan(more):
        return total
    return more if math.isnan(total) else total + more


def gather(job: Job) -> Gathered:
    """Read the files of a finished scan. Raises InputError for one that cannot be read."""
    lesions, register = lesion_record(job), register_record(job)
    source = lesions["MaskSource"]
    files = job.files
    load = read_rows(files.lesionload, LESIONLOAD_COLUMNS)
    morphometry = read_rows(files.morphometry, MORPHOMETRY_COLUMNS)
    return Gathered(
        job=job,
        quality=read_record(files.qc),
        pattern=read_record(files.pattern),
        load=load,
        regions_mm3=_numbers(files.lesionload, load, _LOAD.index("region_volume_mm3")),
        lesions_mm3=_numbers(files.lesionload, load, _LOAD.index("lesion_volume_mm3")),
        morphometry=morphometry,
        values=_numbers(files.morphometry, morphometry, _MORPHOMETRY.index("value")),
        sections=_sections(files.lesion_profile),
        mask_source=job.scan.lesion_source if source == GIVEN else source or "none",
        template=used_of(register).name,
        made=_made(register, lesions),
    )


def _made(register: Mapping[str, Any], lesions: Mapping[str, Any]) -> dict[str, str]:
    """Return what numbers depend on beside the images, as two stages wrote it down."""
    records = (register, lesions)
    versions = {str(by["Version"]) for record in records for by in record.get("GeneratedBy", [])}
    return {
        VERSIONS: " and ".join(sorted(versions)) or "n/a",
        CODE: " ".join(str(record.get("CodeDigest", "n/a")) for record in records),
        ENGINES: str(register.get("Engine", "n/a")),
    }


def _numbers(path: str, rows: Rows, place: int) -> list[float]:
    """Return the numbers of one column, NaN for n/a."""
    try:
        return [math.nan if (cell := row[place]) == "n/a" else float(cell) for row in rows]
    except ValueError:
        problem = "has a cell that is no number where one belongs"
        raise InputError(path, problem, "delete it: the workflow makes it again") from None


def _sections(path: str) -> dict[str, SectionLoad]:
    """Return the section loads of the corticospinal tract by side."""
    found: dict[str, dict[str, float]] = {name: {} for name in SECTION_LOADS}
    profile = read_rows(path, MORPHOMETRY_COLUMNS)
    for row, value in zip(profile, _numbers(path, profile, _MORPHOMETRY.index("value")), strict=True):
        if row[2] in found:
            found[row[2]][row[4]] = value
    mean, largest = (found[name] for name in SECTION_LOADS)
    return {side: SectionLoad(mean[side], largest.get(side, math.nan)) for side in mean}


def lesion_voxels(job: Job, shape: tuple[int, int, int]) -> NDArray[np.intp]:
    """Return the voxels of a scan's lesion in template space: flat, C order, on the template's grid.

    From the table of runs; from the mask where results of an older version have none. Raises InputError where
    neither is a mask of this grid.
    """
    if Path(job.files.lesion_runs).is_file():
        return read_runs(job.files.lesion_runs, LESIONRUNS_COLUMNS, shape)
    mask = read_sparse(job.files.lesion_mask_template)
    if mask.shape != shape:
        raise InputError(
            job.files.lesion_mask_template, "is not on the template's grid", "run the lesions stage"
        )
    return np.sort(mask.index)
