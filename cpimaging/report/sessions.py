"""The page of one participant's sessions side by side, such as a newborn's ADC and the T1w of two years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpimaging.figures import Plane
from cpimaging.report import pictures, words
from cpimaging.report.page import Provenance, millilitres, percent, render
from cpimaging.scorers import Pattern
from cpimaging.types import Image

CUTS: Mapping[Plane, int] = {"axial": 1, "coronal": 1}
"""Planes of each session, through its own lesion."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session as the page shows it.

    session_id: "ses-01". href: its page. row: of the group table. pma_weeks, postnatal_days: since the last
    menstruation, birth. template_told: what it was registered to, in words. lesion_source: as in ScanContext.
    images: contrast -> image in scan space, the reference first.
    lesion: in scan space, template_lesion: in the adult template's; None where there is no mask.
    """

    session_id: str
    href: str
    row: Mapping[str, Any]
    pma_weeks: float | None
    postnatal_days: float | None
    template_told: str
    lesion_source: str | None
    pattern: Pattern
    images: Mapping[str, Image]
    lesion: Image | None
    template_lesion: Image | None


def render_sessions(
    participant: str, sessions: Sequence[Session], template: Image, provenance: Provenance
) -> str:
    """Return the page of a participant's sessions as one HTML file that needs no network; text is escaped.

    template: the adult one, in whose space the lesions of all sessions are shown on the same planes.
    """
    ordered = sorted(sessions, key=_by_age)
    shared = pictures.shared_views(template, [one.template_lesion for one in ordered])
    content = {
        "participant": participant,
        "columns": [_column(one) for one in ordered],
        "rows": _rows(ordered),
        "shared": shared if any(shared) else [],
        "without": [one.session_id for one in ordered if one.template_lesion is None],
        "provenance": provenance,
        "words": words,
    }
    return render("sessions.html.jinja", content)


def _by_age(session: Session) -> tuple[bool, float, float, str]:
    """Return what sessions are sorted by; before term every age is 0, and weeks tell them apart."""
    years = session.row["age_years"]
    unknown = words.missing(years)
    return unknown, 0.0 if unknown else float(years), session.pma_weeks or 0.0, session.session_id


def _column(one: Session) -> dict[str, object]:
    voxels = None if one.lesion is None else int((one.lesion.data != 0).sum())
    title, line = words.headline(one.pattern, one.lesion_source, voxels)
    return {
        "session": one,
        "title": title,
        "line": line,
        "age": _age(one),
        "views": pictures.scan_views(one.images, one.lesion, None, CUTS),
    }


def _rows(sessions: Sequence[Session]) -> list[tuple[str, list[str]]]:
    """Return what the table says of each session: a heading, and one text per session."""
    rows = [
        ("Age", [_age(one) for one in sessions]),
        ("Postmenstrual age", [_weeks(one.pma_weeks) for one in sessions]),
        ("Contrasts, the reference first", [", ".join(one.images) for one in sessions]),
        ("Template", [one.template_told for one in sessions]),
        ("Lesion from", [one.lesion_source or "no mask, not searched" for one in sessions]),
        ("Quality", [words.QC.get(one.row["qc"], one.row["qc"]) for one in sessions]),
        ("Lesion volume, ml", [millilitres(one.row["lesion_volume_mm3"]) for one in sessions]),
    ]
    rows += [
        (f"{name}, lesioned, %", [percent(one.row[f"{code}_percent"]) for one in sessions])
        for code, name in words.CLASSES.items()
    ]
    return rows


def _age(one: Session) -> str:
    return words.told_age(one.row["age_years"], one.pma_weeks, one.postnatal_days)


def _weeks(pma_weeks: float | None) -> str:
    return "n/a" if pma_weeks is None else words.weeks(pma_weeks)
