"""agree: what readers said beside what the software says; tables, sidecar and one page."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging.agreement import tables
from cpimaging.agreement.readings import IDS, QUESTIONS, Readings, assembled, read_readings
from cpimaging.columns import described, dtypes, readers
from cpimaging.io import read_table, typed, write_json, write_table, write_text
from cpimaging.provenance import sidecar
from cpimaging.report.readers import AgreementReport, render_agreement
from cpimaging.stages.reading_list import reading_list
from cpimaging.study.outcome import check_current
from cpimaging.study.record import recorded
from cpimaging.versions import software_versions

PATTERNS = "group_patterns.tsv"
CERTAINTIES = ("expected_agreement", "confidence")
"""Columns of the group table that state how sure a call is; the first that says anything is judged."""
TEXT = ("override", "mrics_group", "mrics_subgroup", "mrics_severity")
NUMBERS = ("fiori_low", "fiori_high", *CERTAINTIES)


@recorded
def run(output: Path, readings: Sequence[Path], seed: int = 0) -> None:
    """Write the tables of agreement, their sidecar and agreement.html."""
    patterns = _patterns(output / PATTERNS)
    check_current(output, output / PATTERNS, patterns)
    cases = reading_list(output)
    rows = [read_readings(path.name, read_table(path), cases) for path in readings]
    sides = assembled(pd.concat(rows, ignore_index=True), patterns)
    certain, certainty = _certainty(patterns)
    page = _page(sides, certain, certainty, seed)
    for desc, found, declared in (
        ("agreement", page.agreement, readers.AGREEMENT),
        ("agreementwords", page.words, readers.AGREEMENT_WORDS),
        ("agreementcoverage", page.coverage, readers.AGREEMENT_COVERAGE),
        ("agreementcalibration", page.calibration, readers.AGREEMENT_CALIBRATION),
    ):
        name = f"group_desc-{desc}_stats"
        if declared is not readers.AGREEMENT:  # its sidecar, below, says more
            write_json(output / f"{name}.json", described(declared))
        write_table(output / f"{name}.tsv", typed(list(found), dtypes(declared)))
    error = page.calibration_error
    told = {
        "Seed": seed,
        "Readers": list(sides.readers),
        "Scans": page.scans,
        "Overridden": len(sides.overridden),
        "Certainty": certain,
        "CalibrationError": None if math.isnan(error) else error,
    }
    write_json(
        output / "group_desc-agreement_stats.json",
        sidecar("agree", [PATTERNS], **told, **described(readers.AGREEMENT)),
    )
    write_text(output / "agreement.html", render_agreement(page))


def _page(sides: Readings, name: str, certainty: pd.Series, seed: int) -> AgreementReport:
    calibration = tables.calibration_rows(sides, certainty)
    return AgreementReport(
        readers=sides.readers,
        scans=len(sides.points),
        overridden=len(sides.overridden),
        agreement=tables.agreement_rows(sides, seed),
        words=tables.word_rows(sides),
        confusion={name: tables.confusion(sides, name) for name in ("mrics_group", "mrics_subgroup")},
        coverage=tables.coverage_rows(sides, certainty),
        calibration=calibration,
        calibration_error=tables.calibration_error(calibration),
        points=tables.paired_points(sides),
        certainty=name,
        provenance={"Software": software_versions(), "Seed": str(seed)},
    )


def _patterns(path: Path) -> pd.DataFrame:
    """Return the rows of the group table with all that readers are compared with; n/a where it has not."""
    table = read_table(path)
    for name in (*TEXT, *NUMBERS):
        if name not in table:
            table[name] = "n/a"
    chosen = {**dict.fromkeys((*IDS, *TEXT), "str"), **dict.fromkeys(NUMBERS, "float64")}
    found = typed(table[list(chosen)], chosen)
    return found.rename(columns={"mrics_severity": "severity"})[[*IDS, "override", *QUESTIONS, *NUMBERS]]


def _certainty(patterns: pd.DataFrame) -> tuple[str, pd.Series]:
    indexed = patterns.set_index(list(IDS))
    name = next((name for name in CERTAINTIES if indexed[name].notna().any()), CERTAINTIES[-1])
    return name, indexed[name].astype(np.float64)
