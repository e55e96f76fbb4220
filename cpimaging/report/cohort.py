"""The page of a cohort."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from cpimaging.agreement.estimate import share_of
from cpimaging.figures import HEAT
from cpimaging.io import typed
from cpimaging.report import cohort_charts, cohort_rows, norms, pictures, tables, words
from cpimaging.report.cohort_charts import Spread
from cpimaging.report.cohort_pictures import HeatMap, count_strip, grey_strip, heat_map, map_cuts
from cpimaging.report.cohort_rows import DataColumn, as_script
from cpimaging.report.page import Provenance, render
from cpimaging.scorers import SCORERS, AnyScorer
from cpimaging.scorers.base import Row
from cpimaging.types import CONTRASTS, MORPHOMETRY_COLUMNS, Image
from cpimaging.words import COMMAND, DETECTED, DONE

IN_PLACE = ("dominance", "mrics")
"""Calls for which the table of scans has places of its own; what others say stands in its last columns."""
CLASS_COLUMNS = [(f"{name}_percent", title) for name, title in words.CLASSES.items()]
MOST_LISTED = 100
"""So many rows of a table stand in the page where no script draws the others; group tables have them all."""
MOST_NAMED = 5
"""So many scans are named beside a count."""
BANDS = ((0, 2), (2, 6), (6, 12), (12, 18), (18, math.inf))
"""Ages that are compared, in years (ours)."""
NO_READER = (DETECTED, COMMAND, "none")
"""What the group table says of the source of a lesion that no reader drew."""


class Told(NamedTuple):
    """A column of the table of scans that is one scorer's. texts: one per scan, "n/a" where it has none."""

    title: str
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
    contrasts, links: (participant_id, session_id) -> contrasts of the scan, address of its page, relative to
    this page. sessions: participant_id -> address of the page of several sessions side by side. compared:
    what the study compares groups by, in its own word -> ids -> word of the scan.
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
    contrasts: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    sessions: Mapping[str, str] = field(default_factory=dict)
    compared: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)
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
    loads = content.load[content.load["in_group"] == "true"]
    rows = tables.frequency_rows(loads)
    names = {_ids_of(scan): str(scan["name"]) for scan in scans}
    failed = [scan for scan in scans if scan["qc"] == "fail"]
    rowed = cohort_rows.table_columns(scans, CLASS_COLUMNS, _told(scans))
    heat = heat_map(loads, {_ids_of(scan): names[_ids_of(scan)] for scan in sorted(group, key=_by_class)})
    spreads = {
        "Morphometry": cohort_charts.of_morphometry(content.morphometry, list(names)),
        "Quality checks": cohort_charts.of_checks(content.checks, list(names)),
    }
    return {
        "cohort": content,
        "scans": scans,
        "pages": as_script([scan["href"] for scan in scans if scan["href"]]),
        "group": group,
        "of_all": f"{len(group)} of {len(scans)}",
        "unfinished": unfinished,
        "most_listed": MOST_LISTED,
        "failed": failed,
        "broken": cohort_charts.broken_checks(content.checks, names, MOST_NAMED),
        "facts": _facts(scans, unfinished),
        "counts": _counts(group),
        "columns": rowed,
        "norms": _norms(content),
        "map": _map(content),
        "views": _views(content),
        "colours": ", ".join(f"rgb{colour} {place:.0%}" for place, colour in HEAT),
        "heat": heat,
        "spreads": {title: found for title, found in spreads.items() if found},
        "missing": _missing(content, scans),
        "data": _data(content, scans, rowed, heat, [one for found in spreads.values() for one in found]),
        "sided": [row for row in rows if not row.midline],
        "midline": [row for row in rows if row.midline],
        "groups": sorted({str(scan["mrics"]) for scan in scans}, key=lambda code: _place(mrics, code)),
        "words": words,
    }


def _data(
    content: CohortReport,
    scans: Sequence[Row],
    rowed: Sequence[DataColumn],
    heat: HeatMap | None,
    spreads: Sequence[Spread],
) -> Markup:
    """Return what the script of the page draws from: the rows, maps and values of all scans."""
    pages = [
        None if scan["href"] is None else "" if scan["href"] == f"{scan['name']}.html" else scan["href"]
        for scan in scans
    ]
    compared = [
        DataColumn(f"by{n}", title, texts) for n, (title, texts) in enumerate(_compared(content, scans))
    ]
    return as_script(
        {
            "n": len(scans),
            "columns": [column.packed() for column in rowed],
            "pages": pages,
            "inGroup": [int(in_group(scan)) for scan in scans],
            "compared": [column.packed() for column in compared],
            "order": {"mrics": list(SCORERS["mrics"].words.codes)},
            "spreads": [{"low": one.low, "high": one.high, "values": one.per_scan} for one in spreads],
            "heat": {"rows": heat.rows, "scans": heat.scans, "palette": heat.palette} if heat else None,
            "colours": [[place, *colour] for place, colour in HEAT],
        }
    )


def _compared(content: CohortReport, scans: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Return what groups of scans can be compared by: a title, and a word for each scan."""
    asked = {
        title: [of.get(_ids_of(scan), "n/a") for scan in scans] for title, of in content.compared.items()
    }
    told = {
        "Sex": [str(scan["sex"]) for scan in scans],
        "Age": [_band(scan["age_years"]) for scan in scans],
        "Quality": [words.phrase(scan["qc"]) for scan in scans],
        "Lesion from": [str(scan["mask_source"]) for scan in scans],
    }
    differing = [(title, texts) for title, texts in told.items() if len(set(texts)) > 1]
    return [*asked.items(), *differing]


def _band(years: Any) -> str:
    """Return the stretch of ages that an age lies in."""
    if words.missing(years):
        return "n/a"
    low, high = next((band for band in BANDS if years < band[1]), BANDS[-1])
    return f"{low} to {high} years" if math.isfinite(high) else f"{low} years and more"


def _map(content: CohortReport) -> dict[str, object] | None:
    """Return what the map is drawn from: the template, and the counts of each map that there is."""
    if content.template is None or content.frequency is None or not content.frequency.data.any():
        return None
    cuts = map_cuts(content.template, content.frequency)
    maps = {"": (content.frequency, content.frequency_scans), **content.pattern_maps}
    say, strips = SCORERS["mrics"].words.say, []
    for name, (share, n) in maps.items():
        title = {"": "All scans", "flipped": "All scans, lesions turned to the left"}.get(name) or say(name)
        strip, most = count_strip(share, n, cuts)
        note = f"{content.mirrored} of {n} mirrored" if name == "flipped" else ""
        strips.append(
            {"title": words.sentence(title), "strip": strip, "scans": n, "most": most, "note": note}
        )
    return {"grey": grey_strip(content.template, cuts), "size": cuts[0].size, "maps": strips}


def _views(content: CohortReport) -> list[pictures.View]:
    highest = 0.0 if content.frequency is None else float(content.frequency.data.max())
    if content.template is None or content.frequency is None or highest <= 0:
        return []
    return pictures.frequency_views(content.template, content.frequency, highest)


def _norms(content: CohortReport) -> norms.CohortNorms | None:
    return norms.cohort_norms(_with_norms(content.morphometry))


class Lacking(NamedTuple):
    """What some scans do not have. names: of some of them."""

    what: str
    scans: int
    names: list[str]


def _missing(content: CohortReport, scans: Sequence[Row]) -> list[Lacking]:
    """Return what is missing, what most scans lack first; contrasts that no scan has are left out."""
    seen = {contrast for found in content.contrasts.values() for contrast in found}
    without: dict[str, list[Row]] = {
        contrast: [scan for scan in scans if contrast not in content.contrasts.get(_ids_of(scan), ())]
        for contrast in CONTRASTS
        if contrast in seen
    }
    without |= {
        "age": [scan for scan in scans if words.missing(scan["age_years"])],
        "sex": [scan for scan in scans if words.missing(scan["sex"])],
        "lesion mask of a reader": [scan for scan in scans if scan["mask_source"] in NO_READER],
        "pattern call": [scan for scan in scans if scan["dominance"] == "not_assessed"],
    }
    rows = [
        Lacking(what, len(found), [str(scan["name"]) for scan in found[:MOST_NAMED]])
        for what, found in without.items()
        if found
    ]
    return sorted(rows, key=lambda row: -row.scans)


def _ids_of(scan: Row) -> tuple[str, str]:
    return str(scan["participant_id"]), str(scan["session_id"])


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
    if morphometry.empty:
        return {}
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
            texts = ["n/a" if words.missing(code) else scorer.words.say(code) for code in codes]
            columns.append(Told(scorer.title, texts))
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


class Count(NamedTuple):
    """How many scans have one call, and the share of the group with its 95 % interval, in %."""

    name: str
    scans: int
    share: float
    low: float
    high: float


def _counts(scans: Sequence[Row]) -> list[tuple[str, list[Count]]]:
    """Return how many scans have each code of each call, the finer call first."""
    counts = []
    for scorer in reversed(SCORERS.values()):
        if not scorer.scale:
            found = Counter(scorer.words.code(scan) for scan in scans)
            codes = sorted(found, key=lambda code: _place(scorer, code))
            counts.append(
                (scorer.title, [_count(scorer.words.say(code), found[code], len(scans)) for code in codes])
            )
    return counts


def _count(name: str, hits: int, of: int) -> Count:
    estimate = share_of(hits, of)
    return Count(name, hits, 100 * estimate.value, 100 * estimate.low, 100 * estimate.high)


def _place(scorer: AnyScorer, code: str) -> int:
    """Return where pages list a code; what is not among them comes last."""
    codes = scorer.words.codes
    return codes.index(code) if code in codes else len(codes)


def _by_class(scan: Row) -> tuple[int, float]:
    dominance = SCORERS["dominance"]
    return _place(dominance, dominance.words.code(scan)), -_volume(scan)
