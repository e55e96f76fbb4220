"""The words of the pages: what the codes of the tables mean, for readers who do not know them."""

from collections.abc import Mapping
from typing import cast

from cpimaging.bids.ages import FEW_DAYS, TERM_WEEKS
from cpimaging.bids.durations import DAYS
from cpimaging.qc.limits import about as measures
from cpimaging.qc.limits import hint as check
from cpimaging.qc.limits import side as limit_side
from cpimaging.qc.limits import unit as limit_unit
from cpimaging.scorers import AnyScorer
from cpimaging.scorers.dominance import CALLS as DOMINANCE
from cpimaging.scorers.mrics import GROUPS as MRICS_GROUPS
from cpimaging.scorers.mrics import SUBGROUPS as MRICS_SUBGROUPS
from cpimaging.scorers.mrics import say as mrics_words
from cpimaging.scorers.results import CallResult, MricsResult, Pattern, answer
from cpimaging.scorers.words import missing, phrase, points
from cpimaging.words import LOAD_CLASSES as CLASSES
from cpimaging.words import SIDED as SIDES

__all__ = [
    "CLASSES",
    "DOMINANCE",
    "MRICS_GROUPS",
    "MRICS_SUBGROUPS",
    "check",
    "limit_side",
    "limit_unit",
    "measures",
    "missing",
    "mrics_words",
    "phrase",
    "points",
]

DISCLAIMER = (
    "Research use only. Not a medical device; not validated for diagnosis, prognosis, treatment or "
    "questions of causation. Automated measurements may be wrong, above all in infants and in brains with "
    "large lesions. Have the findings reviewed by a paediatric neuroradiologist. Not for decisions about "
    "an individual."
)

TISSUES: Mapping[str, str] = {
    "white_matter": "White matter",
    "deep_grey": "Deep grey matter",
    "cortex": "Cortex",
    "brainstem": "Brainstem",
    "cerebellum": "Cerebellum",
    "csf": "Ventricles",
    "n/a": "Regions outside the vocabulary",
    "outside": "Outside the atlas",
    "overlay": "Overlays",
}

QC: Mapping[str, str] = {
    "pass": "Quality checks passed",
    "warn": "Quality checks: look before use",
    "fail": "Quality checks failed: do not use these numbers",
    "not_applicable": "Quality not checked",
}

FOUND_BY = {"detected": " (detected by software)", "lesion_command": " (from lesion_command)"}
"""What the title adds where no reader drew the lesion."""


EMPTY = "No lesion: the given mask is empty"
UNSEARCHED = "Lesions not assessed"
TOO_SMALL = "A lesion too small to call"

TOLD_WEEKS = 60.0
"""Up to this a postmenstrual age is told (ours)."""
SAME_DAYS = 0.5
"""Ages that differ by less are one, in whole days."""

NO_CALL = ("not_assessed", "indeterminate")
"""What dominance says where it calls nothing."""


def headline(pattern: Pattern, lesion_source: str | None, lesion_voxels: int | None) -> tuple[str, str]:
    """Return the verdict as a title and a line below it, which may be "".

    pattern: the pattern JSON. lesion_voxels: None where there is no mask at all.
    """
    dominance = pattern.get("dominance", {})
    mrics = cast(MricsResult, pattern.get("mrics", {}))
    call = dominance.get("call", "not_assessed")
    unscored = call in NO_CALL and called(pattern)
    if not called(pattern):
        reason = dominance.get("not_assessed") or mrics.get("not_assessed") or "no reason was given"
        unsearched = call == "not_assessed" and lesion_voxels is None
        return UNSEARCHED if unsearched else DOMINANCE[call], sentence(reason)
    if call == "none":
        title = DOMINANCE[call] + FOUND_BY.get(lesion_source or "", "")
        if lesion_source == "given mask" and lesion_voxels is not None:
            title = EMPTY if lesion_voxels == 0 else TOO_SMALL
        line = _mrics_line(mrics)
        return title, f"{line}, as far as assessed" if mrics.get("group") == "E" else line
    by = FOUND_BY.get(lesion_source or "", "")
    if unscored or mrics.get("group") in ("B", "C"):
        return MRICS_GROUPS[mrics["group"]] + by, _mrics_line(mrics)
    return DOMINANCE.get(call, sentence(phrase(call))) + by, _mrics_line(mrics)


def called(pattern: Pattern) -> bool:
    """Tell whether a page's title is a finding: a call, or that no lesion was found."""
    dominance, mrics = pattern.get("dominance", {}), pattern.get("mrics", {})
    call = dominance.get("call", "not_assessed")
    return call not in NO_CALL or not missing(mrics.get("group"))


def code_of(pattern: Pattern) -> str:
    """Return the verdict as a row of overrides spells it: MRICS subgroup and dominance as far as called."""
    dominance, mrics = pattern.get("dominance", {}), cast(MricsResult, pattern.get("mrics", {}))
    code = mrics.get("group") if missing(mrics.get("subgroup")) else mrics["subgroup"]
    words = [code, dominance.get("call")]
    return ", ".join(str(word) for word in words if not missing(word) and word not in NO_CALL)


def _mrics_line(mrics: MricsResult) -> str:
    code = mrics.get("group") if missing(mrics.get("subgroup")) else mrics["subgroup"]
    if missing(code):
        return f"MRICS group not called: {mrics.get('not_assessed') or 'no rule holds'}"
    details = [phrase(mrics["severity"])] if not missing(mrics.get("severity")) else []
    if side := mrics.get("side"):
        details.append(SIDES.get(side, phrase(side)))
    if not missing(mrics.get("territory")):
        details.append(f"territory {phrase(mrics['territory']).removeprefix('territory ').upper()}")
    line = ", ".join([f"MRICS {mrics_words(code)}", *details])
    others = " or ".join(mrics.get("instead") or [])
    return f"{line}; or {others}: a mask alone cannot tell" if others else line


def sentence(text: str) -> str:
    """Return a text with a capital at its start."""
    return text[:1].upper() + text[1:]


def inside(title: str) -> str:
    """Return a title inside a sentence: "Dominance" -> "dominance"; "MRICS group" and "T2w" stay."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]


def age(years: float | None) -> str:
    """Return an age in days below two months, in months below two years, else in years."""
    if years is None or missing(years):
        return "n/a"
    days = round(years * DAYS["years"])
    if days < FEW_DAYS:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{12 * years:.0f} months" if years < 2 else f"{years:.1f} years"


def weeks(count: float) -> str:
    """Return weeks as clinics write them, to the day: "38+4 weeks", "41 weeks"."""
    whole, days = divmod(round(count * DAYS["weeks"]), round(DAYS["weeks"]))
    return f"{whole}+{days} weeks" if days else f"{whole} weeks"


def told_age(years: float | None, pma_weeks: float | None, postnatal_days: float | None) -> str:
    """Return the age of maturation in words, where it counts from term with a word for that.

    postnatal_days: since birth; told beside an age from term.
    """
    told = age(years)
    if years is None or missing(years) or pma_weeks is None:
        return told
    if postnatal_days is not None and abs(postnatal_days - years * DAYS["years"]) < SAME_DAYS:
        return told
    told = "before term" if pma_weeks < TERM_WEEKS else f"{told} corrected"
    return told if postnatal_days is None else f"{told}, {age(postnatal_days / DAYS['years'])} since birth"


def postmenstrual(count: float | None) -> str:
    """Return the postmenstrual age of a newborn or infant, by which template and scales go; "" of others."""
    return "" if count is None or count > TOLD_WEEKS else weeks(count)


def confidence(scorer: AnyScorer, score: CallResult) -> str:
    """Say how often each answer of a call stays, and what the finest one turns into.

    Of one answer: "87 % of repetitions keep it; else cortex (13 %)"; of two: "98 % of repetitions keep
    group B, 84 % subgroup B1; else subgroup B3 (14 %)".
    """
    share, reason = score.get("confidence"), score.get("not_assessed")
    if share is None or missing(share):
        return "n/a (not called, or not measured)"
    if reason:
        return sentence(reason)
    coarse, *finer = scorer.answers
    kept, what = f"{share:.0%} of repetitions keep it", ""
    if finer:
        kept = f"{share:.0%} of repetitions keep {coarse} {phrase(answer(score, coarse))}"
        shares = {name: cast(Mapping[str, float | None], score).get(f"{name}_confidence") for name in finer}
        told = {name: value for name, value in shares.items() if value is not None}
        kept = ", ".join(
            [kept, *(f"{value:.0%} {name} {phrase(answer(score, name))}" for name, value in told.items())]
        )
        what = f"{finer[-1]} "
    others = [
        f"{'no call' if missing(other['call']) else what + phrase(other['call'])} ({other['share']:.0%})"
        for other in score.get("alternatives") or []
        if other["share"]
    ]
    return f"{kept}; else {', '.join(others)}" if others else kept


TAGS = (
    "S: read in the source · S2: read in a source that restates it · K: general knowledge, not verified · "
    "D: a definition of this project."
)
