"""Hand-made tables of one scan: a brain of plausible volumes and a lesion given in ml."""

import pandas as pd

from cpimaging.io import typed
from cpimaging.scorers import Tables
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    LESIONPARTS_COLUMNS,
    LESIONS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    ScanContext,
)

IDS = ("participant_id", "session_id")
LATERAL_ML = {
    ("thalamus", "deep_grey", "n/a", "n/a"): 5.5,
    ("thalamus_ventrolateral", "deep_grey", "n/a", "n/a"): 2.0,
    ("putamen", "deep_grey", "n/a", "n/a"): 3.5,
    ("putamen_posterior", "deep_grey", "n/a", "n/a"): 1.5,
    ("pallidum", "deep_grey", "n/a", "n/a"): 2.0,
    ("caudate", "deep_grey", "n/a", "n/a"): 4.0,
    ("hippocampus", "deep_grey", "n/a", "n/a"): 4.0,
    ("amygdala", "deep_grey", "n/a", "n/a"): 2.0,
    ("plic", "white_matter", "n/a", "deep"): 2.0,
    ("external_capsule", "white_matter", "n/a", "deep"): 2.0,
    ("perirolandic", "cortex", "n/a", "n/a"): 25.0,
    ("frontal_cortex", "cortex", "frontal", "n/a"): 90.0,
    ("parietal_cortex", "cortex", "parietal", "n/a"): 50.0,
    ("temporal_cortex", "cortex", "temporal", "n/a"): 60.0,
    ("occipital_cortex", "cortex", "occipital", "n/a"): 35.0,
    ("insula", "cortex", "n/a", "n/a"): 7.0,
    ("cerebellum_cortex", "cerebellum", "n/a", "n/a"): 55.0,
    ("lateral_ventricle_body", "csf", "n/a", "n/a"): 3.0,
}
for _lobe, _ml in {"frontal": 90.0, "parietal": 60.0, "temporal": 40.0, "occipital": 20.0}.items():
    for _layer, _part in {"periventricular": 0.15, "deep": 0.35, "subcortical": 0.5}.items():
        LATERAL_ML["white_matter", "white_matter", _lobe, _layer] = _ml * _part
MIDLINE_ML = {
    ("midbrain", "brainstem", "n/a", "n/a"): 7.0,
    ("pons", "brainstem", "n/a", "n/a"): 15.0,
    ("medulla", "brainstem", "n/a", "n/a"): 5.0,
}
OVERLAY_ML = {
    "territory_aca": 100.0,
    "territory_mca": 300.0,
    "territory_pca": 100.0,
    "watershed_anterior": 25.0,
    "watershed_posterior": 25.0,
}
MORE_LATERAL_ML = {
    ("alic", "white_matter", "n/a", "deep"): 1.5,
    ("cingulate", "cortex", "n/a", "n/a"): 10.0,
    ("red_nucleus", "brainstem", "n/a", "n/a"): 0.2,
}
MORE_MIDLINE_ML = {
    ("corpus_callosum_genu", "white_matter", "n/a", "deep"): 2.0,
    ("corpus_callosum_body", "white_matter", "n/a", "periventricular"): 2.5,
    ("corpus_callosum_splenium", "white_matter", "n/a", "deep"): 2.0,
    ("vermis", "cerebellum", "n/a", "n/a"): 10.0,
}
CHILD = ScanContext(age_years=6.0, contrasts=("T1w", "T2w", "FLAIR"), lesion_source="given mask", qc="pass")


def load_table(lesion_ml: dict[tuple[str, ...], float], more: bool = False) -> pd.DataFrame:
    """Return a load table; lesion_ml: (structure, side[, lobe, layer]) -> ml, overlays included.

    more: with structures that only the scales ask for.
    """
    rows = []
    for side in ("left", "right"):
        rows += [_row(key, side, ml) for key, ml in LATERAL_ML.items()]
        rows += [_row(key, side, ml) for key, ml in MORE_LATERAL_ML.items() if more]
        rows += [_row((name, "overlay", "n/a", "n/a"), side, ml) for name, ml in OVERLAY_ML.items()]
    rows += [_row(key, "midline", ml) for key, ml in MIDLINE_ML.items()]
    rows += [_row(key, "midline", ml) for key, ml in MORE_MIDLINE_ML.items() if more]
    rows += [_row((name, "outside", "n/a", "n/a"), "midline", float("nan")) for name in OUTSIDE]
    left_over = dict(lesion_ml)
    for row in rows:
        full = (row["structure"], row["side"], row["lobe"], row["layer"])
        short = full[:2]
        key = full if full in left_over else short
        row["lesion_volume_mm3"] = 1000 * left_over.pop(key, 0.0)
        row["percent_region"] = 100 * row["lesion_volume_mm3"] / row["region_volume_mm3"]
    assert not left_over, f"no such rows: {left_over}"
    table = pd.DataFrame(rows)
    total = table.loc[table["tissue"] != "overlay", "lesion_volume_mm3"].sum()
    table["percent_lesion"] = 100 * table["lesion_volume_mm3"] / (total or float("nan"))
    return typed(table, {k: v for k, v in LESIONLOAD_COLUMNS.items() if k not in IDS})


OUTSIDE = ("outside_atlas", "outside_brain")
SIDES = ("left", "right", "midline")


def _row(key: tuple[str, str, str, str], side: str, ml: float) -> dict[str, object]:
    structure, tissue, lobe, layer = key
    return {
        "structure": structure,
        "side": side,
        "tissue": tissue,
        "lobe": lobe,
        "layer": layer,
        "region_volume_mm3": 1000 * ml,
    }


def lesion_table(*pieces: tuple[str, float, float]) -> pd.DataFrame:
    """Return a lesion table of pieces (side, mm from the ventricle, ml)."""
    columns = {name: dtype for name, dtype in LESIONS_COLUMNS.items() if name not in IDS}
    rows = [
        dict.fromkeys(columns, 0.0)
        | {
            "index": index,
            "side": side,
            "distance_ventricle_mm": mm,
            "volume_mm3": 1000 * ml,
            "main_structure": "n/a",
            "source": "given mask",
            "cavity_percent": None,
            "blood_percent": None,
            "probability": None,
        }
        for index, (side, mm, ml) in enumerate(pieces, 1)
    ]
    return typed(rows, columns)


def ratio_table(ratios: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Return a morphometry table of ratios to the template, by (group, side)."""
    rows = [
        {
            "measure": "ratio_to_template",
            "structure": group,
            "side": side,
            "value": value,
            "unit": "ratio",
        }
        for (group, side), value in ratios.items()
    ]
    return typed(rows, {k: v for k, v in MORPHOMETRY_COLUMNS.items() if k not in IDS})


PLAIN = {(group, side): 1.0 for group in ("lateral_ventricle", "white_matter") for side in ("left", "right")}


Lesion = dict[tuple[str, ...], float]


def tables(
    lesion: Lesion | list[Lesion],
    mm: float | list[float] = 1.0,
    ratios: dict[tuple[str, str], float] | None = None,
    more: bool = False,
) -> Tables:
    """Return the tables of lesions, each given as `load_table` wants it.

    One dict is a lesion on each side. mm: from the ventricle, of all or of each. ratios: 1 unless told.
    more: as in `load_table`.
    """
    lesions = lesion if isinstance(lesion, list) else by_side(lesion)
    near_mm = mm if isinstance(mm, list) else [mm] * len(lesions)
    whole: Lesion = {}
    for one in lesions:
        for key, ml in one.items():
            whole[key] = whole.get(key, 0.0) + ml
    pieces = [(_side_of(one), far, _tissue_ml(one)) for one, far in zip(lesions, near_mm, strict=True)]
    return Tables(
        load_table(whole, more),
        lesion_table(*pieces),
        parts_table(lesions, more),
        ratio_table({**PLAIN, **(ratios or {})}),
    )


def by_side(lesion: Lesion) -> list[Lesion]:
    """Return what lies on each side as a lesion of its own; what lies on the midline is one more."""
    sides = {side: {key: ml for key, ml in lesion.items() if key[1] == side} for side in SIDES}
    return [one for one in sides.values() if one]


def parts_table(lesions: list[Lesion], more: bool = False) -> pd.DataFrame:
    """Return what each lesion holds, lesions being numbered from 1."""
    held = []
    for index, one in enumerate(lesions, 1):
        load = load_table(one, more)
        rows = load[load["lesion_volume_mm3"] > 0].rename(columns={"lesion_volume_mm3": "volume_mm3"})
        held.append(rows.assign(index=index))
    columns = {name: dtype for name, dtype in LESIONPARTS_COLUMNS.items() if name not in IDS}
    return typed(pd.concat(held, ignore_index=True)[list(columns)] if held else [], columns)


def _side_of(lesion: Lesion) -> str:
    found = {key[1] for key in lesion}
    return found.pop() if len(found) == 1 else "midline"


def _tissue_ml(lesion: Lesion) -> float:
    return sum(ml for key, ml in lesion.items() if key[0] not in OVERLAY_ML)


def white(side: str, layer: str, lobe: str) -> tuple[str, str, str, str]:
    """Return the key of one row of white matter."""
    return ("white_matter", side, lobe, layer)


def both(keys: dict[str, float]) -> dict[tuple[str, ...], float]:
    """Return {(structure, side): ml} for both sides."""
    return {(name, side): ml for name, ml in keys.items() for side in ("left", "right")}


def mirrored(lesion_ml: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Return the same lesion on the other side."""
    swap = {"left": "right", "right": "left"}
    return {tuple(swap.get(word, word) for word in key): ml for key, ml in lesion_ml.items()}


NO_PIECES = lesion_table(), parts_table([]), ratio_table({})
"""What scales do not ask for: the pieces of the lesion, and the morphometry."""

TRIGONES = {
    white("left", "periventricular", "parietal"): 0.9,
    white("left", "periventricular", "occipital"): 0.6,
    white("right", "periventricular", "parietal"): 0.9,
    white("right", "periventricular", "occipital"): 0.6,
}
BASAL_GANGLIA = both({"thalamus_ventrolateral": 0.5, "putamen_posterior": 0.5})
SEVERE_BASAL_GANGLIA = {
    **both(
        {
            "thalamus_ventrolateral": 1.5,
            "putamen_posterior": 1.2,
            "pallidum": 0.8,
            "hippocampus": 1.0,
            "perirolandic": 4.0,
            "plic": 0.4,
        }
    ),
    ("midbrain", "midline"): 0.6,
}
CAVITY = {
    white("right", "periventricular", "frontal"): 5.0,
    white("right", "periventricular", "parietal"): 3.0,
    white("right", "deep", "frontal"): 2.0,
    white("right", "deep", "parietal"): 2.0,
    ("caudate", "right"): 0.2,
    ("territory_mca", "right"): 7.0,
    ("territory_aca", "right"): 5.0,
}
MCA_WEDGE = {
    ("frontal_cortex", "left"): 14.0,
    ("parietal_cortex", "left"): 8.0,
    ("temporal_cortex", "left"): 8.0,
    ("perirolandic", "left"): 10.0,
    ("insula", "left"): 5.0,
    ("putamen", "left"): 1.5,
    ("putamen_posterior", "left"): 0.8,
    ("external_capsule", "left"): 1.5,
    white("left", "subcortical", "frontal"): 12.0,
    white("left", "subcortical", "parietal"): 8.0,
    white("left", "deep", "frontal"): 9.0,
    white("left", "deep", "parietal"): 6.0,
    white("left", "periventricular", "frontal"): 3.0,
    ("territory_mca", "left"): 82.0,
    ("territory_aca", "left"): 4.0,
}
WATERSHED = {
    **both(
        {"frontal_cortex": 4.0, "parietal_cortex": 4.0, "watershed_anterior": 7.0, "watershed_posterior": 6.0}
    ),
    **{
        white(side, layer, lobe): ml
        for side in ("left", "right")
        for layer, lobe, ml in (
            ("subcortical", "frontal", 3.5),
            ("subcortical", "parietal", 3.5),
            ("deep", "parietal", 1.0),
        )
    },
}
HEMISPHERES = {
    (structure, side, lobe, layer): ml
    for side in ("left", "right")
    for (structure, tissue, lobe, layer), ml in LATERAL_ML.items()
    if tissue in {"white_matter", "deep_grey", "cortex"}
}
