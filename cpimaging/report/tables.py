"""Tables of a scan, shaped for reading: left beside right, lobe by layer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from cpimaging.atlases.vocabulary import load_structures
from cpimaging.report.words import TISSUES, phrase, sentence
from cpimaging.words import LAYERS, LOBES, SECTION_LOADS, SIDES


@dataclass(frozen=True)
class Cell:
    """One structure on one side, NaN where unknown.

    Of a scan, amount: lesion in mm³; share: percentage of the structure that is lesioned. Of a
    cohort, amount: number of scans with lesion in it; share: median percentage in these.
    """

    amount: float
    share: float


@dataclass(frozen=True)
class Row:
    """One structure: left and right, or midline. A side that the atlas does not have is all NaN."""

    name: str
    structure: str
    tissue: str
    left: Cell
    right: Cell
    midline: Cell | None

    @property
    def cells(self) -> list[Cell]:
        """The sides that there are."""
        return [self.midline] if self.midline else [self.left, self.right]

    @property
    def amount(self) -> float:
        """The sum of the sides."""
        return float(np.nansum([cell.amount for cell in self.cells]))


def structure_name(structure: str) -> str:
    """Return the display name of a structure; one outside the vocabulary as plain words."""
    names = load_structures().set_index("structure")["name"]
    return str(names.get(structure, sentence(phrase(structure))))


def load_rows(load: pd.DataFrame) -> list[Row]:
    """Return one row per structure with the lobes and layers added up, in the vocabulary's order.

    load: columns of LESIONLOAD_COLUMNS.
    """
    if load.empty:
        return []
    sums = _added_up(load, ["tissue", "structure", "side"])
    return _rows(sums.rename(columns={"lesion_volume_mm3": "amount"}))


def frequency_rows(load: pd.DataFrame) -> list[Row]:
    """Return one row per structure that is lesioned in any scan: in how many, and how much of it.

    load: LESIONLOAD_COLUMNS of all scans. Overlays and what lies outside the atlas are left out.
    """
    sums, keys = scan_shares(load), ["tissue", "structure", "side"]
    lesioned = sums.loc[sums["lesion_volume_mm3"] > 0].groupby(keys, sort=False, observed=True)["share"]
    counts = lesioned.agg(amount="size", share="median").reset_index()
    return _rows(counts)


def scan_shares(load: pd.DataFrame) -> pd.DataFrame:
    """Return volumes and lesioned share, in %, of each structure and side in each scan.

    load: LESIONLOAD_COLUMNS of all scans. Overlays and what lies outside the atlas are left out.
    """
    inside = load[~load["tissue"].isin(["overlay", "outside"])]
    return _added_up(inside, ["tissue", "structure", "side", "participant_id", "session_id"])


def _added_up(load: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return volumes added up over lobes and layers, and the share of them that is lesioned, in %."""
    volumes = ["region_volume_mm3", "lesion_volume_mm3"]
    sums = load.groupby(keys, sort=False, observed=True)[volumes].sum(min_count=1).reset_index()
    sums["share"] = 100 * sums["lesion_volume_mm3"] / sums["region_volume_mm3"].replace(0, np.nan)
    return sums


def _rows(cells: pd.DataFrame) -> list[Row]:
    rows = [
        _row(str(tissue), str(structure), part)
        for (tissue, structure), part in cells.groupby(["tissue", "structure"], sort=False, observed=True)
    ]
    tissues = list(TISSUES)
    places = {str(name): place for place, name in enumerate(load_structures()["name"])}
    return sorted(
        rows,
        key=lambda row: (
            tissues.index(row.tissue) if row.tissue in tissues else len(tissues),
            places.get(row.name, len(places)),
        ),
    )


def _row(tissue: str, structure: str, part: pd.DataFrame) -> Row:
    cells = {
        side: Cell(float(amount), float(share))
        for side, amount, share in zip(part["side"], part["amount"], part["share"], strict=True)
    }
    absent = Cell(np.nan, np.nan)
    sides = cells.get("left", absent), cells.get("right", absent)
    return Row(structure_name(structure), structure, tissue, *sides, cells.get("midline"))


def lobe_layers(load: pd.DataFrame) -> list[tuple[str, list[Cell]]]:
    """Return, per lobe, six cells of cerebral white matter mirrored about the ventricles.

    Left subcortical, deep, periventricular, then right periventricular, deep, subcortical; NaN
    where the table has no such row.
    """
    white = load[(load["structure"] == "white_matter") & load["layer"].isin(LAYERS)]
    known = {
        (lobe, side, layer): Cell(float(volume), float(share))
        for lobe, side, layer, volume, share in zip(
            *(white[name] for name in ("lobe", "side", "layer", "lesion_volume_mm3", "percent_region")),
            strict=True,
        )
    }
    columns = [("left", layer) for layer in reversed(LAYERS)] + [("right", layer) for layer in LAYERS]
    lobes = [lobe for lobe in LOBES if any(key[0] == lobe for key in known)]
    return [
        (lobe, [known.get((lobe, *column), Cell(np.nan, np.nan)) for column in columns]) for lobe in lobes
    ]


class Measured(TypedDict):
    """One measure of one structure on every side, None where it was not measured there."""

    measure: str
    structure: str
    name: str
    unit: str
    left: float | None
    right: float | None
    midline: float | None


def by_side(morphometry: pd.DataFrame) -> list[Measured]:
    """Return one record per measure and structure with left, right and midline values (or None).

    Volumes given in mm3 are turned into ml.
    """
    values: dict[tuple[str, str, str], dict[str, float]] = {}
    for item in morphometry.to_dict("records"):
        unit, value = str(item["unit"]), item["value"]
        if unit == "mm3":
            unit, value = "ml", value / 1000
        sides = values.setdefault((str(item["measure"]), str(item["structure"]), unit), {})
        sides[item["side"] if item["side"] in SIDES else "midline"] = value
    return [
        {
            "measure": measure,
            "structure": structure,
            "name": structure_name(structure),
            "unit": unit,
            "left": sides.get("left"),
            "right": sides.get("right"),
            "midline": sides.get("midline"),
        }
        for (measure, structure, unit), sides in values.items()
    ]


KEY_MEASURES = {
    ("group_volume", "lateral_ventricle"): "Lateral ventricle",
    (
        "ratio_to_template",
        "lateral_ventricle",
    ): "Lateral ventricle, share of the brain relative to the template's",
    ("asymmetry_index", "lateral_ventricle"): "Lateral ventricles, (left − right) / (left + right)",
    ("volume", "third_ventricle"): "Third ventricle",
    ("fohr", "lateral_ventricle"): "Fronto-occipital horn ratio (FOHR)",
    ("evans_index", "lateral_ventricle"): "Evans index",
    (
        "ratio_to_template",
        "white_matter",
    ): "Lobar white matter, share of the brain relative to the template's",
    ("callosal_area", "corpus_callosum"): "Corpus callosum, area on the midline",
    ("callosal_area", "corpus_callosum_posterior_third"): "Corpus callosum, its posterior third",
    ("group_volume", "thalamus_whole"): "Thalamus",
    ("group_volume", "brainstem"): "Brainstem",
}
"""The measures that the page shows unfolded: tissue loss in words."""


def key_measures(morphometry: pd.DataFrame) -> list[Measured]:
    """Return the records of `by_side` for KEY_MEASURES, in their order, with their plain names."""
    found = morphometry[
        [key in KEY_MEASURES for key in zip(morphometry["measure"], morphometry["structure"], strict=True)]
    ]
    named = {(record["measure"], record["structure"]): record for record in by_side(found)}
    return [{**named[key], "name": name} for key, name in KEY_MEASURES.items() if key in named]


TRACTS = ("corticospinal_tract", "plic", "optic_radiation")
OF_SECTIONS = ("mean over its cross-sections", "in the cross-section that is lesioned most")
SUPPLY = ("territory_aca", "territory_mca", "territory_pca", "watershed_anterior", "watershed_posterior")


@dataclass(frozen=True)
class Tract:
    """One measure on both sides. asymmetry: (left − right) / (left + right), NaN where both are 0."""

    name: str
    left: float
    right: float
    unit: str

    @property
    def asymmetry(self) -> float:
        """1 all left, −1 all right."""
        both = self.left + self.right
        return (self.left - self.right) / both if both else float("nan")


def tract_rows(load: pd.DataFrame, morphometry: pd.DataFrame, profile: pd.DataFrame) -> list[Tract]:
    """Return the load of motor tracts, the size of PLIC and peduncle, and the share of the lesion by supply.

    load: LESIONLOAD_COLUMNS; morphometry, profile: MORPHOMETRY_COLUMNS. What the atlas lacks has no row.
    """
    volumes = ["region_volume_mm3", "lesion_volume_mm3", "percent_lesion"]
    ids = ["structure", "side"]
    sums = load.groupby(ids)[volumes].sum(min_count=1)
    sums["percent_region"] = 100 * sums["lesion_volume_mm3"] / sums["region_volume_mm3"].replace(0, np.nan)

    def size(measure: str, table: pd.DataFrame = morphometry) -> pd.Series:
        return table[table["measure"] == measure].groupby(ids)["value"].sum(min_count=1)

    wanted = [
        *((name, f"{structure_name(name)}, lesioned", sums["percent_region"], "% of it") for name in TRACTS),
        *(
            (
                "corticospinal_tract",
                f"{structure_name('corticospinal_tract')}, {text}",
                size(name, profile),
                "%",
            )
            for name, text in zip(SECTION_LOADS, OF_SECTIONS, strict=True)
        ),
        ("plic", f"{structure_name('plic')}, volume", size("volume") / 1000, "ml"),
        ("cerebral_peduncle", "Cerebral peduncle, area", size("peduncle_area"), "mm²"),
        *((name, structure_name(name), sums["percent_lesion"], "% of the lesion") for name in SUPPLY),
    ]
    rows = [
        Tract(name, float(values.get((key, "left"), np.nan)), float(values.get((key, "right"), np.nan)), unit)
        for key, name, values, unit in wanted
    ]
    return [row for row in rows if not np.isnan(row.left + row.right)]


def untouched(rows: Iterable[Row]) -> list[str]:
    """Return the names of the structures without lesion; those that were not searched are none of them."""
    return [
        row.name for row in rows if row.amount == 0 and not all(np.isnan(cell.amount) for cell in row.cells)
    ]


def profile(measured: pd.DataFrame) -> list[tuple[str, float, str]]:
    """Return how the lesion lies to the ventricles: words, value, unit; volumes in ml."""
    records = []
    for item in measured.to_dict("records"):
        if item["measure"] == "anterior_share":
            records.append(("In front of the middle of the lateral ventricles", item["value"], "%"))
        elif item["measure"] == "distance_profile":
            stretch = phrase(item["structure"]).replace(" mm and more", " mm or more")
            records.append((f"{stretch} from the lateral ventricle", item["value"] / 1000, "ml"))
    return records
