"""score: tables and flags to patterns, with the evidence."""

from typing import Any

import pandas as pd

from cpimaging.io import read_json, read_table, write_json
from cpimaging.quantify import MARGIN_COLUMNS, Cell
from cpimaging.scorers import SCORERS, Tables, chosen_scorers, read_criteria, score_surely
from cpimaging.stages import Job, lesion_record
from cpimaging.stages.overrides import Override, overridden
from cpimaging.types import LESIONLOAD_COLUMNS, LESIONS_COLUMNS, MORPHOMETRY_COLUMNS, ScanContext

MARGIN_TABLE = dict.fromkeys(Cell._fields, "str") | dict.fromkeys(MARGIN_COLUMNS, "float64")


def run(job: Job, override: Override | None = None) -> None:
    """Write the pattern JSON; override: what a person decided on this scan."""
    flags = read_json(job.files.qc)
    record = lesion_record(job)
    tables = Tables(
        read_table(job.files.lesionload, LESIONLOAD_COLUMNS),
        read_table(job.files.lesions, LESIONS_COLUMNS),
        read_table(job.files.morphometry, MORPHOMETRY_COLUMNS),
    )
    margins = read_table(job.files.load_margins, MARGIN_TABLE)
    context = ScanContext(
        age_years=job.scan.age_years,
        contrasts=tuple(job.images),
        lesion_source=record["MaskSource"],
        qc=override.qc if override and override.qc else flags["verdict"],
        lesion_not_assessed=record["NotAssessed"],
    )
    chosen = chosen_scorers(job.scorers)
    content: dict[str, Any] = {
        name: _call(name, tables, margins, context) if name in chosen else not_chosen(name, not chosen)
        for name in SCORERS
    }
    write_json(job.files.pattern, overridden({**content, "scales": {}}, override, flags["verdict"]))


def _call(name: str, tables: Tables, margins: pd.DataFrame, context: ScanContext) -> dict[str, Any]:
    scorer = SCORERS[name]
    return score_surely(scorer, tables, margins, context, read_criteria(scorer.criteria))


def not_chosen(name: str, none_at_all: bool) -> dict[str, Any]:
    """Return the result of a scorer that was not asked."""
    reason = "no scorer was chosen" if none_at_all else f"the scorer {name} was not chosen"
    return SCORERS[name].unscored(reason)
