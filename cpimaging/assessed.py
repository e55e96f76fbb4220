"""What is assessed at which age: all rules ask the table beside this module; docs/method/ages.md shows it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cpimaging.io import read_yaml

UNKNOWN = "unknown"
ADD_AGE = (
    "the age at scan is not known: add a column age (years), age_months or pma_weeks to participants.tsv "
    "(where there are several sessions, to *_sessions.tsv), or set assume_age"
)
UNPLACED = frozenset(
    {
        "plic",
        "thalamus_ventrolateral",
        "putamen_posterior",
        "red_nucleus",
        "substantia_nigra",
        "subthalamic_nucleus",
        "superior_colliculus",
        "inferior_colliculus",
        "locus_coeruleus",
        "raphe",
        "cranial_nerve_tegmentum",
        "inferior_olive",
    }
)
"""Structures of the rule fine_structures."""

_IN_BAND = re.compile(r"not assessed in this age band \([^()]*\): ")

Answer = Literal["yes", "no", "template"]


class Band(NamedTuple):
    """A stretch of ages. until: below which postmenstrual age in weeks, or maturity in months, it ends."""

    told: str
    until_pma_weeks: float | None = None
    until_months: float | None = None


@dataclass(frozen=True)
class Rule:
    """A rule: what it is about, which contrast and age it asks, and whether it is assessed, by band.

    why: told where it is not. tag: S read in the source, K not verified, D ours.
    """

    about: str
    contrast: str
    age: str
    why: str
    tag: str
    source: str
    at: Mapping[str, Answer]


def _read() -> tuple[dict[str, Band], dict[str, Rule]]:
    table: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_suffix(".yaml"))
    bands = {name: Band(**entry) for name, entry in table["bands"].items()}
    return bands, {name: Rule(**entry) for name, entry in table["rules"].items()}


BANDS, RULES = _read()


def band_of(age_years: float | None, pma_weeks: float | None = None, assumed: str = "") -> str:
    """Return the band of an age.

    age_years: of maturation. pma_weeks: where known, tells who is before term. assumed: the band of an
    unknown age, "" for none.
    """
    if age_years is None:
        return assumed or UNKNOWN
    for name, band in BANDS.items():
        if band.until_pma_weeks is not None:
            if pma_weeks is not None and pma_weeks < band.until_pma_weeks:
                return name
        elif band.until_months is None or 12 * age_years < band.until_months:
            return name
    return UNKNOWN


@dataclass(frozen=True)
class Gate:
    """What may be assessed of a scan. own_template: it was registered to a template of its age."""

    band: str
    own_template: bool = False

    def refusal(self, rule: str) -> str | None:
        """Return why a rule is not assessed, None where it is."""
        answer = RULES[rule].at[self.band]
        if answer == "yes" or (answer == "template" and self.own_template):
            return None
        if self.band == UNKNOWN:
            return ADD_AGE
        need = "; it needs a template of this age (templates_dir)" if answer == "template" else ""
        return f"not assessed in this age band ({BANDS[self.band].told}): {RULES[rule].why}{need}"

    def young(self, rule: str) -> str:
        """Say that an age is below that of a rule, "" where it is not."""
        if self.refusal(rule) is None:
            return ""
        if self.band == UNKNOWN:
            return "at an unknown age"
        names = list(BANDS)
        last = BANDS[[name for name in names if RULES[rule].at[name] == "no" and name != UNKNOWN][-1]]
        return f"below {(last.until_months or 0) / 12:g} years"


def joined(reasons: Iterable[str]) -> str:
    """Return reasons as one, each once; the age band that several begin with is told once."""
    behind: dict[str, list[str]] = {}
    for reason in dict.fromkeys(reasons):
        band = found[0] if (found := _IN_BAND.match(reason)) else ""
        behind.setdefault(band or reason, []).append(reason.removeprefix(band) if band else "")
    return "; ".join(start + "; ".join(rest) for start, rest in behind.items())


_SHOWN = {"yes": "yes", "no": "–", "template": "template of the age"}


def documented() -> str:
    """Return the table of docs/method/ages.md, and which age each rule asks."""
    names = [band.told for band in BANDS.values()]
    lines = [
        f"| rule | contrast | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
        *(
            f"| {rule.about} | {rule.contrast} | {' | '.join(_SHOWN[rule.at[band]] for band in BANDS)} |"
            for rule in RULES.values()
        ),
        "",
        "| rule | age that it asks | why it is not assessed elsewhere | source |",
        "|---|---|---|---|",
        *(
            f"| {rule.about} | {rule.age} | {rule.why} | {rule.source} [{rule.tag}] |"
            for rule in RULES.values()
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(documented())
