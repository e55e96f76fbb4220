"""The page of a cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cpimaging.figures import HEAT
from cpimaging.report import pictures, tables, words
from cpimaging.report.page import render
from cpimaging.types import Image

DONE = "done"
"""Status, in the summary of stages, of a scan that went through all of them."""
GROUPS = ("B1", "B2", "B3", "B", "C1", "C2", "C3", "C", "D", "E", "A", "n/a")
STRIP_FROM = 12
"""From so many scans on, all loads are also shown at one glance."""
PERCENTS = tuple(f"{name}_percent" for name in words.CLASSES)


@dataclass(frozen=True, kw_only=True)
class CohortReport:
    """All that the page of a cohort shows.

    patterns: PATTERN_COLUMNS, one row per scan. summary: participant_id, session_id, stage, status,
    message, log; every status but "done" is that of a scan that did not finish.
    load: LESIONLOAD_COLUMNS of all scans. frequency: share (0–1) of the `frequency_scans` scans that
    have a lesion in each template voxel. links: (participant_id, session_id) -> address of the scan's
    page, relative to this page.
    """

    title: str = "Cohort"
    patterns: pd.DataFrame
    summary: pd.DataFrame
    load: pd.DataFrame
    frequency: Image | None = None
    frequency_scans: int = 0
    template: Image | None = None
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    methods: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def render_cohort(content: CohortReport) -> str:
    """Return the page of a cohort as one HTML file that needs no network; text is escaped."""
    return render("cohort.html.jinja", _context(content))


def _context(content: CohortReport) -> dict[str, Any]:
    scans = _scans(content)
    unfinished = content.summary[content.summary["status"] != DONE].to_dict("records")
    rows = tables.frequency_rows(content.load)
    highest = 0.0 if content.frequency is None else float(content.frequency.data.max())
    views = []
    if content.template is not None and content.frequency is not None and highest > 0:
        views = pictures.frequency_views(content.template, content.frequency, highest)
    return {
        "cohort": content,
        "scans": scans,
        "unfinished": unfinished,
        "facts": _facts(scans, unfinished),
        "counts": _counts(content.patterns),
        "strip": _strip(scans),
        "fullest": content.patterns[list(PERCENTS)].max().max(),
        "classes": list(zip(PERCENTS, words.CLASSES.values(), strict=True)),
        "scales": [name for name in words.SCALES if any(name in scan["points"] for scan in scans)],
        "groups": sorted({scan["mrics"] for scan in scans}, key=_group_place),
        "views": views,
        "colours": ", ".join(f"rgb{colour} {place:.0%}" for place, colour in HEAT),
        "most": max(1, round(highest * content.frequency_scans)),
        "sided": [row for row in rows if not row.midline],
        "midline": [row for row in rows if row.midline],
        "words": words,
    }


def _scans(content: CohortReport) -> list[dict[str, Any]]:
    """Return one record per scan: its row, what it is called, and where its page is."""
    records = []
    for row in content.patterns.to_dict("records"):
        ids = (str(row["participant_id"]), str(row["session_id"]))
        code = row["mrics_group"] if words.missing(row["mrics_subgroup"]) else row["mrics_subgroup"]
        name = ids[0] if words.missing(ids[1]) else f"{ids[0]}_{ids[1]}"
        names = {"name": name, "href": content.links.get(ids), "mrics": code, "points": _points(row)}
        records.append({**row, **names})
    return records


def _points(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the points of each scale that was scored, in words."""
    ends = {name: (row[f"{name}_low"], row[f"{name}_high"]) for name in words.SCALES}
    return {name: words.points(*pair) for name, pair in ends.items() if not words.missing(pair[0])}


def _facts(
    scans: Sequence[Mapping[str, Any]], unfinished: Sequence[Mapping[str, Any]]
) -> list[tuple[str, int]]:
    calls = [scan["dominance"] for scan in scans]
    stopped = {(item["participant_id"], item["session_id"]) for item in unfinished}
    seen = {(scan["participant_id"], scan["session_id"]) for scan in scans}
    lesioned = sum(scan["lesion_volume_mm3"] > 0 for scan in scans)
    counts = [
        ("with a lesion", lesioned),
        ("no lesion found", calls.count("none")),
        ("not assessed", calls.count("not_assessed")),
        ("quality: look before use", sum(scan["qc"] == "warn" for scan in scans)),
        ("quality failed", sum(scan["qc"] == "fail" for scan in scans)),
        ("set by a person", sum(not words.missing(scan["override"]) for scan in scans)),
        ("did not finish", len(stopped)),
    ]
    return [("scans", len(seen | stopped)), *((name, count) for name, count in counts if count)]


def _counts(patterns: pd.DataFrame) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return how many scans have each MRICS group and each dominance: title, (words, count)."""
    coded = patterns["mrics_subgroup"].where(patterns["mrics_subgroup"] != "n/a", patterns["mrics_group"])
    groups = coded.value_counts().to_dict()
    calls = patterns["dominance"].value_counts().to_dict()
    order = [*words.DOMINANCE, *(call for call in calls if call not in words.DOMINANCE)]
    return [
        (
            "MRICS group",
            [
                ("not called" if words.missing(code) else words.mrics_words(code), groups[code])
                for code in sorted(groups, key=_group_place)
            ],
        ),
        ("Dominance", [(words.phrase(call), calls[call]) for call in order if call in calls]),
    ]


def _group_place(code: str) -> int:
    return GROUPS.index(code) if code in GROUPS else len(GROUPS)


def _strip(scans: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the scans with loads, ordered by dominance and volume; [] if the table shows them as well."""
    loaded = [scan for scan in scans if any(not words.missing(scan[name]) for name in PERCENTS)]
    return sorted(loaded, key=_by_class) if len(loaded) >= STRIP_FROM else []


def _by_class(scan: Mapping[str, Any]) -> tuple[int, float]:
    calls = list(words.DOMINANCE)
    place = calls.index(scan["dominance"]) if scan["dominance"] in calls else len(calls)
    volume = scan["lesion_volume_mm3"]
    return place, 0.0 if words.missing(volume) else -float(volume)
