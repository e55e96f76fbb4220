"""The page of a cohort."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from cpimaging.figures import HEAT
from cpimaging.io import typed
from cpimaging.report import norms, pictures, tables, words
from cpimaging.report.page import Provenance, render
from cpimaging.scorers import SCORERS, AnyScorer
from cpimaging.scorers.base import Row
from cpimaging.types import MORPHOMETRY_COLUMNS, Image

DONE = "done"
"""Status, in the summary of stages, of a scan that went through all of them."""
IN_PLACE = ("dominance", "mrics")
"""Calls for which the table of scans has places of its own; what others say stands in its last columns."""
STRIP_FROM = 12
"""From so many scans on, all loads are also shown at one glance."""
PERCENTS = tuple(f"{name}_percent" for name in words.CLASSES)


class Told(NamedTuple):
    """A column of the table of scans that is one scorer's. texts: one per scan, "n/a" where it has none."""

    title: str
    numeric: bool
    texts: list[str]


CHECK_COLUMNS = {
    "participant_id": "str",
    "session_id": "str",
    "check": "str",
    "value": "float64",
    "ok": "bool",
    "severity": "str",
}
"""Dtypes of the quality checks that a page shows."""


@dataclass(frozen=True, kw_only=True)
class CohortReport:
    """All that the page of a cohort shows.

    patterns: columns of `scorers.group`, one row per scan. summary: columns.SUMMARY; every status but
    "done" is that of a scan that did not finish. load: of columns.GROUP_LESIONLOAD the ids, tissue,
    structure, side, both volumes and in_group. frequency: share (0–1) of the `frequency_scans` scans of the
    group that have a lesion in each template voxel. pattern_maps: the same for the scans of one pattern, by
    its code, and how many these are; "flipped": of all, each lesion mostly on the left, `mirrored` of them
    turned over. morphometry: columns.MORPHOMETRY of scans that can be trusted. checks: CHECK_COLUMNS.
    links: (participant_id, session_id) -> address of the scan's page, relative to this page.
    """

    title: str = "Cohort"
    patterns: pd.DataFrame
    summary: pd.DataFrame
    load: pd.DataFrame
    frequency: Image | None = None
    frequency_scans: int = 0
    template: Image | None = None
    pattern_maps: Mapping[str, tuple[Image, int]] = field(default_factory=dict)
    mirrored: int = 0
    morphometry: pd.DataFrame = field(default_factory=lambda: typed([], MORPHOMETRY_COLUMNS))
    checks: pd.DataFrame = field(default_factory=lambda: typed([], CHECK_COLUMNS))
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    methods: Sequence[str] = ()
    provenance: Provenance = field(default_factory=dict)


def render_cohort(content: CohortReport) -> str:
    """Return the page of a cohort as one HTML file that needs no network; text is escaped."""
    return render("cohort.html.jinja", _context(content))


def _context(content: CohortReport) -> dict[str, object]:
    scans, mrics = _scans(content), SCORERS["mrics"]
    unfinished = content.summary[content.summary["status"] != DONE].to_dict("records")
    group = [scan for scan in scans if in_group(scan)]
    rows = tables.frequency_rows(content.load[content.load["in_group"] == "true"])
    highest = 0.0 if content.frequency is None else float(content.frequency.data.max())
    views = []
    if content.template is not None and content.frequency is not None and highest > 0:
        views = pictures.frequency_views(content.template, content.frequency, highest)
    return {
        "cohort": content,
        "scans": scans,
        "group": group,
        "of_all": f"{len(group)} of {len(scans)}",
        "unfinished": unfinished,
        "facts": _facts(scans, unfinished),
        "counts": _counts(group),
        "strip": _strip(group),
        "fullest": content.patterns[list(PERCENTS)].max().max(),
        "classes": list(zip(PERCENTS, words.CLASSES.values(), strict=True)),
        "told": _told(scans),
        "groups": sorted({str(scan["mrics"]) for scan in scans}, key=lambda code: _place(mrics, code)),
        "norms": norms.cohort_norms(_with_norms(content.morphometry)),
        "views": views,
        "colours": ", ".join(f"rgb{colour} {place:.0%}" for place, colour in HEAT),
        "most": max(1, round(highest * content.frequency_scans)),
        "sided": [row for row in rows if not row.midline],
        "midline": [row for row in rows if row.midline],
        "words": words,
    }


def _scans(content: CohortReport) -> list[Row]:
    """Return one record per scan: its row, what it is called, and where its page is."""
    records: list[Row] = []
    for row in content.patterns.to_dict("records"):
        ids = (str(row["participant_id"]), str(row["session_id"]))
        name = _name(*ids)
        code = SCORERS["mrics"].words.code(row)
        records.append({**row, "name": name, "href": content.links.get(ids), "mrics": code})
    return records


def _with_norms(morphometry: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows on norms by the names that pages give scans."""
    rows = morphometry[morphometry["measure"].str.contains("_z", regex=False)]
    groups = rows.groupby(["participant_id", "session_id"], sort=False, observed=True)
    return {_name(*map(str, ids)): table for ids, table in groups}


def _name(participant: str, session: str) -> str:
    return participant if words.missing(session) else f"{participant}_{session}"


def _told(scans: Sequence[Row]) -> list[Told]:
    """Return what scorers without a place of their own say; those that say nothing are left out."""
    columns = []
    for scorer in SCORERS.values():
        codes = [scorer.words.code(scan) for scan in scans]
        if scorer.name not in IN_PLACE and not all(map(words.missing, codes)):
            numeric = all(column.dtype == "float64" for column in scorer.columns)
            texts = ["n/a" if words.missing(code) else scorer.words.say(code) for code in codes]
            columns.append(Told(scorer.title, numeric, texts))
    return columns


def _facts(scans: Sequence[Row], unfinished: Sequence[Row]) -> list[tuple[str, str]]:
    group = [scan for scan in scans if in_group(scan)]
    calls = [scan["dominance"] for scan in group]
    stopped = {(item["participant_id"], item["session_id"]) for item in unfinished}
    seen = {(scan["participant_id"], scan["session_id"]) for scan in scans}
    counts = [
        ("with a lesion", sum(_volume(scan) > 0 for scan in group)),
        ("no lesion found", calls.count("none")),
        ("pattern not assessed", calls.count("not_assessed")),
        ("quality: look before use", sum(scan["qc"] == "warn" for scan in group)),
        ("set by a person", sum(not words.missing(scan["override"]) for scan in group)),
    ]
    told = [("scans", str(len(seen | stopped)))]
    told += [(name, f"{count} of {len(group)}") for name, count in counts if count]
    if len(group) < len(scans):
        told.append(("not in the group", f"{len(scans) - len(group)} of {len(scans)}"))
    return [*told, ("did not finish", str(len(stopped)))] if stopped else told


def in_group(scan: Row) -> bool:
    """Tell whether a scan takes part in maps and counts."""
    return scan["in_group"] == "true"


def _volume(scan: Row) -> float:
    """Return the volume of a scan's lesion in mm³, 0 where it is not known."""
    volume = scan["lesion_volume_mm3"]
    return 0.0 if volume is None or words.missing(volume) else float(volume)


def _counts(scans: Sequence[Row]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return how many scans have each code of each call, the finer call first: title, (words, count)."""
    counts = []
    for scorer in reversed(SCORERS.values()):
        if not scorer.scale:
            found = Counter(scorer.words.code(scan) for scan in scans)
            codes = sorted(found, key=lambda code: _place(scorer, code))
            counts.append((scorer.title, [(scorer.words.say(code), found[code]) for code in codes]))
    return counts


def _place(scorer: AnyScorer, code: str) -> int:
    """Return where pages list a code; what is not among them comes last."""
    codes = scorer.words.codes
    return codes.index(code) if code in codes else len(codes)


def _strip(scans: Sequence[Row]) -> list[Row]:
    """Return the scans with loads, ordered by dominance and volume; [] if the table shows them as well."""
    loaded = [scan for scan in scans if any(not words.missing(scan[name]) for name in PERCENTS)]
    return sorted(loaded, key=_by_class) if len(loaded) >= STRIP_FROM else []


def _by_class(scan: Row) -> tuple[int, float]:
    dominance = SCORERS["dominance"]
    return _place(dominance, dominance.words.code(scan)), -_volume(scan)
