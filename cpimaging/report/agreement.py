"""Does a page agree with itself, with the pattern JSON and with the tables? Asked before it is written."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from cpimaging.report.scan import Share
from cpimaging.report.tables import Row
from cpimaging.scorers.dominance import CLASSES
from cpimaging.scorers.injury import SUPRATENTORIAL, compartment
from cpimaging.scorers.results import MricsResult, Pattern
from cpimaging.scorers.words import missing
from cpimaging.types import measures_of
from cpimaging.words import SIDES

CLOSE = 1e-6
"""Numbers that are summed up in another order may differ by this share, and by this many mm³ or percent."""


def contradictions(
    values: Mapping[str, Any],
    pattern: Pattern,
    load: pd.DataFrame,
    lesions: pd.DataFrame,
    morphometry: pd.DataFrame,
) -> list[str]:
    """List where a scan's page, pattern JSON and tables say different things; empty where they agree.

    values: of `report.scan.page_values`. load, lesions: LESIONLOAD_COLUMNS, LESIONS_COLUMNS and
    MORPHOMETRY_COLUMNS. Sums are made anew from the tables here, by none of the functions that made the page
    or the pattern.
    """
    return [
        *_volumes(values, load, lesions),
        *_shares(values["shares"], pattern, load),
        *_calls(values, pattern),
        *_laterality(pattern, load),
        *_asymmetries(morphometry),
    ]


def _volumes(values: Mapping[str, Any], load: pd.DataFrame, lesions: pd.DataFrame) -> Iterator[str]:
    total = values["total_mm3"]
    if total is None or math.isnan(total):
        return
    rows: list[Row] = [*values["sided"], *values["midline"], *values["outside"]]
    sums = {
        "the load table": load.loc[load["tissue"] != "overlay", "lesion_volume_mm3"].sum(),
        "the lesions one by one": lesions["volume_mm3"].sum() - (values["unplaced_mm3"] or 0),
        "the structures shown": sum(row.amount for row in rows if row.amount > 0),
    }
    for what, volume in sums.items():
        if not _same(total, volume):
            yield f"the page says {total:.3f} mm3 of lesion, {what} {volume:.3f} mm3"
    percent = load.loc[load["tissue"] != "overlay", "percent_lesion"].sum()
    if total > 0 and values["unplaced_mm3"] is None and not _same(percent, 100):
        yield f"the shares of the lesion add up to {percent:.3f} %"


def _shares(shares: list[Share], pattern: Pattern, load: pd.DataFrame) -> Iterator[str]:
    """Compare each share of a class, as shown and as in the pattern, with the rows of the load table."""
    dominance = pattern.get("dominance", {})
    stated, sides = dominance.get("shares") or {}, dominance.get("sides") or {}
    if not sides:
        return
    measured = load[load["lesion_volume_mm3"].notna() & (load["tissue"] != "overlay")]
    cells = zip(*(measured[name] for name in ("structure", "tissue", "layer")), strict=True)
    parts = pd.Series([compartment(*cell) for cell in cells], index=measured.index, dtype=object)
    for share in shares:
        rows = measured[parts.isin(CLASSES[share.name])]
        told = [("all", share.whole, stated.get(share.name), rows)]
        for side in SIDES:
            part = rows[rows["side"] == side]
            told.append((side, getattr(share, side), sides[side].get(share.name), part))
        for where, shown, kept, part in told:
            true = _load(part)
            if not (_same(shown, kept) and _same(kept, true)):
                yield (
                    f"{share.name}, {where}: the page says {_told(shown)}, the pattern {_told(kept)}, "
                    f"the load table {_told(true)}"
                )


def _load(rows: pd.DataFrame) -> float | None:
    region_mm3 = float(rows["region_volume_mm3"].sum())
    return 100 * float(rows["lesion_volume_mm3"].sum()) / region_mm3 if region_mm3 > 0 else None


def _calls(values: Mapping[str, Any], pattern: Pattern) -> Iterator[str]:
    dominance, mrics = pattern.get("dominance", {}), pattern.get("mrics", {})
    called = dominance.get("call", "not_assessed") not in ("not_assessed", "indeterminate")
    found = called or not missing(mrics.get("group"))
    if dominance.get("call") == "not_assessed" and not dominance.get("not_assessed"):
        yield "dominance is not assessed, and no reason is given"
    if called and dominance.get("not_assessed"):
        yield f"dominance is {dominance['call']}, and not assessed: {dominance['not_assessed']}"
    if values["panel"] == "pass" and not found:
        yield f"the panel is that of a finding, the title is '{values['title']}'"
    if pattern.get("out_of_group") and values["uncounted"] is None:
        yield f"the volume is told as a finding, and does not count: {pattern['out_of_group']}"
    yield from _groups(mrics)
    for name, result in {"dominance": dominance, "mrics": mrics}.items():
        yield from _confidence(name, result)


def _groups(mrics: MricsResult | Mapping[str, Any]) -> Iterator[str]:
    group, subgroup = mrics.get("group"), mrics.get("subgroup")
    if not missing(subgroup) and not str(subgroup).startswith(str(group)):
        yield f"MRICS subgroup {subgroup} is none of group {group}"
    if not missing(subgroup) and subgroup in (mrics.get("secondary") or []):
        yield f"MRICS {subgroup} is called, and fits beside itself"


def _confidence(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    """The finest answer that is called and what else came out share the repetitions."""
    kept = result.get("subgroup_confidence", result.get("confidence"))
    others = result.get("alternatives") or []
    if kept is None or result.get("not_assessed"):
        return
    sum_of_all = float(kept) + sum(other["share"] or 0.0 for other in others)
    if sum_of_all > 1 + CLOSE:
        yield f"{name}: the repetitions add up to {sum_of_all:.0%}"
    answer = result.get("subgroup", result.get("call"))
    if answer in [other["call"] for other in others]:
        yield f"{name}: {answer} is called, and what else came out"


def _laterality(pattern: Pattern, load: pd.DataFrame) -> Iterator[str]:
    index = pattern.get("dominance", {}).get("laterality_index")
    if index is None:
        return
    cerebrum = load[load["tissue"].isin(SUPRATENTORIAL)]
    left, right = (
        cerebrum.loc[cerebrum["side"] == side, "lesion_volume_mm3"].sum() for side in ("left", "right")
    )
    true = (left - right) / (left + right) if left + right > 0 else None
    if not _same(index, true):
        yield f"laterality is {index:+.3f} in the pattern, {_told(true)} in the load table"


def _asymmetries(morphometry: pd.DataFrame) -> Iterator[str]:
    """Compare each asymmetry index with the volumes of both sides, where these are in the table."""
    found = measures_of(morphometry)
    for (measure, structure, _), index in found.items():
        left, right = (found.get(("volume", structure, side), math.nan) for side in ("left", "right"))
        if measure != "asymmetry_index" or missing(left) or missing(right) or missing(index):
            continue
        true = (left - right) / (left + right) if left + right > 0 else None
        if not _same(index, true):
            yield f"the asymmetry of {structure} is {index:+.3f}, of its volumes {_told(true)}"


def _same(one: Any, other: Any) -> bool:
    if missing(one) or missing(other):
        return missing(one) and missing(other)
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)


def _told(share: Any) -> str:
    return "n/a" if missing(share) else f"{share:.4f}"
