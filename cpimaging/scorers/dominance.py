"""Dominance: which tissue bears the injury, relative to how much of that tissue there is."""

import math
from collections.abc import Mapping
from pathlib import Path

from cpimaging.columns import Column
from cpimaging.scorers.base import (
    CHILD,
    NOT_SEEN_BY,
    Criteria,
    GroupColumn,
    Scorer,
    Tables,
    Trace,
    Words,
    check_structures,
    not_assessable,
)
from cpimaging.scorers.injury import REQUIRED, Injury, injury_of, no_more_than_in_health, unusable
from cpimaging.scorers.patterns import added
from cpimaging.scorers.results import CALL_KEYS, WHY_NOT, DominanceResult, Number
from cpimaging.scorers.rules import explained
from cpimaging.scorers.words import phrase
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOAD_CLASSES as TISSUES

REQUIRES = frozenset(REQUIRED)
CLASSES = {
    "white_matter": ("periventricular", "deep_white_matter"),
    "deep_grey": ("nuclei", "perirolandic"),
    "cortex": ("cortex",),
    "brainstem": ("brainstem",),
    "cerebellum": ("cerebellum",),
}
"""The classes whose shares are reported, and their compartments."""


def score_dominance(tables: Tables, context: ScanContext, criteria: Criteria) -> DominanceResult:
    """Name the tissue that bears the injury, with the loads that were compared.

    Returns call (a word of the contract), index (−1 deep grey … 1 white matter; None where neither is
    injured), shares (class: percent of its volume), sides (the same: left, right, and in structures of
    the midline), laterality_index, evidence and not_assessed (the reason, or None). Raises ValueError where
    the load table lacks a required structure.
    """
    check_structures(tables, "dominance", REQUIRES)
    trace = Trace(criteria)
    reason = not_assessable(context)
    if reason:
        return _result("not_assessed", None, trace, reason)
    injury = injury_of(tables)
    reason = unusable(injury, trace) or no_more_than_in_health(injury, context, trace)
    if reason:
        return _result("not_assessed", None, trace, reason)
    inside_mm3 = injury.total_mm3 - injury.outside_mm3
    if injury.total_mm3 == 0:
        trace.note(f"no lesion found{NOT_SEEN_BY.get(context.lesion_source or '', '')}", 0.0)
        return _result("none", injury, trace)
    if not trace.at_least("lesion in the brain", inside_mm3, "minimum_volume"):
        return _result("none", injury, trace)
    patterns, _ = explained(tables, injury, criteria)
    loads = added(*(pattern.loads for pattern in patterns))
    return _result(_call(loads, trace), injury, trace, loads=loads)


def unscored_dominance(reason: str) -> DominanceResult:
    """Return what `score_dominance` gives where nothing was scored."""
    return _result("not_assessed", None, Trace({}), reason)


def _call(loads: Mapping[str, float], trace: Trace) -> str:
    for name, load in loads.items():
        trace.note(f"load borne by {name.replace('_', ' ')}, %", load, "of the whole class, piece by piece")
    ranked = sorted(((name, load) for name, load in loads.items() if load > 0), key=lambda item: -item[1])
    if not ranked:
        trace.note("no lesion in white matter, deep grey, cortex, brainstem or cerebellum", 0.0)
        return "indeterminate"
    if len(ranked) == 1:
        return ranked[0][0]
    (first, high), (second, next_high) = ranked[:2]
    rule = f"load of {first} against {second}".replace("_", " ")
    return first if trace.at_least(rule, high / next_high, "class_ratio") else "mixed"


def _result(
    call: str,
    injury: Injury | None,
    trace: Trace,
    not_assessed: str | None = None,
    loads: Mapping[str, float] | None = None,
) -> DominanceResult:
    shares: dict[str, Number] = dict.fromkeys(CLASSES)
    index = laterality = None
    sided: dict[str, dict[str, Number]] = {}
    if injury:
        shares = {name: _number(injury.of(parts).load) for name, parts in CLASSES.items()}
        index = _number(_index(loads or {}))
        laterality = _number(injury.laterality())
        sided = {side: _of_side(injury, side) for side in (*SIDES, "midline")}
    return {
        "call": call,
        "index": index,
        "shares": shares,
        "sides": sided,
        "laterality_index": laterality,
        "evidence": trace.as_json(),
        "not_assessed": not_assessed,
    }


def _index(loads: Mapping[str, float]) -> float:
    """Return (white − deep) / (white + deep) of what these two bear; NaN where neither bears any."""
    white, deep = loads.get("white_matter", 0.0), loads.get("deep_grey", 0.0)
    return (white - deep) / (white + deep) if white + deep > 0 else float("nan")


def _of_side(injury: Injury, side: str) -> dict[str, Number]:
    """Return the share of each class on one side or in its structures of the midline; None without any."""
    return {name: _number(injury.of(parts, [side]).load) for name, parts in CLASSES.items()}


def _number(value: float) -> Number:
    return None if math.isnan(value) else value


CALLS = {
    "white_matter": "Predominant white-matter injury",
    "deep_grey": "Predominant deep grey-matter injury",
    "cortex": "Predominant cortical injury",
    "brainstem": "Predominant brainstem injury",
    "cerebellum": "Predominant cerebellar injury",
    "mixed": "Mixed injury, no tissue predominates",
    "none": "No lesion found",
    "indeterminate": "Indeterminate",
    "not_assessed": "Not assessed",
}
"""Every call, and what it means."""
INDEX = (
    "White matter against deep grey alone, from 1 to -1; a piece of the lesion counts whole for the "
    "injury that explains it, so that -1 may hold a capsule."
)
COMPARED = ("white_matter", "deep_grey", "mixed", "none", "indeterminate", "not_assessed")
"""Calls beside which the index needs no word: it tells white matter from deep grey, nothing else."""


def _facts(result: DominanceResult) -> list[tuple[str, str]]:
    alone = "" if result.get("call") in COMPARED else "; the tissue that is called does not count in it"
    ends = {
        "White matter against deep grey": (
            result.get("index"),
            f"+1 white matter alone, −1 deep grey alone; a lesion counts whole for where it began{alone}",
        ),
        "Laterality index": (result.get("laterality_index"), "of the cerebrum: +1 all left, −1 all right"),
    }
    indices = [
        (name, f"{value:+.2f} ({meaning})".replace("-", "−"))
        for name, (value, meaning) in ends.items()
        if value is not None
    ]
    return [("Tissue that bears most", phrase(result.get("call"))), *indices]


def _share(name: str) -> GroupColumn[DominanceResult]:
    text = f"Lesion as share of the class: {TISSUES[name]}."
    return GroupColumn(
        f"{name}_percent", "float64", text, "percent", cell=lambda result: result["shares"].get(name)
    )


SCORER = Scorer(
    name="dominance",
    title="Dominance",
    ages="any age",
    requires=REQUIRES,
    score=score_dominance,
    unscored=unscored_dominance,
    criteria=Path(__file__).with_suffix(".yaml"),
    example=CHILD,
    keys=(
        Column("call", "str", "The tissue that bears the injury.", levels=CALLS),
        Column("index", "float64", INDEX),
        Column("shares", "object", "Lesion as share of each class of tissue."),
        Column("shares.*", "float64", "The share of one class, null where it is not known.", "percent"),
        Column("sides", "object", "The same by side: left, right, and structures of the midline."),
        Column("sides.*", "object", "The same of one side."),
        Column("sides.*.*", "float64", "The share of one class on one side.", "percent"),
        Column("laterality_index", "float64", "Laterality, from 1 (all left) to -1 (all right)."),
        *CALL_KEYS,
    ),
    columns=(
        GroupColumn(
            "dominance",
            "str",
            "The tissue that bears the injury.",
            levels=CALLS,
            cell=lambda result: result["call"],
        ),
        GroupColumn(
            "dominance_index",
            "float64",
            INDEX,
            "1",
            cell=lambda result: result["index"],
        ),
        *map(_share, TISSUES),
        GroupColumn("not_assessed_reason", "str", WHY_NOT, cell=lambda result: result["not_assessed"]),
    ),
    words=Words(_facts, lambda row: str(row["dominance"]), codes=tuple(CALLS)),
    answers=("call",),
    uncalled=frozenset({"none", "not_assessed", "indeterminate"}),
    undecided="indeterminate",
)
