"""A small made-up scan and cohort for the tests of figures and pages: a brain with its lesion on the left."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from cpimaging.io import typed
from cpimaging.report.cohort import CHECK_COLUMNS, CohortReport
from cpimaging.report.scan import ScanReport
from cpimaging.scorers.group import group_dtypes
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    LESIONS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Image,
    LabelMap,
    Region,
)

SHAPE = (24, 30, 20)
SPACING_MM = (6.0, 5.0, 7.0)
REGIONS = (
    Region(1, "WM left", "white_matter", "left", "white_matter", "frontal"),
    Region(2, "WM right", "white_matter", "right", "white_matter", "frontal"),
    Region(3, "Thalamus left", "thalamus", "left", "deep_grey"),
    Region(4, "Thalamus right", "thalamus", "right", "deep_grey"),
    Region(5, "Pons", "pons", "midline", "brainstem"),
)
SUMMARY = ("participant_id", "session_id", "stage", "status", "message", "log")


def grid() -> tuple[np.ndarray, np.ndarray]:
    """World position of every voxel (3, x, y, z) and the affine; x = 0 is the middle."""
    affine = np.diag([*SPACING_MM, 1.0])
    affine[:3, 3] = [-s * (n - 1) / 2 for s, n in zip(SPACING_MM, SHAPE, strict=True)]
    points = np.einsum("ab,bxyz->axyz", affine[:3, :3], np.indices(SHAPE)) + affine[:3, 3, None, None, None]
    return points, affine


def ball(centre: tuple[float, float, float], radius: tuple[float, float, float]) -> np.ndarray:
    """True inside an ellipsoid, in mm."""
    points, _ = grid()
    scaled = (points - np.reshape(centre, (3, 1, 1, 1))) / np.reshape(radius, (3, 1, 1, 1))
    return (scaled**2).sum(axis=0) < 1


def scan_image(level: float = 100.0) -> Image:
    """A brain that is brighter in front and on the right, 0 outside."""
    points, affine = grid()
    data = np.where(ball((0, 0, 0), (60, 65, 55)), level + 0.2 * points[1] + 0.1 * points[0], 0)
    return Image(data.astype(np.float32), affine)


def lesion() -> Image:
    """A lesion on the left, in front and above: (-30, 20, 10) mm; and a speck on the right."""
    mask = ball((-30, 20, 10), (14, 14, 14)) | ball((27, -30, 0), (5, 5, 5))
    return Image(mask.astype(np.uint8), grid()[1])


def labels() -> LabelMap:
    """White matter and thalamus of either side, and the pons."""
    points, affine = grid()
    left = points[0] < 0
    data = np.where(ball((0, 0, 0), (60, 65, 55)), np.where(left, 1, 2), 0)
    data[ball((-12, -10, 0), (10, 14, 10))] = 3
    data[ball((12, -10, 0), (10, 14, 10))] = 4
    data[ball((0, -20, -45), (9, 12, 15))] = 5
    return LabelMap(Image(data.astype(np.int32), affine), REGIONS)


def load(participant: str = "sub-01") -> pd.DataFrame:
    """Lesion load: 2 ml in left frontal white matter, 0.5 of 5 ml in the left thalamus, 0.1 ml outside."""
    rows = [
        _load(participant, "white_matter", side, "white_matter", layer, 40_000.0, volume)
        for side, layer, volume in (
            ("left", "periventricular", 1500.0),
            ("left", "deep", 500.0),
            ("left", "subcortical", 0.0),
            ("right", "periventricular", 0.0),
            ("right", "deep", 0.0),
        )
    ]
    rows += [
        _load(participant, "thalamus", "left", "deep_grey", "n/a", 5000.0, 500.0),
        _load(participant, "thalamus", "right", "deep_grey", "n/a", 5000.0, 0.0),
        _load(participant, "pons", "midline", "brainstem", "n/a", 10_000.0, 250.0),
        _load(participant, "caudate", "left", "deep_grey", "n/a", 4000.0, 0.0),
        _load(participant, "outside_brain", "midline", "outside", "n/a", np.nan, 100.0),
        _load(participant, "corticospinal_tract", "left", "overlay", "n/a", 1000.0, 333.0),
    ]
    return typed(rows, LESIONLOAD_COLUMNS)


def _load(
    participant: str, structure: str, side: str, tissue: str, layer: str, region: float, volume: float
) -> dict[str, Any]:
    return {
        "participant_id": participant,
        "session_id": "n/a",
        "structure": structure,
        "side": side,
        "tissue": tissue,
        "lobe": "frontal" if tissue == "white_matter" else "n/a",
        "layer": layer,
        "region_volume_mm3": region,
        "lesion_volume_mm3": volume,
        "percent_region": 100 * volume / region,
        "percent_lesion": 100 * volume / 2850,
    }


def lesions() -> pd.DataFrame:
    ids = {"participant_id": "sub-01", "session_id": "n/a", "source": "given mask"}
    centre = {"centroid_x_mm": -30.2, "centroid_y_mm": 20.0, "centroid_z_mm": 10.0}
    row = {"index": 1, "volume_mm3": 2750.0, "side": "left", "main_structure": "white_matter"}
    return typed(
        [
            {
                **ids,
                **centre,
                **row,
                "distance_ventricle_mm": 4.25,
                "cavity_percent": 0.0,
                "blood_percent": None,
                "probability": None,
            }
        ],
        LESIONS_COLUMNS,
    )


def morphometry() -> pd.DataFrame:
    rows = [
        ("volume", "thalamus", "left", 5200.0, "mm3"),
        ("volume", "thalamus", "right", 5900.0, "mm3"),
        ("ratio_to_template", "lateral_ventricle", "left", 1.84, "ratio"),
        ("ratio_to_template", "corpus_callosum", "midline", 0.62, "ratio"),
    ]
    names = ("measure", "structure", "side", "value", "unit")
    ids = {"participant_id": "sub-01", "session_id": "n/a"}
    return typed([{**ids, **dict(zip(names, row, strict=True))} for row in rows], MORPHOMETRY_COLUMNS)


def pattern() -> dict[str, Any]:
    step = {"rule": "load of white matter", "value": 5.2, "limit": "≥ 1 %", "source": "ours [D]"}
    return {
        "dominance": {
            "call": "white_matter",
            "index": 0.83,
            "shares": {"white_matter": 2.5, "deep_grey": 0.4, "cortex": None},
            "evidence": [step],
            "not_assessed": None,
        },
        "mrics": {
            "group": "B",
            "subgroup": "B1",
            "severity": "mild",
            "side": "both",
            "territory": None,
            "secondary": ["C1"],
            "confidence": None,
            "evidence": [{**step, "rule": "rule 7, B1", "source": "Himmelmann 2017 [S]"}],
            "not_assessed": None,
        },
    }


def scan_report(**changes: Any) -> ScanReport:
    """The page's content, with what a test wants otherwise."""
    atlas = labels()
    content = ScanReport(
        label="sub-01",
        participant_id="sub-01",
        age_years=1.5,
        sex="F",
        contrasts=("T1w", "FLAIR"),
        reference="T1w",
        lesion_source="given mask",
        notes=("run-2 was taken",),
        images={"T1w": scan_image(), "FLAIR": scan_image(50.0)},
        lesion=lesion(),
        atlas=atlas,
        template=scan_image(1.0),
        template_lesion=lesion(),
        template_in_scan=scan_image(1.0),
        load=load(),
        lesions=lesions(),
        morphometry=morphometry(),
        pattern=pattern(),
        qc={
            "verdict": "warn",
            "flags": [{"name": "similarity", "value": 0.4, "limit": 0.5, "ok": False}],
        },
        methods=("Registered with greedy.",),
        citations=("Himmelmann 2017.",),
        licences=("Apache-2.0.",),
        provenance={"Software": {"cpimaging": "0.1.0"}, "Inputs": ["sub-01_T1w.nii.gz"], "Digest": "abc123"},
    )
    return replace(content, **changes)


def no_lesion() -> ScanReport:
    """The page of a scan whose given mask is empty."""
    empty = lesion().with_data(np.zeros(SHAPE, np.uint8))
    none = pattern()
    none["dominance"] |= {"call": "none", "index": None, "shares": {}}
    none["mrics"] |= {"group": "E", "subgroup": "E", "severity": None, "side": None, "secondary": []}
    zero = load().assign(lesion_volume_mm3=0.0, percent_region=0.0, percent_lesion=np.nan)
    return scan_report(
        lesion=empty, template_lesion=empty, load=zero, lesions=typed([], LESIONS_COLUMNS), pattern=none
    )


def not_assessed() -> ScanReport:
    """The page of a scan without mask, atlas, template and tables."""
    reason = "no mask and no detector"
    return scan_report(
        age_years=None,
        lesion=None,
        lesion_source=None,
        atlas=None,
        template=None,
        template_lesion=None,
        template_in_scan=None,
        load=typed([], LESIONLOAD_COLUMNS),
        lesions=typed([], LESIONS_COLUMNS),
        morphometry=typed([], MORPHOMETRY_COLUMNS),
        pattern={
            "dominance": {"call": "not_assessed", "not_assessed": reason},
            "mrics": {"not_assessed": reason},
        },
        qc={"verdict": "not_applicable"},
    )


def patterns(n: int = 3) -> pd.DataFrame:
    """Patterns of n scans: white matter, deep grey, not assessed, and so on in turn."""
    kinds = (
        {
            "dominance": "white_matter",
            "mrics_group": "B",
            "mrics_subgroup": "B1",
            "lesion_volume_mm3": 8227.0,
        },
        {"dominance": "deep_grey", "mrics_group": "C", "mrics_subgroup": "C1", "lesion_volume_mm3": 900.0},
        {"dominance": "not_assessed", "not_assessed_reason": "no mask and no detector"},
    )
    loads = {"white_matter_percent": 2.0, "deep_grey_percent": 1.0}
    rows = [
        {
            **dict.fromkeys(group_dtypes()),
            **kinds[i % 3],
            **(loads if i % 3 < 2 else {}),
            "participant_id": f"sub-{i + 1:02d}",
            "in_group": "false" if i % 3 == 2 else "true",
            "out_of_group_reason": "no mask and no detector" if i % 3 == 2 else None,
            "qc": ("pass", "warn")[i % 2],
            "age_years": 2.0 + i,
        }
        for i in range(n)
    ]
    return typed(rows, group_dtypes())


def cohort_report(**changes: Any) -> CohortReport:
    """The cohort page's content, with what a test wants otherwise."""
    failed = ("sub-09", "n/a", "preprocess", "failed", "needs a brain mask", "logs/preprocess/sub-09.log")
    done = ("sub-01", "n/a", "report", "done", "all is well", "logs/report/sub-01.log")
    waiting = ("sub-10", "n/a", "preprocess", "not run", "n/a", "logs/preprocess/sub-10.log")
    mask = lesion()
    content = CohortReport(
        title="Toy cohort",
        patterns=patterns(),
        summary=pd.DataFrame([failed, waiting, done], columns=list(SUMMARY)),
        load=pd.concat([load("sub-01"), load("sub-02")], ignore_index=True).assign(in_group="true"),
        frequency=mask.with_data(mask.data * np.float32(0.5)),
        frequency_scans=2,
        template=scan_image(1.0),
        links={("sub-01", "n/a"): "sub-01.html"},
        provenance={"Software": {"cpimaging": "0.1.0"}},
    )
    return replace(content, **changes)


def checks(*rows: tuple[str, str, float, bool, str]) -> pd.DataFrame:
    """Quality checks for the page: participant, check, value, whether it holds, severity."""
    names = ("participant_id", "check", "value", "ok", "severity")
    return typed([{**dict(zip(names, row, strict=True)), "session_id": "n/a"} for row in rows], CHECK_COLUMNS)
