"""One age out of all that the tables of a dataset say of it, or none, with the reason."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from cpimaging.bids.ages import TERM_WEEKS, Age
from cpimaging.bids.durations import DAYS, GESTATION_WEEKS

_MOST_BEFORE_TERM_YEARS = (TERM_WEEKS - GESTATION_WEEKS[0]) * DAYS["weeks"] / DAYS["years"]
_SAME_YEARS = 1e-6
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
    """An age in years or None, its source, and what goes to the scan's decisions and problems."""

    years: float | None
    source: str
    decisions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def reconcile(findings: Sequence[Finding], notes: Sequence[str]) -> Verdict:
    """Return the finest of the ages that agree; the first findings count more among equally fine ones.

    None where two contradict each other beyond what their last digits allow. A corrected age goes before one
    from birth. A finding that is refused makes a problem of the scan. notes: what else is to be told.
    """
    sure = [finding for finding in findings if not finding.unsure]
    refused = [finding.told for finding in sure if finding.age.refused]
    if refused:
        return _refused(refused, findings, notes)
    certain = [finding for finding in sure if finding.age.years is not None]
    against = [f"{one.told} and {two.told} contradict each other" for one, two in _contradictions(certain)]
    if against or not certain:
        told = "; ".join([*against, *(f.told for f in findings if f not in certain or not against), *notes])
        return Verdict(None, told or "n/a", (f"age at scan n/a: {told}",) if told else ())
    pool = [finding for finding in certain if finding.age.corrected] or certain
    chosen = min(pool, key=lambda finding: finding.age.step_years)
    if chosen.age.years == 0 and chosen.age.step_years >= 1:
        return _refused([f"{chosen.told}: under a year, give it in days or months"], [], notes)
    rest = [finding.told for finding in findings if finding is not chosen]
    decisions = (f"age at scan: {chosen.told}",) if chosen.age.assumed else ()
    return Verdict(chosen.age.years, "; ".join([chosen.told, *rest, *notes]), decisions)


def _refused(refused: Sequence[str], findings: Sequence[Finding], notes: Sequence[str]) -> Verdict:
    others = [finding.told for finding in findings if finding.told not in refused]
    problems = tuple(f"{told}; {_CURE}" for told in refused)
    return Verdict(None, "; ".join([*refused, *others, *notes]), problems=problems)


def _contradictions(findings: Sequence[Finding]) -> list[tuple[Finding, Finding]]:
    return [(one, two) for one, two in combinations(findings, 2) if _contradict(one.age, two.age)]


def _contradict(one: Age, two: Age) -> bool:
    """Tell whether two ages cannot both be: "5" covers 5.4, and a corrected age is up to 20 weeks younger."""
    if one.years is None or two.years is None:
        return False
    if one.corrected and not two.corrected:
        one, two = two, one
    step, gap = max(one.step_years, two.step_years), float(one.years or 0) - float(two.years or 0)
    younger = _MOST_BEFORE_TERM_YEARS if two.corrected and not one.corrected else 0.0
    beyond = max(-gap, gap - younger)
    return beyond > _SAME_YEARS and beyond >= step
