"""Basal ganglia and watershed scores of term newborns (Barkovich 1998): 0 to 4 and 0 to 5 points."""

from collections.abc import Mapping

from cpimaging.scorers.base import NEWBORN, Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.scales.evaluate import Fact, Item, Scale, levelled
from cpimaging.scorers.scales.newborn import (
    REQUIRES,
    apart,
    cerebrum,
    is_hit,
    newborn_needs,
    unless_arterial,
    zones,
)
from cpimaging.scorers.scales.record import scale_scorer
from cpimaging.types import ScanContext

BG = {
    "bg_none": "none",
    "bg_thalamus": "thalamus",
    "bg_lentiform": "thalamus and lentiform nucleus",
    "bg_perirolandic": "thalamus, lentiform nucleus, perirolandic cortex",
    "bg_more": "more extensive",
}
W = {
    "w_none": "none",
    "w_focal": "focal infarction",
    "w_white_matter": "white matter of one border zone",
    "w_cortex": "cortex and white matter of one border zone",
    "w_both": "both border zones",
    "w_more": "more extensive cortex",
}
BEYOND = ("caudate", "hippocampus")


def _items(injury: Injury, trace: Trace, _: ScanContext) -> list[Item]:
    deep = _deep(injury, trace)
    return [deep, _border(injury, trace, deep.points[0])]


def _deep(injury: Injury, trace: Trace) -> Item:
    lentiform = [is_hit(injury, name, trace) for name in ("putamen", "pallidum")]
    facts = {
        "thalamus": Fact.known(is_hit(injury, "thalamus", trace)),
        "lentiform nucleus": Fact.known(any(lentiform)),
        "perirolandic cortex": Fact.known(is_hit(injury, "perirolandic", trace)),
        "more": _beyond(injury, trace),
    }
    return levelled("basal ganglia (BG)", _deep_level, facts, BG, trace)


def _deep_level(facts: Mapping[str, bool]) -> str:
    """Return the level; a lentiform nucleus alone is in none of the published ones and gets the lowest."""
    if not (facts["thalamus"] and facts["lentiform nucleus"]):
        return "bg_thalamus" if facts["thalamus"] or facts["lentiform nucleus"] else "bg_none"
    if not facts["perirolandic cortex"]:
        return "bg_lentiform"
    return "bg_more" if facts["more"] else "bg_perirolandic"


def _beyond(injury: Injury, trace: Trace) -> Fact:
    """Tell whether more of the deep grey is hit than the scale names."""
    loads = {name: injury.structure(name).load for name in BEYOND}
    loads["brainstem"] = injury.of(["brainstem"]).load
    reached = [trace.at_least(name, load, "more_load") for name, load in loads.items()]
    return Fact.known(any(reached))


def _border(injury: Injury, trace: Trace, deep_points: float) -> Item:
    """Return the watershed score; deep_points: the other score, which may count the perirolandic cortex."""
    volume_mm3 = cerebrum(injury).lesion_mm3
    if deep_points >= trace.points("bg_perirolandic"):
        volume_mm3 -= injury.of(["perirolandic"]).lesion_mm3
    focal = apart(volume_mm3, deep_points > 0, "lesion of cortex and white matter", trace)
    both, cortex = zones(injury, trace), injury.of(["cortex"])
    facts = {
        "focal infarction": focal,
        "border zone": Fact.any(both),
        "cortex": Fact.known(trace.at_least("lesion of the cortex", cortex.lesion_mm3, "minimum_volume")),
        "both border zones": Fact.all(both),
        "extensive cortex": Fact.known(trace.at_least("cortex", cortex.load, "extensive_cortex_load")),
    }
    return levelled("watershed (W)", _border_level, facts, W, trace)


def _border_level(facts: Mapping[str, bool]) -> str:
    """Return the level; several lesions outside of the border zones get the point of a single one."""
    if facts["extensive cortex"]:
        return "w_more"
    if facts["both border zones"]:
        return "w_both"
    if facts["border zone"]:
        return "w_cortex" if facts["cortex"] else "w_white_matter"
    return "w_focal" if facts["focal infarction"] else "w_none"


SCORER = scale_scorer(
    Scale("barkovich", REQUIRES, newborn_needs, _items, withheld=unless_arterial),
    __file__,
    title="Barkovich BG + W",
    ages="newborns, up to 28 days",
    example=NEWBORN,
)
"""Barkovich et al. 1998, AJNR 19:143; the limits in voxels are ours."""
