"""What people decided against the software: it wins over calls and quality checks, and is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from cpimaging.scorers.base import R, Trace, as_step, read_criteria
from cpimaging.scorers.mimics import discordant
from cpimaging.scorers.mrics import SCORER as MRICS
from cpimaging.scorers.results import MricsResult, OverrideContent, Pattern
from cpimaging.types import Evidence, Verdict

RULE = "set by a person, before all rules"


@dataclass(frozen=True)
class Override:
    """One person's decision on one scan: the words that win, "" or None where none is given."""

    dominance: str = ""
    mrics: str = ""
    qc: Verdict | None = None
    reason: str = ""


def overridden(
    pattern: Pattern, override: Override | None, qc: str, gestation_weeks: float | None = None
) -> Pattern:
    """Return a pattern in which a person's words have won, and what they replaced.

    pattern: the scorers' results. qc: the verdict of the software's checks. gestation_weeks: at birth, at
    which the person's subgroup may be rare. The key "override" holds dominance, mrics and qc, each {"set",
    "software"} or None, and the reason; it is None without an override. The evidence of the software's own
    call stays, below the override; what else belonged to that call goes with it.
    """
    content = pattern.copy()
    content["override"] = None
    if override is None:
        return content
    told: OverrideContent = {"dominance": None, "mrics": None, "qc": None, "reason": override.reason}
    if override.qc:
        told["qc"] = {"set": override.qc, "software": qc}
    if override.dominance:
        told["dominance"] = {"set": override.dominance, "software": pattern["dominance"]["call"]}
        words = {"call": override.dominance}
        content["dominance"] = _decided(pattern["dominance"], words, override.dominance, override)
    if override.mrics:
        told["mrics"] = {"set": override.mrics, "software": _code(pattern["mrics"])}
        words = {"group": override.mrics[0], "subgroup": _subgroup(override.mrics)}
        details = {**dict.fromkeys(MRICS.details), "secondary": list[str](), "instead": list[str]()}
        trace = Trace(read_criteria(MRICS.criteria))
        details["discordant"] = discordant(_subgroup(override.mrics), gestation_weeks, trace)
        content["mrics"] = _decided(pattern["mrics"], {**words, **details}, override.mrics, override)
    content["override"] = told
    return content


def _decided(result: R, changed: Mapping[str, object], word: str, override: Override) -> R:
    """Return a scorer's result with a person's word: no confidence is claimed for it."""
    step = as_step(Evidence(RULE, word, "n/a", override.reason))
    unsure = {name: None for name in result if name == "confidence" or name.endswith("_confidence")}
    also = {"alternatives": list[str]()} if "alternatives" in result else {}
    evidence = [step, *result["evidence"]]
    return cast(R, {**result, **changed, **unsure, **also, "evidence": evidence, "not_assessed": None})


def _code(mrics: MricsResult) -> str:
    return mrics["group"] if mrics["subgroup"] == "n/a" else mrics["subgroup"]


def _subgroup(word: str) -> str:
    return "n/a" if word in "ABC" else word


def told(pattern: Pattern) -> str | None:
    """Say in one line what a person set and what the software had said; None without an override."""
    override = pattern.get("override")
    if not override:
        return None
    items = {"mrics": override["mrics"], "dominance": override["dominance"], "qc": override["qc"]}
    parts = [f"{name} {item['set']} (software: {item['software']})" for name, item in items.items() if item]
    return f"{', '.join(parts)}: {override['reason']}"
