"""score: tables and flags to patterns, with the evidence."""

from dataclasses import replace

from cpimaging.assessed import RULES
from cpimaging.columns import CELL, MARGINS, dtypes
from cpimaging.io import read_columns, read_record, write_json
from cpimaging.scorers import AnyScorer, Tables, pattern_content, read_criteria, score_surely
from cpimaging.scorers.overrides import Override, overridden
from cpimaging.scorers.results import Result
from cpimaging.scorers.trust import out_of_group
from cpimaging.study.gate import gate_of
from cpimaging.study.job import Job, lesion_record
from cpimaging.study.record import recorded
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    LESIONPARTS_COLUMNS,
    LESIONS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Quality,
    ScanContext,
)

MARGIN_TABLE = dtypes((*CELL, *MARGINS))


@recorded
def run(job: Job, override: Override | None = None) -> None:
    """Write the pattern JSON; override: what a person decided on this scan."""
    quality: Quality = read_record(job.files.qc)
    record = lesion_record(job)
    tables = Tables(
        read_columns(job.files.lesionload, LESIONLOAD_COLUMNS),
        read_columns(job.files.lesions, LESIONS_COLUMNS),
        read_columns(job.files.lesion_parts, LESIONPARTS_COLUMNS),
        read_columns(job.files.morphometry, MORPHOMETRY_COLUMNS),
    )
    margins = read_columns(job.files.load_margins, MARGIN_TABLE)
    gate, scan = gate_of(job), job.scan
    context = ScanContext(
        age_years=scan.age_years,
        contrasts=tuple(job.images),
        lesion_source=record["MaskSource"],
        qc=override.qc if override and override.qc else quality["verdict"],
        lesion_not_assessed=record["NotAssessed"],
        postnatal_days=scan.postnatal_days,
        gestation_weeks=scan.gestation_weeks,
        pma_weeks=scan.pma_weeks,
    )
    context = gated(context, gate.refusal("lesion"))

    def score(scorer: AnyScorer) -> Result:
        known = scorer.name in RULES and context.lesion_source is not None
        asked = gated(context, gate.refusal(scorer.name)) if known else context
        result: Result = score_surely(scorer, tables, margins, asked, read_criteria(scorer.criteria))
        return result

    content = pattern_content(job.scorers, score)
    content["out_of_group"] = out_of_group(tables, context)
    write_json(job.files.pattern, overridden(content, override, quality["verdict"], scan.gestation_weeks))


def gated(context: ScanContext, why_not: str | None) -> ScanContext:
    """Return the context of a rule; where it is not assessed, that of a scan whose lesion was not."""
    if why_not is None:
        return context
    return replace(context, lesion_source=None, lesion_not_assessed=why_not)
