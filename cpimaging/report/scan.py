"""The page of one scan."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from cpimaging.figures import Frame
from cpimaging.io import typed
from cpimaging.report import first_screen, norms, pictures, scales, tables, viewer, words
from cpimaging.report.page import Provenance, render
from cpimaging.report.summary import MOST_REASONS, largest
from cpimaging.scorers import Pattern, results
from cpimaging.types import MORPHOMETRY_COLUMNS, Image, LabelMap, Quality
from cpimaging.words import SIDES

ALWAYS_NOT_ASSESSED = (
    "Malformations of the brain (MRICS group A): regional measurements cannot show them.",
    "Cause, time of origin and prognosis: the page describes where injury lies, nothing else.",
)
SECTIONS = (
    ("pictures", "Pictures"),
    ("why", "Why"),
    ("load", "Lesion load"),
    ("lesions", "Lesions"),
    ("morphometry", "Volumes"),
    ("scales", "Scales"),
    ("registration", "Registration"),
    ("quality", "Quality"),
    ("limits", "Not assessed"),
    ("methods", "Methods"),
    ("provenance", "Provenance"),
)
DECIDED = "decided"
"""How the rule of a trace begins that says what was decided."""
CLOSE_MM3 = 1e-3
"""Sums of volumes that differ by less are equal: no voxel is that small."""
Measures = tuple[str, list[tables.Measured]]
"""A measure's name and its records by structure."""


@dataclass(frozen=True, kw_only=True)
class ScanReport:
    """All that the page of a scan shows.

    label: "sub-01" or "sub-01_ses-02". images: contrast -> image in scan space, the reference first;
    they are shown as they are, so give them without face. lesion: not 0 in the lesion, in scan space
    on any grid; None where there is no mask. atlas: labels in scan space.
    gestation_weeks: at birth. pma_weeks, postnatal_days: since the last menstruation, since birth.
    clinical: what tables say of subtype and function, name to word.
    template_told: the template that the scan was registered to, in words; of_age: it is one of its age.
    warning: what its age forbids. template_in_scan: the template's T1w brought to the scan.
    newborn_lines: pictures of the lines that a newborn was measured along, as SVG. lesion_source: as in
    ScanContext.
    pattern and qc: content of the JSON files. not_assessed: lines beyond what the pattern says.
    override: what a person set instead of the software, in one line.
    methods, citations, licences: one sentence or entry each. provenance: heading -> text, list or
    mapping of name to value; no absolute path, no date.
    """

    label: str
    participant_id: str
    session_id: str | None = None
    age_years: float | None = None
    sex: str = "n/a"
    gestation_weeks: float | None = None
    pma_weeks: float | None = None
    postnatal_days: float | None = None
    clinical: Mapping[str, str] = field(default_factory=dict)
    contrasts: Sequence[str]
    reference: str
    template_told: str = "adult template"
    of_age: bool = False
    warning: str | None = None
    lesion_source: str | None
    notes: Sequence[str] = ()
    override: str | None = None
    images: Mapping[str, Image]
    lesion: Image | None = None
    atlas: LabelMap | None = None
    template: Image | None = None
    template_lesion: Image | None = None
    template_in_scan: Image | None = None
    newborn_lines: str | None = None
    load: pd.DataFrame
    lesions: pd.DataFrame
    morphometry: pd.DataFrame
    profile: pd.DataFrame = field(default_factory=lambda: typed([], MORPHOMETRY_COLUMNS))
    pattern: Pattern
    qc: Quality
    not_assessed: Sequence[str] = ()
    methods: Sequence[str] = ()
    citations: Sequence[str] = ()
    licences: Sequence[str] = ()
    provenance: Provenance = field(default_factory=dict)


def render_scan(content: ScanReport, values: Mapping[str, object] | None = None) -> str:
    """Return the page of a scan as one HTML file that needs no network; text is escaped.

    values: of `page_values`, where they are at hand already.
    """
    return render("scan.html.jinja", page_values(content) if values is None else values)


def page_values(content: ScanReport) -> dict[str, object]:
    """Return all that the page of a scan shows, by its name in the template."""
    rows = tables.load_rows(content.load)
    within = [row for row in rows if row.tissue != "overlay"]
    inside = [row for row in within if row.tissue != "outside"]
    shares, (evidence, sources) = _shares(content.pattern), _evidence(content.pattern)
    measured = norms.without_own_tables(content.morphometry, content.age_years, content.of_age)
    return {
        "scan": content,
        "age": words.told_age(content.age_years, content.pma_weeks, content.postnatal_days),
        "postmenstrual": words.postmenstrual(content.pma_weeks),
        "born": "" if content.gestation_weeks is None else words.weeks(content.gestation_weeks),
        "sections": SECTIONS,
        **_first_screen(content, within),
        "scales": scales.scale_views(content.pattern),
        "unscored": scales.unscored(content.pattern),
        "shares": shares,
        "largest_share": max((share.whole for share in shares if share.whole), default=0),
        "evidence": evidence,
        "sources": sources,
        "reasons": _reasons(content.pattern),
        "called": words.code_of(content.pattern),
        **_views(content),
        **_places(rows, inside),
        "tracts": tables.tract_rows(content.load, content.morphometry, content.profile),
        "total_mm3": _total(content),
        "unplaced_mm3": _unplaced(content),
        "most_reasons": MOST_REASONS,
        "lobes": tables.lobe_layers(content.load),
        "profile": [] if content.profile.empty else tables.profile(content.profile),
        "lesion_rows": content.lesions.to_dict("records"),
        "key_measures": tables.key_measures(measured),
        "measures": _by_measure(measured),
        "norms": norms.scan_rows(content.morphometry),
        "adult_years": norms.ADULT_YEARS,
        "not_assessed": _not_assessed(content),
        "words": words,
        "structure_name": tables.structure_name,
    }


def _first_screen(content: ScanReport, within: Sequence[tables.Row]) -> dict[str, object]:
    """Return what stands above the pictures. within: the rows of tissues and outside."""
    voxels = None if content.lesion is None else int((content.lesion.data != 0).sum())
    title, line = words.headline(content.pattern, content.lesion_source, voxels)
    verdict, uncounted = content.qc.get("verdict", "not_applicable"), _uncounted(content.pattern)
    counted = within if words.called(content.pattern) and uncounted is None else []
    facts = first_screen.facts(content.pattern, content.override, counted, content.not_assessed)
    return {
        "title": title,
        "line": line,
        "verdict": verdict,
        "panel": "not_applicable" if verdict == "pass" and not words.called(content.pattern) else verdict,
        "uncounted": uncounted,
        "reason_told": first_screen.reason_told(content.pattern),
        "flags": first_screen.by_weight(content.qc),
        "broken": first_screen.broken(content.qc),
        "facts": facts,
        "numbers": first_screen.numbers(content.pattern),
        "summary": largest([row for row in counted if row.tissue != "outside"]),
    }


def _places(rows: Sequence[tables.Row], inside: Sequence[tables.Row]) -> dict[str, object]:
    """Return the rows of the load table as the page sorts them. inside: those of structures of the brain."""
    return {
        "sided": [row for row in inside if row.amount > 0 and not row.midline],
        "midline": [row for row in inside if row.amount > 0 and row.midline],
        "untouched": tables.untouched(inside),
        "outside": [row for row in rows if row.tissue == "outside"],
        "overlays": [row for row in rows if row.tissue == "overlay" and row.amount > 0],
        "largest_load": max((cell.share for row in rows for cell in row.cells if cell.share > 0), default=0),
    }


def _by_measure(morphometry: pd.DataFrame) -> list[Measures]:
    """Return every measure with its records, the volumes last."""
    records = tables.by_side(morphometry)
    names = sorted(dict.fromkeys(record["measure"] for record in records), key=lambda name: name == "volume")
    return [(name, [record for record in records if record["measure"] == name]) for name in names]


def _cut_through(content: ScanReport, views: Sequence[pictures.View]) -> str:
    """Say where the planes lie."""
    if content.lesion is None:
        return "There is no lesion mask: the planes run through the middle of the brain."
    if not pictures.seen(views):
        return "The mask is empty: the planes run through the middle of the brain."
    where = "The planes run where most of the lesion lies and through the largest lesions."
    return f"{where} Positions are mm of the scan."


def _total(content: ScanReport) -> float | None:
    """Lesion volume in mm³ over the rows that partition the scan; None where it was not measured."""
    if content.lesion is None or content.load.empty:
        return None
    parts = content.load[content.load["tissue"] != "overlay"]
    return float(parts["lesion_volume_mm3"].sum())


def _unplaced(content: ScanReport) -> float | None:
    """Return the volume of lesion in rows that are n/a, since nobody looked there; None without any."""
    parts = content.load[content.load["tissue"] != "overlay"]
    if content.lesion is None or parts["lesion_volume_mm3"].notna().all():
        return None
    apart = float(content.lesions["volume_mm3"].sum() - parts["lesion_volume_mm3"].sum())
    return apart if apart > CLOSE_MM3 else None


def _uncounted(pattern: Pattern) -> str | None:
    """Return why the volume must not be read as a finding, or None."""
    if reason := pattern.get("out_of_group"):
        return reason
    call = pattern.get("dominance", {}).get("call", "not_assessed")
    return "no pattern was called from it" if call == "not_assessed" and not words.called(pattern) else None


class Share(NamedTuple):
    """How much of a class is lesioned, %: all of it, on each side, and in its structures of the midline."""

    name: str
    whole: float | None
    left: float | None
    right: float | None
    midline: float | None


def _shares(pattern: Pattern) -> list[Share]:
    dominance = pattern.get("dominance", {})
    shares, sides = dominance.get("shares") or {}, dominance.get("sides") or {}
    return [
        Share(name, shares[name], *(sides.get(side, {}).get(name) for side in SIDES))
        for name in words.CLASSES
        if name in shares
    ]


def _views(content: ScanReport) -> dict[str, object]:
    views = pictures.scan_views(content.images, content.lesion, content.atlas)
    reference = content.images.get(content.reference)
    frame = pictures.frame_of(content.images, content.lesion, content.atlas)
    return {
        "views": views,
        "viewer": viewer.viewer(
            content.images, frame, content.lesion, content.atlas, content.load, _start_mm(content, frame)
        ),
        "key_view": pictures.key_view(views),
        "cut_through": _cut_through(content, views),
        "template_views": pictures.template_views(content.template, content.template_lesion),
        "check_views": pictures.registration_views(reference, content.template_in_scan, content.atlas),
    }


def _start_mm(content: ScanReport, frame: Frame | None) -> list[float]:
    """Return where the viewer opens: the middle of the largest lesion, else of what is shown."""
    if not content.lesions.empty:
        first = content.lesions.iloc[0]
        centre = [float(first[f"centroid_{axis}_mm"]) for axis in "xyz"]
        if not any(map(math.isnan, centre)):
            return centre
    return [] if frame is None else [float(value) for value in np.add(frame.low_mm, frame.high_mm) / 2]


def _reasons(pattern: Pattern) -> list[tuple[str, list[str]]]:
    """Return what each call says in words, the decision first; steps that compare numbers are no words."""
    reasons = []
    for scorer, result in results(pattern, scales=False).values():
        steps = [step for step in result.get("evidence") or [] if step["limit"] == "n/a"]
        decided = [step["rule"] for step in steps if step["rule"].startswith(DECIDED)]
        told = [f"{step['rule']}: {step['value']}" for step in steps if isinstance(step["value"], str)]
        if decided or told:
            reasons.append(
                (scorer.title, [*decided, *(line for line in told if not line.startswith(DECIDED))])
            )
    return reasons


def _evidence(pattern: Pattern) -> tuple[list[tuple[str, list[scales.Step]]], list[str]]:
    """Return the steps of all calls, and the sources that they refer to by number (from 1)."""
    sources: dict[str, int] = {}
    evidence = []
    for scorer, result in results(pattern, scales=False).values():
        steps = [
            scales.Step(
                item["rule"],
                item["value"],
                item["limit"],
                sources.setdefault(item["source"], len(sources) + 1),
            )
            for item in result.get("evidence") or []
        ]
        if steps:
            evidence.append((scorer.title, steps))
    return evidence, list(sources)


def _not_assessed(content: ScanReport) -> list[str]:
    lines = [*content.not_assessed, *first_screen.not_called(content.pattern), *ALWAYS_NOT_ASSESSED]
    return list(dict.fromkeys(lines))
