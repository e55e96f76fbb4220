"""One age out of all that the tables of a dataset say of it, or none, with the reason."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from cpimaging.bids.ages import FROM_TERM_WEEKS, TERM_WEEKS, Age
from cpimaging.bids.durations import DAYS, GESTATION_WEEKS

CORRECTED_TO_YEARS = 3.0
"""Ages of children born preterm are corrected up to this age (AAP 2004. Pediatrics 114:1362) [S]."""
_WHOLE_WEEK = 1.0  # completed weeks are up to a week short
_MOST_BEFORE_TERM_YEARS = (TERM_WEEKS - GESTATION_WEEKS[0]) * DAYS["weeks"] / DAYS["years"]
_MOST_BEYOND_TERM_YEARS = (GESTATION_WEEKS[1] - TERM_WEEKS) * DAYS["weeks"] / DAYS["years"]
_SAME_YEARS = 1e-6
_WEEK_YEARS = DAYS["weeks"] / DAYS["years"] + _SAME_YEARS
_CURE = "correct it, or write n/a where it is not known"


class Finding(NamedTuple):
    """An age and where it stands; unsure: why it may be that of another scan, "" where it is not."""

    where: str
    age: Age
    unsure: str = ""

    @property
    def told(self) -> str:
        """Where the age stands and how it was read."""
        return f"{self.where} ({self.age.note})" + (f": not used, {self.unsure}" if self.unsure else "")


class Verdict(NamedTuple):
    """What is known of an age, its source, and what goes to the scan's decisions and problems.

    years: how mature the brain is: corrected age of a child born preterm, else age since birth; None where
    neither is certain. pma_weeks: since the last menstruation. postnatal_days: since birth.
    gestation_weeks: at birth, where it is given or both others are told to the week.
    """

    years: float | None
    source: str
    decisions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    pma_weeks: float | None = None
    postnatal_days: float | None = None
    gestation_weeks: float | None = None


def reconcile(
    findings: Sequence[Finding], notes: Sequence[str], gestation_weeks: float | None = None
) -> Verdict:
    """Return the finest of the ages that agree; the first findings count more among equally fine ones.

    Refused, as a problem of the scan, where two contradict each other beyond what their last digits allow,
    or one says what cannot be. A corrected age goes before one from birth. notes: what else is to be told.
    gestation_weeks: at birth; with it either age gives the other.
    """
    sure = [finding for finding in findings if not finding.unsure]
    refused = [finding.told for finding in sure if finding.age.refused]
    if refused:
        return _refused(refused, findings, notes)
    certain = [finding for finding in sure if finding.age.years is not None]
    against = [f"{one.told} and {two.told} contradict each other" for one, two in _contradictions(certain)]
    if against:
        return _refused(against, [f for f in findings if f not in certain], notes)
    if not certain:
        told = "; ".join([*(finding.told for finding in findings), *notes])
        return Verdict(None, told or "n/a", (f"age at scan n/a: {told}",) if told else ())
    chosen = _finest([finding for finding in certain if finding.age.corrected]) or _finest(certain)
    assert chosen is not None
    if chosen.age.years == 0 and chosen.age.step_years >= 1:
        return _refused([f"{chosen.told}: under a year, give it in days or months"], [], notes)
    born = _finest([finding for finding in certain if not finding.age.corrected])
    if (
        gestation_weeks is not None
        and chosen.age.corrected
        and born
        and (problem := _unfit(chosen, born, gestation_weeks))
    ):
        return _refused([problem], [], notes)
    rest = [finding.told for finding in findings if finding is not chosen]
    return _known(chosen, born, gestation_weeks, [*rest, *notes])


def _finest(findings: Sequence[Finding]) -> Finding | None:
    return min(findings, key=lambda finding: finding.age.step_years, default=None)


def _unfit(term: Finding, born: Finding, gestation_weeks: float) -> str:
    """Return how far gestation, age since birth and age from term are from adding up, "" where they do."""
    expected = gestation_weeks + born.age.days / DAYS["weeks"]
    gap = abs(TERM_WEEKS + term.age.days / DAYS["weeks"] - expected)
    if gap < _WHOLE_WEEK + born.age.step_years * DAYS["years"] / DAYS["weeks"] + _SAME_YEARS:
        return ""
    return (
        f"{term.told} and {born.told} contradict each other: born at {gestation_weeks:.4g} weeks of "
        f"gestation, the latter is {expected:.4g} weeks postmenstrual age"
    )


def _known(
    chosen: Finding, born: Finding | None, gestation_weeks: float | None, rest: Sequence[str]
) -> Verdict:
    """Return the ages that follow from those found and from gestation at birth."""
    pma = TERM_WEEKS + chosen.age.days / DAYS["weeks"] if chosen.age.corrected else None
    postnatal, years, told = (born.age.days if born else None), chosen.age.years, chosen.told
    if gestation_weeks is not None and pma is None and postnatal is not None:
        pma = gestation_weeks + postnatal / DAYS["weeks"]
        if gestation_weeks < FROM_TERM_WEEKS and postnatal < CORRECTED_TO_YEARS * DAYS["years"]:
            days = max(pma - TERM_WEEKS, 0.0) * DAYS["weeks"]
            years = days / DAYS["years"]
            told += f", born at {gestation_weeks:.4g} weeks: {days:.0f} days corrected age"
    elif gestation_weeks is not None and pma is not None and postnatal is None:
        postnatal = (pma - gestation_weeks) * DAYS["weeks"]
    elif gestation_weeks is None and pma is not None and born:
        fine = max(chosen.age.step_years, born.age.step_years) <= _WEEK_YEARS
        weeks = pma - born.age.days / DAYS["weeks"]
        gestation_weeks = weeks if fine and GESTATION_WEEKS[0] <= weeks < GESTATION_WEEKS[1] else None
    decisions = (f"age at scan: {chosen.told}",) if chosen.age.assumed else ()
    return Verdict(years, "; ".join([told, *rest]), decisions, (), pma, postnatal, gestation_weeks)


def _refused(refused: Sequence[str], findings: Sequence[Finding], notes: Sequence[str]) -> Verdict:
    others = [finding.told for finding in findings if finding.told not in refused]
    problems = tuple(f"{told}; {_CURE}" for told in refused)
    return Verdict(None, "; ".join([*refused, *others, *notes]), problems=problems)


def _contradictions(findings: Sequence[Finding]) -> list[tuple[Finding, Finding]]:
    return [(one, two) for one, two in combinations(findings, 2) if _contradict(one.age, two.age)]


def _contradict(one: Age, two: Age) -> bool:
    """Tell whether two ages cannot both be: "5" covers 5.4, and a corrected age is up to 19 weeks younger.

    Counted from 40 weeks after the last menstruation it may be up to 5 weeks older, after a late birth.
    "1" in years does not cover 6 months: the two may be parts of 1 year and 6 months.
    """
    if one.years is None or two.years is None:
        return False
    if one.corrected and not two.corrected:
        one, two = two, one
    step, gap = max(one.step_years, two.step_years), (one.days - two.days) / DAYS["years"]
    if one.corrected == two.corrected and (_may_be_parts(one, two) or _may_be_parts(two, one)):
        return True
    other = two.corrected and not one.corrected
    younger = _MOST_BEFORE_TERM_YEARS if other else 0.0
    older = _MOST_BEYOND_TERM_YEARS if other and two.postmenstrual else 0.0
    beyond = max(-gap - older, gap - younger)
    return beyond > _SAME_YEARS and beyond >= step


def _may_be_parts(coarse: Age, fine: Age) -> bool:
    """Tell whether one age is in whole units, one at least, and the other finer and below one of these."""
    whole = any(abs(coarse.step_years - days / DAYS["years"]) < _SAME_YEARS for days in DAYS.values())
    unit = coarse.step_years * DAYS["years"]
    return whole and fine.step_years < coarse.step_years and fine.days < unit <= coarse.days
