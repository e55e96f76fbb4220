"""MRI classification of cerebral palsy (MRICS, Himmelmann 2017): main and secondary pattern."""

from collections.abc import Sequence
from pathlib import Path

from cpimaging.columns import Column
from cpimaging.scorers.agreement import expected_agreement
from cpimaging.scorers.attribution import WATERSHEDS
from cpimaging.scorers.base import (
    CHILD,
    NOT_SEEN_BY,
    Criteria,
    GroupColumn,
    Row,
    Scorer,
    Tables,
    Trace,
    Words,
    check_structures,
    not_assessable,
)
from cpimaging.scorers.injury import REQUIRED, Injury, injury_of, no_more_than_in_health, unusable
from cpimaging.scorers.loss import NO_NORMS, against_norms, beyond_norms, measured, unlike_template
from cpimaging.scorers.mimics import RARE, RARE_WORDS, discordant, unusual
from cpimaging.scorers.patterns import TERRITORIES, Pattern
from cpimaging.scorers.pieces import pieces_of
from cpimaging.scorers.results import CALL_KEYS, REPEATED, WHY_NOT, MricsResult
from cpimaging.scorers.rules import explained
from cpimaging.scorers.words import down, missing
from cpimaging.types import ScanContext
from cpimaging.words import ARTERIES, SEVERITIES, SIDED

REQUIRES = frozenset(REQUIRED) | {*TERRITORIES, *WATERSHEDS}


def score_mrics(tables: Tables, context: ScanContext, criteria: Criteria) -> MricsResult:
    """Classify a scan by MRICS.

    Returns group, subgroup ("n/a" where not called), severity, territory, side, secondary (subgroups),
    instead (what the main pattern may be as well), confidence (None: not measured here), alternatives,
    evidence and not_assessed (the reason, or None).
    Raises ValueError where the load table lacks a required structure.
    Method: Himmelmann et al. 2017, Dev Med Child Neurol 59:57; rules and limits are ours.
    """
    check_structures(tables, "mrics", REQUIRES)
    trace = Trace(criteria)
    reason = not_assessable(context)
    if reason:
        return _result(None, [], trace, reason)
    injury = injury_of(tables)
    reason = unusable(injury, trace) or no_more_than_in_health(injury, context, trace)
    if reason:
        return _result(None, [], trace, reason)
    inside_mm3 = injury.total_mm3 - injury.outside_mm3
    if not trace.at_least("lesion in the brain", inside_mm3, "minimum_volume"):
        return _without_lesion(injury, inside_mm3, context, trace)
    pieces = pieces_of(tables)
    if not pieces:
        return _result(None, [], trace, "the lesion lies in no assessed structure")
    trace.note("laterality: left 1, right −1", injury.laterality())
    found, why = explained(tables, injury, criteria)
    trace.steps += why.steps
    result, main = _predominant(found, trace)
    flags = unusual(pieces, main, trace), discordant(main.subgroup, context.gestation_weeks, trace)
    return {**result, "unusual": flags[0], "discordant": flags[1], "evidence": trace.as_json()}


def unscored_mrics(reason: str) -> MricsResult:
    """Return what `score_mrics` gives where nothing was scored."""
    return _result(None, [], Trace({}), reason)


def _without_lesion(injury: Injury, inside_mm3: float, context: ScanContext, trace: Trace) -> MricsResult:
    """Tell a normal scan from one of which that cannot be said."""
    if inside_mm3 > 0:
        return _result(None, [], trace, f"a lesion of {down(inside_mm3)} mm3 is too small to classify")
    found = f"no lesion found{NOT_SEEN_BY.get(context.lesion_source or '', '')}"
    trace.note(found, 0.0)
    if beyond_norms(injury, trace):
        trace.note("decided: D, tissue is lost beyond norms without a lesion", "B1 possible", "ours [D]")
        return _result(Pattern("D", "loss beyond norms", instead=("B1",)), [], trace)
    if unlike_template(injury, trace) and not against_norms(injury).known:
        open_question = f"ventricles or white matter differ from the template, and {NO_NORMS} say by how much"
        return _result(None, [], trace, f"{found}; {open_question} too much")
    months = float("nan") if context.age_years is None else 12 * context.age_years
    needs = {
        "quality control passed": context.qc == "pass",
        "T1w": "T1w" in context.contrasts,
        "T2w or FLAIR": bool({"T2w", "FLAIR"} & set(context.contrasts)),
        "a reader's mask (software misses small lesions)": context.lesion_source == "given mask",
        "ventricles measured": measured(injury, "lateral_ventricle"),
        "white matter measured": measured(injury, "white_matter"),
        "age of 24 months or more": trace.at_least("age", months, "normal_from_age"),
    }
    for need, met in needs.items():
        trace.note(f"for E: {need}", "yes" if met else "no")
    lacking = ", ".join(need for need, met in needs.items() if not met)
    if lacking:
        return _result(None, [], trace, f"{found}; E is not called without: {lacking}")
    trace.note("decided: E", "all of these hold", "ours [D]")
    return _result(Pattern("E", "nothing found"), [], trace)


def _predominant(found: Sequence[Pattern], trace: Trace) -> tuple[MricsResult, Pattern]:
    """Put the pattern first that explains most injury; D only where there is no other. Return it as well."""
    for pattern in found:
        trace.note(
            f"{pattern.subgroup} explains, % of tissue", pattern.extent, "of each class, added up; ours [D]"
        )
    whole = sum(pattern.extent for pattern in found)
    called = [pattern for pattern in found if pattern.subgroup != "D"]
    main = max(called or found or [Pattern("D", "unexplained")], key=lambda pattern: pattern.extent)
    trace.note(f"decided: {main.subgroup}, {_why(main, found)}", main.extent, "ours [D]")
    others = sorted(
        (pattern for pattern in found if pattern.subgroup != main.subgroup),
        key=lambda pattern: -pattern.extent,
    )
    return _result(main, [pattern for pattern in others if _is_named(pattern, whole, trace)], trace), main


def _is_named(pattern: Pattern, whole: float, trace: Trace) -> bool:
    """Tell whether a pattern beside the main one is named: by its share, or by itself if it is not D."""
    rule = f"{pattern.subgroup} beside it"
    return trace.at_least(f"{rule}: of all injury", 100 * pattern.extent / whole, "named_share") or (
        pattern.subgroup != "D" and trace.at_least(f"{rule}: by itself", pattern.extent, "named_extent")
    )


def _why(main: Pattern, found: Sequence[Pattern]) -> str:
    """Say why a pattern stands first."""
    if main.subgroup == "D":
        return "no other pattern explains the lesion"
    if all(pattern.extent <= main.extent for pattern in found):
        return "it explains most injury"
    return "it explains most of what is not D, which stands first only alone"


def _result(
    main: Pattern | None, secondary: list[Pattern], trace: Trace, not_assessed: str | None = None
) -> MricsResult:
    if not_assessed is None:
        trace.note("group A (maldevelopment)", "not assessed", "cannot be seen in lesion tables")
    return {
        "group": main.group if main else "n/a",
        "subgroup": main.subgroup if main else "n/a",
        "severity": main.severity if main else None,
        "territory": main.territory if main else None,
        "side": main.side if main else None,
        "secondary": [pattern.subgroup for pattern in secondary],
        "ground": main.ground if main else None,
        "severity_stability": None,
        "expected_agreement": expected_agreement(main.ground if main else None),
        "unusual": [],
        "discordant": [],
        "instead": list(main.instead) if main else [],
        "confidence": None,
        "alternatives": [{"call": call, "share": None} for call in (main.instead if main else ())],
        "evidence": trace.as_json(),
        "not_assessed": not_assessed,
    }


GROUPS = {
    "A": "Maldevelopment",
    "B": "Predominant white-matter injury",
    "C": "Predominant grey-matter injury",
    "D": "Miscellaneous",
    "E": "Normal",
}
SUBGROUPS = {
    "B1": "periventricular leukomalacia pattern",
    "B2": "pattern of a past intraventricular haemorrhage or periventricular haemorrhagic infarction",
    "B3": "periventricular leukomalacia pattern together with that of a past haemorrhage",
    "C1": "basal ganglia and thalamus pattern",
    "C2": "cortico-subcortical pattern (watershed or multicystic)",
    "C3": "arterial infarction pattern",
    "D": "miscellaneous",
    "E": "normal",
}
CODES = ("B1", "B2", "B3", "B", "C1", "C2", "C3", "C", "D", "E", "A", "n/a")
"""In the order of pages."""


def say(code: object) -> str:
    """Say a group or subgroup in words: "B1" -> "B1: periventricular leukomalacia pattern"."""
    if missing(code):
        return "n/a"
    words = SUBGROUPS.get(str(code)) or GROUPS.get(str(code), "")
    return f"{code}: {words[:1].lower()}{words[1:]}" if words else str(code)


def _facts(result: MricsResult) -> list[tuple[str, str]]:
    secondary = [say(code) for code in result.get("secondary") or []]
    unusual = result.get("unusual") or []
    agreement, ground = result.get("expected_agreement"), result.get("ground")
    expected = (
        []
        if agreement is None
        else [f"{100 * agreement:.0f} in 100, counted on drawn masks like this ({ground}), not on patients"]
    )
    lines = {
        "Expected agreement with a reader": expected,
        "Beside it": secondary,
        "Unusual for cerebral palsy": unusual,
        "Rare at this gestation": result.get("discordant") or [],
    }
    return [(name, "; ".join(words)) for name, words in lines.items() if words]


def _code(row: Row) -> str:
    """Return the subgroup of a scan, else its group."""
    return str(row["mrics_group"] if missing(row["mrics_subgroup"]) else row["mrics_subgroup"])


SCORER = Scorer(
    name="mrics",
    title="MRICS group",
    ages="any age; normal (E) from 24 months",
    requires=REQUIRES,
    score=score_mrics,
    unscored=unscored_mrics,
    criteria=Path(__file__).with_suffix(".yaml"),
    example=CHILD,
    keys=(
        Column("group", "str", "Main group.", levels=GROUPS),
        Column("subgroup", "str", "Subgroup, n/a where only the group is called.", levels=SUBGROUPS),
        Column("severity", "str", "Severity, null where it is not graded.", levels=SEVERITIES),
        Column("territory", "str", "Artery of an infarct, else null.", levels=ARTERIES),
        Column("side", "str", "Side of the pattern, or null.", levels=SIDED),
        Column("secondary", "list", "Subgroups of patterns seen beside the main one."),
        Column("ground", "str", "What the main pattern rests on, or null."),
        Column("severity_stability", "float64", "Share of repetitions that keep the severity, or null."),
        Column("expected_agreement", "float64", "How often a reader is expected to agree, or null."),
        Column("unusual", "list", "What is unusual for cerebral palsy, and what to consider; no diagnosis."),
        Column("discordant", "list", "What is rare after that gestation; no part of the call."),
        Column("instead", "list", "Subgroups that the main pattern may be as well; a mask cannot tell."),
        Column(
            "subgroup_confidence",
            "float64",
            "Share of the repetitions that keep the subgroup, or null.",
            when=REPEATED,
        ),
        *CALL_KEYS,
    ),
    columns=(
        GroupColumn("mrics_group", "str", "Main group.", levels=GROUPS, cell=lambda result: result["group"]),
        GroupColumn(
            "mrics_subgroup",
            "str",
            "Subgroup; n/a where only the group is called.",
            levels=SUBGROUPS,
            cell=lambda result: result["subgroup"],
        ),
        GroupColumn(
            "mrics_secondary",
            "str",
            "Subgroups seen beside the main one, with commas.",
            cell=lambda result: ",".join(result["secondary"]) or None,
        ),
        GroupColumn(
            "confidence",
            "float64",
            "Share of the repetitions that keep the MRICS group.",
            "1",
            cell=lambda result: result["confidence"],
        ),
        GroupColumn(
            "severity_stability",
            "float64",
            "Share of the repetitions that keep the severity, of those that keep the subgroup.",
            "1",
            cell=lambda result: result.get("severity_stability"),
        ),
        GroupColumn(
            "expected_agreement",
            "float64",
            "How often a reader is expected to agree with the subgroup (docs/method/pattern.md).",
            "1",
            cell=lambda result: result.get("expected_agreement"),
        ),
        GroupColumn(
            "mrics_discordant",
            "str",
            "Subgroup that is rare at the scan's gestation; n/a where it is not, or gestation is not known.",
            levels=RARE_WORDS,
            cell=lambda result: RARE[result["subgroup"]] if result.get("discordant") else None,
        ),
        GroupColumn(
            "mrics_instead",
            "str",
            "Subgroups that it may be as well, with commas: a mask alone cannot tell.",
            cell=lambda result: ",".join(result.get("instead") or []) or None,
        ),
        GroupColumn("not_assessed_reason", "str", WHY_NOT, cell=lambda result: result["not_assessed"]),
    ),
    words=Words(_facts, _code, lambda code: "not called" if missing(code) else say(code), CODES),
    answers=("group", "subgroup"),
    details=(
        *("severity", "territory", "side", "ground", "instead", "discordant"),
        *("severity_stability", "expected_agreement"),
    ),
    graded="severity",
    agreement=lambda result: expected_agreement(result["ground"], result["subgroup_confidence"]),
)
