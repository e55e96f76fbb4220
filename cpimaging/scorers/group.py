"""What the scorers add to the outputs of a study: columns of the group table, keys of the pattern JSON."""

from dataclasses import replace

from cpimaging.columns import DETAILS, GROUP, PARTICIPANT, SESSION, TRACTS, Z_SCORES, Column, dtypes
from cpimaging.outputs import GROUP_TABLE, OUTPUTS, PATTERN, PATTERNS, Output
from cpimaging.scorers import SCORERS, Pattern, results
from cpimaging.scorers.results import OVERRIDE_KEYS, Value
from cpimaging.scorers.trust import OUT_OF_GROUP

ORDER = (
    *("participant_id", "session_id", "dominance", "dominance_index"),
    *("mrics_group", "mrics_subgroup", "mrics_secondary", "confidence", "lesion_volume_mm3"),
    *("white_matter_percent", "deep_grey_percent", "cortex_percent", "brainstem_percent"),
    *("cerebellum_percent", "qc", "not_assessed_reason", "mask_source", "template_volume_ratio"),
    *("age_years", "sex", "override", "fiori_low", "fiori_high", "barkovich_low", "barkovich_high"),
    *("nichd_low", "nichd_high", "in_group", "out_of_group_reason"),
    *(column.name for column in Z_SCORES),
    "template",
    *(column.name for column in (*DETAILS, *TRACTS)),
    *("severity_stability", "expected_agreement"),
)
"""Columns of the group table that scripts of others may find by their place: those of the last release.

New ones follow by themselves, and are put here when they are released.
"""


def group_columns() -> list[Column]:
    """Return the columns of group_patterns.tsv, in order."""
    known = {column.name: column for column in GROUP}
    for scorer in SCORERS.values():
        known |= {column.name: column for column in scorer.columns}
    first = [known.pop(name) for name in ORDER if name in known]
    return [*first, *known.values()]


def group_dtypes() -> dict[str, str]:
    """Return the columns of group_patterns.tsv with their dtypes."""
    return dtypes(group_columns())


def scorer_cells(pattern: Pattern) -> dict[str, Value]:
    """Return the cells of one scan that scorers fill, None where a scorer did not run.

    Where several scorers fill one column, the last that has something to say counts.
    """
    cells: dict[str, Value] = {column.name: None for scorer in SCORERS.values() for column in scorer.columns}
    found = {**results(pattern, scales=False), **results(pattern, scales=True)}
    for scorer, result in found.values():
        filled = {column.name: column.cell(result) for column in scorer.columns}
        cells |= {name: value for name, value in filled.items() if value is not None}
    return cells


def outputs() -> tuple[Output, ...]:
    """Return all files that are written, with what scorers add to them."""
    columns = {GROUP_TABLE: tuple(group_columns())}
    pattern = tuple(pattern_keys())
    keys = {PATTERN: pattern, PATTERNS: (PARTICIPANT, SESSION, *pattern)}
    return tuple(
        replace(
            output,
            columns=columns.get(output.name, output.columns),
            keys=keys.get(output.name, output.keys),
        )
        for output in OUTPUTS
    )


def pattern_keys() -> list[Column]:
    """Return the keys of a pattern JSON, those of every scorer below its name."""
    scales = Column("scales", "object", "The scales that were chosen, by name.")
    keys = [scales, *OVERRIDE_KEYS, OUT_OF_GROUP]
    for name, scorer in SCORERS.items():
        place = f"scales.{name}" if scorer.scale else name
        keys.append(Column(place, "object", f"{scorer.title}.", when="where it was chosen"))
        keys += [replace(key, name=f"{place}.{key.name}") for key in scorer.keys]
    return keys
