"""Pattern of injury of the NICHD neonatal research network (Shankaran 2012): levels 0, 1A, 1B, 2A, 2B, 3."""

from collections.abc import Mapping

from cpimaging.scorers.base import NEWBORN, Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.scales.evaluate import Fact, Item, Scale, levelled
from cpimaging.scorers.scales.newborn import (
    BASAL,
    CAPSULES,
    REQUIRES,
    apart,
    cerebrum,
    in_zones_mm3,
    is_hit,
    newborn_needs,
    unless_arterial,
    zones,
)
from cpimaging.scorers.scales.record import scale_scorer
from cpimaging.types import ScanContext

LEVELS = {
    "nichd_0": "no injury",
    "nichd_1a": "minimal cerebral lesions",
    "nichd_1b": "more extensive cerebral lesions",
    "nichd_2a": "basal ganglia, thalamus, internal capsule or border zone",
    "nichd_2b": "as 2A, and other cerebral lesions",
    "nichd_3": "devastation of the hemispheres",
}


def _items(injury: Injury, trace: Trace, _: ScanContext) -> list[Item]:
    return [levelled("pattern", _level, _facts(injury, trace), LEVELS, trace)]


def _names(trace: Trace) -> dict[float, str]:
    return {trace.points(level): level.removeprefix("nichd_").upper() for level in LEVELS}


def _facts(injury: Injury, trace: Trace) -> dict[str, Fact]:
    whole = cerebrum(injury)
    hit = [is_hit(injury, name, trace) for name in (*BASAL, *CAPSULES)]
    central, border = Fact.known(any(hit)), Fact.any(zones(injury, trace))
    other = _other(injury, central, border, trace)
    together = central.certain and border.possible
    seen = trace.at_least("lesion of cortex and white matter", whole.lesion_mm3, "minimum_volume")
    extensive, devastated = (
        Fact.known(trace.at_least("cortex and white matter", whole.load, name))
        for name in ("extensive_load", "devastation_load")
    )
    return {
        "basal ganglia, thalamus or internal capsule": central,
        "border zone": border,
        "other lesions": Fact(other.certain, other.possible or together),
        "cerebral lesions": Fact(seen, injury.total_mm3 > injury.outside_mm3),
        "extensive lesions": extensive,
        "devastation": devastated,
    }


def _other(injury: Injury, central: Fact, border: Fact, trace: Trace) -> Fact:
    """Tell whether cortex or white matter is hit beside the basal ganglia and the border zones.

    What lies around a border-zone infarct may be part of it.
    """
    volume_mm3 = cerebrum(injury).lesion_mm3
    if not border.certain:
        return apart(volume_mm3, central.certain, "other lesion of cortex and white matter", trace)
    outside_mm3 = volume_mm3 - in_zones_mm3(injury)
    return Fact(False, trace.at_least("lesion around the border zones", outside_mm3, "apart_volume"))


def _level(facts: Mapping[str, bool]) -> str:
    if facts["devastation"]:
        return "nichd_3"
    if facts["basal ganglia, thalamus or internal capsule"] or facts["border zone"]:
        return "nichd_2b" if facts["other lesions"] else "nichd_2a"
    if facts["cerebral lesions"]:
        return "nichd_1b" if facts["extensive lesions"] else "nichd_1a"
    return "nichd_0"


SCORER = scale_scorer(
    Scale("nichd", REQUIRES, newborn_needs, _items, _names, unless_arterial),
    __file__,
    title="NICHD pattern",
    ages="newborns, up to 28 days",
    example=NEWBORN,
    levels={level.removeprefix("nichd_").upper(): text for level, text in LEVELS.items()},
)
"""Shankaran et al. 2012, ADC Fetal Neonatal Ed 97:F398 (not verified); the limits in voxels are ours."""
