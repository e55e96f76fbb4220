"""MRI classification of cerebral palsy (MRICS, Himmelmann 2017): main and secondary pattern."""

import math
from collections.abc import Collection
from pathlib import Path

from cpimaging.columns import Column
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
from cpimaging.scorers.injury import (
    INFRATENTORIAL,
    REQUIRED,
    SUPRATENTORIAL,
    Injury,
    cortical_parts,
    deep_grey_load,
    dominance_index,
    has_loss,
    injury_of,
    too_little,
    unusable,
    white_matter_load,
)
from cpimaging.scorers.mrics_rules import RULES, TERRITORIES, WATERSHEDS, Pattern
from cpimaging.scorers.results import CALL_KEYS, WHY_NOT, MricsResult
from cpimaging.scorers.words import missing
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES

REQUIRES = frozenset(REQUIRED) | {*TERRITORIES, *WATERSHEDS}


def score_mrics(tables: Tables, context: ScanContext, criteria: Criteria) -> MricsResult:
    """Classify a scan by MRICS.

    Returns group, subgroup ("n/a" where not called), severity, territory, side, secondary (subgroups),
    confidence (None: not measured here), alternatives, evidence and not_assessed (the reason, or None).
    Raises ValueError where the load table lacks a required structure.
    Method: Himmelmann et al. 2017, Dev Med Child Neurol 59:57; rules and limits are ours.
    """
    check_structures(tables, "mrics", REQUIRES)
    trace = Trace(criteria)
    reason = not_assessable(context)
    if reason:
        return _result(None, [], trace, reason)
    injury = injury_of(tables)
    lost = has_loss(injury, trace)
    reason = unusable(injury, trace) or too_little(injury, context, trace)
    if reason:
        return _result(None, [], trace, reason)
    inside_mm3 = injury.total_mm3 - injury.outside_mm3
    enough = trace.at_least("lesion in the brain", inside_mm3, "minimum_volume")
    if not enough and not lost:
        return _without_lesion(injury, inside_mm3, context, trace)
    return _classify(injury, trace)


def unscored_mrics(reason: str) -> MricsResult:
    """Return what `score_mrics` gives where nothing was scored."""
    return _result(None, [], Trace({}), reason)


def _without_lesion(injury: Injury, inside_mm3: float, context: ScanContext, trace: Trace) -> MricsResult:
    """Tell a normal scan from one of which that cannot be said."""
    if inside_mm3 > 0:
        return _result(None, [], trace, f"a lesion of {inside_mm3:.0f} mm3 is too small to classify")
    found = f"no lesion found{NOT_SEEN_BY.get(context.lesion_source or '', '')}"
    trace.note(found, 0.0)
    ratio = injury.ventricle_ratio()
    if trace.at_least("rule 1: larger lateral ventricle", ratio, "ventriculomegaly_ratio"):
        trace.note("decided: D, no lesion but large ventricles", ratio, "ours [D]")
        return _result(Pattern("D"), [], trace)
    months = float("nan") if context.age_years is None else 12 * context.age_years
    needs = {
        "quality control passed": context.qc == "pass",
        "T1w": "T1w" in context.contrasts,
        "T2w or FLAIR": bool({"T2w", "FLAIR"} & set(context.contrasts)),
        "a reader's mask (software misses small lesions)": context.lesion_source == "given mask",
        "ventricles measured": not math.isnan(ratio),
        "age of 24 months or more": trace.at_least("age", months, "normal_from_age"),
    }
    for need, met in needs.items():
        trace.note(f"for E: {need}", "yes" if met else "no")
    lacking = ", ".join(need for need, met in needs.items() if not met)
    if lacking:
        return _result(None, [], trace, f"{found}; E is not called without: {lacking}")
    trace.note("decided: E, rule 1", "all of these hold", "ours [D]")
    return _result(Pattern("E"), [], trace)


def _classify(injury: Injury, trace: Trace) -> MricsResult:
    tissue = injury.lesion_mm3((*SUPRATENTORIAL, *INFRATENTORIAL))
    lost = has_loss(injury, trace)
    if tissue == 0 and not lost:
        trace.note("no lesion in brain tissue, mm3", tissue)
        return _result(None, [], trace, "the lesion lies in no assessed structure")
    white, deep = white_matter_load(injury, trace), deep_grey_load(injury, trace)
    index = dominance_index(white, deep)
    trace.note("index: white matter 1, deep grey −1", index, "see dominance")
    trace.note("laterality: left 1, right −1", injury.laterality())
    below = 100 * injury.lesion_mm3(INFRATENTORIAL) / tissue if tissue else 0.0
    if trace.at_least("rule 2, D: lesion below the tentorium", below, "infratentorial_share"):
        trace.note("decided: D, rule 2", below, "ours [D]")
        return _result(Pattern("D"), [], trace)
    found = [pattern for rule in RULES if (pattern := rule(injury, trace))]
    main = _predominant(found, index, trace)
    secondary = [pattern for pattern in found if _stands_beside(pattern, main, injury, trace)]
    for pattern in secondary:
        trace.note("also seen", pattern.subgroup)
    return _result(main, secondary, trace)


def _predominant(found: list[Pattern], index: float, trace: Trace) -> Pattern:
    """Choose the main pattern, and write down why."""
    by_name = {pattern.subgroup: pattern for pattern in found}
    name, why = _first_choice(by_name, index, trace.limit("balanced_index"))
    trace.note(f"decided: {name}, {why}", index, "ours [D]")
    return by_name.get(name, Pattern("D"))


def _first_choice(found: Collection[str], index: float, limit: float) -> tuple[str, str]:
    """Return what is found first, and why; the index decides between B1 and C1."""
    for name in ("C3", "B3", "B2"):
        if name in found:
            return name, "the first rule that holds"
    if "C1" in found and index < -limit:
        return "C1", f"deep grey predominates, index below −{limit:g}"
    if "C2" in found:
        return "C2", "its rule holds, and deep grey does not predominate"
    if {"B1", "C1"} <= set(found) and -limit <= index <= limit:
        return "B1" if index > 0 else "C1", "rule 8: neither predominates, B1 and C1 are both named"
    if "B1" in found and index > limit:
        return "B1", f"white matter predominates, index above {limit:g}"
    if "C1" in found and index <= limit:
        return "C1", f"its rule holds, and the index is not above {limit:g}"
    return "D", "rule 9: no other pattern holds"


def _stands_beside(pattern: Pattern, main: Pattern, injury: Injury, trace: Trace) -> bool:
    """Tell whether a pattern is one of its own, not a part or an edge of the main one."""
    contained = {"C3": {"C2"}, "B2": {"B1"}, "B3": {"B1"}}
    if pattern.slight or pattern.subgroup in {main.subgroup, *contained.get(main.subgroup, set())}:
        return False
    if (pattern.subgroup, main.subgroup) == ("B1", "C2"):
        cortex = injury.of(cortical_parts(injury, trace)).load
        return all(injury.of(["periventricular"], [side]).load > cortex for side in SIDES)
    return True


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
        "confidence": None,
        "alternatives": [],
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
SEVERITIES = {
    name: f"{name}, as the rule grades it (docs/method/pattern.md)" for name in ("mild", "moderate", "severe")
}
SIDED = {"left": "left side", "right": "right side", "both": "both sides"}
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
    return [("Also fits", "; ".join(secondary))] if secondary else []


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
        Column("territory", "str", "Artery of an infarct: aca, mca, pca or several; else null."),
        Column("side", "str", "Side of the pattern, or null.", levels=SIDED),
        Column("secondary", "list", "Subgroups of patterns seen beside the main one."),
        Column("subgroup_confidence", "float64", "Share of the repetitions that keep the subgroup, or null."),
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
            cell=lambda result: result["confidence"],
        ),
        GroupColumn("not_assessed_reason", "str", WHY_NOT, cell=lambda result: result["not_assessed"]),
    ),
    words=Words(_facts, _code, lambda code: "not called" if missing(code) else say(code), CODES),
    answers=("group", "subgroup"),
    details=("severity", "territory", "side"),
)
