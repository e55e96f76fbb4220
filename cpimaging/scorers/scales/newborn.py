"""What the scales of term newborns with encephalopathy share: when they apply, and what they ask."""

import math

from cpimaging.scorers.attribution import WATERSHEDS
from cpimaging.scorers.base import Criteria, Tables, Trace
from cpimaging.scorers.injury import NUCLEI_NEEDED, REQUIRED, Amount, Injury
from cpimaging.scorers.rules import explained
from cpimaging.scorers.scales.evaluate import Fact, age_told, seen_by_reader
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES

REQUIRES = frozenset(REQUIRED) | set(WATERSHEDS)
DAYS_PER_YEAR = 365.25
CAPSULES = ("alic", "plic")
BASAL = tuple(sorted(NUCLEI_NEEDED - {"hippocampus"}))
NAMES = {
    "perirolandic": "perirolandic cortex",
    "alic": "anterior limb of the internal capsule",
    "plic": "posterior limb of the internal capsule",
}
"""What the trace calls structures whose name in the tables is none."""
CEREBRUM = ("periventricular", "deep_white_matter", "cortex", "perirolandic")


def newborn_needs(context: ScanContext, trace: Trace) -> dict[str, bool]:
    """Return what must be known of a scan before these scales are scored, and whether it is."""
    days = math.nan if context.age_years is None else DAYS_PER_YEAR * context.age_years
    young = trace.below("age", days, "to_age")
    needs = {f"an age of less than {trace.limit('to_age'):g} days ({age_told(context)})": young}
    trace.note("born at term", f"{_birth(context)}: the scale is for term newborns")
    if not seen_by_reader(context):
        born = math.nan if context.postnatal_days is None else context.postnatal_days
        recent = trace.below("age since birth, for software that looks for low ADC", born, "diffusion_to_age")
        unknown = " (days since birth are not known)" if math.isnan(born) else ""
        seen = "ADC" in context.contrasts and recent
        needs[f"a reader's lesion, or ADC in the first two weeks{unknown}"] = seen
    return needs


def _birth(context: ScanContext) -> str:
    weeks = context.gestation_weeks
    return "not known here" if weeks is None else f"at {weeks:.4g} weeks of gestation"


def unless_arterial(tables: Tables, injury: Injury, criteria: Criteria) -> str | None:
    """Return a reason where an arterial infarct explains most of the lesion, or None."""
    found, _ = explained(tables, injury, criteria)
    main = max(found, key=lambda pattern: pattern.extent, default=None)
    if main is None or main.subgroup != "C3":
        return None
    return "an arterial infarct explains the lesion; the scale grades hypoxic-ischaemic injury"


def is_hit(injury: Injury, structure: str, trace: Trace) -> bool:
    """Tell whether either side of a structure is involved, and write down how much of it."""
    volume_mm3 = max(injury.structure(structure, [side]).lesion_mm3 for side in SIDES)
    rule = f"lesion of the {NAMES.get(structure, structure)}, larger side"
    return trace.at_least(rule, volume_mm3, "minimum_volume")


def cerebrum(injury: Injury) -> Amount:
    """Return the cortex and white matter of the hemispheres, without the internal capsule."""
    whole = injury.of(CEREBRUM)
    capsules = [injury.structure(name) for name in CAPSULES]
    return Amount(
        whole.lesion_mm3 - sum(amount.lesion_mm3 for amount in capsules),
        whole.region_mm3 - sum(amount.region_mm3 for amount in capsules),
    )


def zones(injury: Injury, trace: Trace) -> list[Fact]:
    """Tell of the anterior and the posterior border zone whether it is infarcted.

    Certain only where most of the lesion of cortex and white matter lies in the border zones.
    """
    whole_mm3 = cerebrum(injury).lesion_mm3
    share = 100 * in_zones_mm3(injury) / whole_mm3 if whole_mm3 > 0 else 0.0
    mostly = trace.at_least("lesion of cortex and white matter in border zones", share, "zone_share")
    facts = []
    for zone in WATERSHEDS:
        load = max(injury.structure(zone, [side]).load for side in SIDES)
        reached = trace.at_least(f"{zone.replace('_', ' ')}, larger side", load, "zone_load")
        facts.append(Fact(reached and mostly, reached))
    return facts


def in_zones_mm3(injury: Injury) -> float:
    """Return the lesion in the border zones of both sides."""
    return sum(injury.structure(zone).lesion_mm3 for zone in WATERSHEDS)


def apart(volume_mm3: float, beside_nuclei: bool, rule: str, trace: Trace) -> Fact:
    """Tell whether a lesion stands by itself; beside injured nuclei a small one may be their edge."""
    seen = trace.at_least(rule, volume_mm3, "minimum_volume")
    if not beside_nuclei:
        return Fact.known(seen)
    certain = seen and trace.at_least(f"{rule}, beside injured nuclei", volume_mm3, "apart_volume")
    return Fact(certain, seen)
