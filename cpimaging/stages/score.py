"""score: tables and flags to patterns, with the evidence."""

from typing import Any

from cpimaging.io import read_json, read_table, write_json
from cpimaging.scorers import SCORERS, Tables, chosen_scorers, read_criteria
from cpimaging.stages import Job, lesion_record
from cpimaging.stages.index import read_index_row
from cpimaging.types import LESIONLOAD_COLUMNS, LESIONS_COLUMNS, MORPHOMETRY_COLUMNS, ScanContext


def run(job: Job) -> None:
    """Write the pattern JSON."""
    row = read_index_row(job)
    flags = read_json(job.files.qc)
    record = lesion_record(job)
    tables = Tables(
        read_table(job.files.lesionload, LESIONLOAD_COLUMNS),
        read_table(job.files.lesions, LESIONS_COLUMNS),
        read_table(job.files.morphometry, MORPHOMETRY_COLUMNS),
    )
    context = ScanContext(
        age_years=row["age_years"],
        contrasts=row["contrasts"],
        lesion_source=record["MaskSource"],
        qc=flags["verdict"],
        lesion_not_assessed=record["NotAssessed"],
    )
    chosen = chosen_scorers(job.scorers)
    content: dict[str, Any] = {
        name: _call(name, tables, context) if name in chosen else _not_chosen(name, not chosen)
        for name in SCORERS
    }
    write_json(job.files.pattern, {**content, "scales": {}})


def _call(name: str, tables: Tables, context: ScanContext) -> dict[str, Any]:
    scorer = SCORERS[name]
    return scorer.score(tables, context, read_criteria(scorer.criteria))


def _not_chosen(name: str, none_at_all: bool) -> dict[str, Any]:
    reason = "no scorer was chosen" if none_at_all else f"the scorer {name} was not chosen"
    return SCORERS[name].unscored(reason)
