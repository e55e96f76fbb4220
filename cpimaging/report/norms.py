"""What pages show of distances from norms: measures of one scan, and of all scans of a cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cpimaging.report.tables import structure_name
from cpimaging.report.words import phrase, sentence
from cpimaging.types import measures_of
from cpimaging.words import NORMED, SIDES, Side

ADULT_YEARS = 12.0
"""Below it no ratio to the adult template is shown: the brain still grows (ours)."""
BEYOND = 2.0
"""Distances beyond it, in SD, stand out; 4.6 % of healthy people have such a one in each measure."""
NAMES = {
    "ventricles": "Ventricles, all",
    "lateral_ventricle": "Lateral ventricle",
    "corpus_callosum": "Corpus callosum",
    "corpus_callosum_anterior_third": "Callosum, front",
    "corpus_callosum_middle_third": "Callosum, middle",
    "corpus_callosum_posterior_third": "Callosum, back",
    "thalamus_whole": "Thalamus",
    "brainstem": "Brainstem",
    "cerebellum": "Cerebellum",
}
_LETTER = {"left": " L", "right": " R", "midline": ""}


@dataclass(frozen=True)
class Distance:
    """A distance from norms in SD with the ends of its 95 % interval."""

    z: float
    low: float
    high: float

    @property
    def beyond(self) -> bool:
        """Whether it stands out."""
        return abs(self.z) > BEYOND


def norm_name(structure: str) -> str:
    """Return what pages call a structure or group that has norms."""
    lobe = structure.removeprefix("white_matter_")
    if lobe != structure:
        return f"White matter, {lobe}"
    return NAMES.get(structure) or sentence(phrase(structure_name(structure)))


def distances(morphometry: pd.DataFrame) -> dict[tuple[str, Side], Distance]:
    """Return the distances of one scan, by structure and side; none where no norms cover it."""
    found = measures_of(morphometry)
    return {
        (structure, side): Distance(
            *(found[f"{measure}_z{end}", structure, side] for end in ("", "_low", "_high"))
        )
        for measure, structure, side in NORMED
        if (f"{measure}_z", structure, side) in found
    }


def scan_rows(morphometry: pd.DataFrame) -> list[tuple[str, list[Distance | None]]]:
    """Return one row per structure: its name, and left, right and midline, None where there is none."""
    found = distances(morphometry)
    structures = dict.fromkeys(structure for structure, _ in found)
    return [(norm_name(name), [found.get((name, side)) for side in SIDES]) for name in structures]


def without_own_tables(
    morphometry: pd.DataFrame, age_years: float | None, of_age: bool = False
) -> pd.DataFrame:
    """Return the measures that stand in the tables of volumes: z-scores have a table of their own.

    Ratios to the adult template are NaN below ADULT_YEARS: the template says nothing of a child's growth.
    of_age: they are ratios to a template of the scan's age, and stay.
    """
    shown = morphometry[~morphometry["measure"].str.contains(r"_z(?:_low|_high)?$")].copy()
    if age_years is not None and age_years < ADULT_YEARS and not of_age:
        shown.loc[shown["measure"] == "ratio_to_template", "value"] = np.nan
    return shown


@dataclass(frozen=True)
class CohortNorms:
    """The distances of a cohort: heads of the columns, and one row of cells per scan."""

    heads: list[str]
    rows: list[tuple[str, list[Distance | None]]]
    beyond: list[tuple[int, int]]


def cohort_norms(scans: Mapping[str, pd.DataFrame]) -> CohortNorms | None:
    """Return the distances of all scans, by name; None where no norms cover any. beyond: of how many."""
    found = {name: distances(table) for name, table in scans.items()}
    keys = [
        (structure, side)
        for _, structure, side in NORMED
        if any((structure, side) in own for own in found.values())
    ]
    if not keys:
        return None
    rows: list[tuple[str, list[Distance | None]]] = [
        (name, [own.get(key) for key in keys]) for name, own in found.items() if own
    ]
    columns = [[cells[place] for _, cells in rows] for place in range(len(keys))]
    heads = [norm_name(structure) + _LETTER[side] for structure, side in keys]
    return CohortNorms(heads, rows, [_counted(column) for column in columns])


def _counted(cells: Sequence[Distance | None]) -> tuple[int, int]:
    known = [cell for cell in cells if cell is not None and not np.isnan(cell.z)]
    return sum(cell.beyond for cell in known), len(known)
