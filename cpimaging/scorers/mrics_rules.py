"""The rules of MRICS: each looks for one pattern and writes what it saw into the trace."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import (
    Injury,
    both_start_in_cortex,
    cortical_parts,
    deep_grey_load,
    dominance_index,
    has_loss,
    not_an_edge,
    starts_in_cortex,
    tissue_loss,
    white_matter_load,
)
from cpimaging.words import HEMISPHERES as SIDES

TERRITORIES = ("territory_aca", "territory_mca", "territory_pca")
WATERSHEDS = ("watershed_anterior", "watershed_posterior")
STRIATUM = ("caudate", "putamen", "pallidum")
CAPSULES = ("plic", "alic", "external_capsule")
CORE = ("thalamus_ventrolateral", "putamen_posterior")
ONE_SIDED = "one_sided_laterality"
BEYOND_CORE = ("pallidum", "caudate", "hippocampus", "perirolandic")


@dataclass(frozen=True)
class Pattern:
    """One pattern of the scheme. slight: seen, but too little to be named beside another."""

    subgroup: str
    side: str | None = None
    territory: str | None = None
    severity: str | None = None
    slight: bool = False

    @property
    def group(self) -> str:
        """The letter of the main group."""
        return self.subgroup[0]


def arterial(injury: Injury, trace: Trace) -> Pattern | None:
    """Rule 3: one artery's territory on one side, reaching the cortex, or its deep branches."""
    laterality = injury.laterality()
    if not trace.at_least("rule 3, C3: one side, |laterality|", abs(laterality), "arterial_laterality"):
        return None
    side = "left" if laterality > 0 else "right"
    cortex = injury.share(injury.of(["cortex", "perirolandic"], [side]).lesion_mm3)
    if not trace.at_least("rule 3, C3: lesion in the cortex", cortex, "cortex_reached"):
        return _lenticulostriate(injury, trace, side)
    shares = {name: injury.share(injury.structure(name, [side]).lesion_mm3) for name in TERRITORIES}
    best = max(shares, key=lambda name: shares[name])
    artery = best.removeprefix("territory_")
    rule = f"rule 3, C3: lesion in the territory of the {side} {artery.upper()}"
    if trace.at_least(rule, shares[best], "territory_share"):
        return Pattern("C3", side, artery)
    nuclei = injury.of(["nuclei"], [side]).load
    if trace.at_least("rule 3, C3: several territories and the deep grey", nuclei, "nucleus_load"):
        return Pattern("C3", side, "several")
    return None


def _lenticulostriate(injury: Injury, trace: Trace, side: str) -> Pattern | None:
    """Find a deep infarct of the middle cerebral artery: striatum and capsule, thalamus spared."""
    striatum = max(injury.structure(name, [side]).load for name in STRIATUM)
    thalamus = injury.structure("thalamus", [side]).load
    capsules_mm3 = sum(injury.structure(name, [side]).lesion_mm3 for name in CAPSULES)
    deep = injury.share(injury.of(["nuclei"], [side]).lesion_mm3 + capsules_mm3)
    holds = (
        trace.at_least("rule 3, C3 deep: striatum", striatum, "nucleus_load")
        and trace.below("rule 3, C3 deep: thalamus spared", thalamus, "nucleus_load")
        and trace.at_least("rule 3, C3 deep: lesion in deep grey and capsules", deep, "deep_share")
    )
    if not holds:
        return None
    trace.note("rule 3, C3 deep: less certain than an infarct that reaches the cortex", "deep", "ours [D]")
    return Pattern("C3", side, "mca")


def venous(injury: Injury, trace: Trace) -> Pattern | None:
    """Rule 4: white matter of one side, joined to the ventricle, cortex spared; B3 if both sides are hit."""
    laterality = injury.laterality(["white_matter"])
    one = trace.at_least("rule 4, B2: one side, |laterality of white matter|", abs(laterality), ONE_SIDED)
    outer = [injury.of(["deep_white_matter"], [side]).load for side in SIDES]
    fan = trace.at_least(
        "rule 4, B3: one side has more beyond the periventricular layer",
        abs(outer[0] - outer[1]),
        "fan_excess",
    )
    if not one and not fan:
        return None
    side, other = SIDES if (laterality if one else outer[0] - outer[1]) > 0 else SIDES[::-1]
    white = injury.share(injury.lesion_mm3(["white_matter"]))
    cortex = injury.share(injury.of(["cortex", "perirolandic"]).lesion_mm3)
    load = injury.of(["periventricular"], [side]).load
    holds = (
        trace.at_least("rule 4, B2: lesion in the white matter", white, "white_matter_share")
        and trace.below("rule 4, B2: cortex spared, lesion in it", cortex, "cortex_reached")
        and trace.at_least(
            "rule 4, B2: white matter predominates, index",
            _uneven_index(injury, trace, side),
            "balanced_index",
        )
        and trace.at_least("rule 4, B2: load of periventricular white matter", load, "periventricular_load")
        and trace.at_least(
            "rule 4, B2: one lesion, not many: share of the largest", _largest(injury, side), "largest_share"
        )
        and trace.below(
            "rule 4, B2: joined to the ventricle", _distance_mm(injury, side), "joined_to_ventricle"
        )
    )
    if not holds:
        return None
    counterpart = injury.of(["periventricular"], [other])
    both = trace.at_least(
        "rule 4, B3: other side, periventricular load", counterpart.load, "periventricular_load"
    ) and trace.at_least(
        "rule 4, B3: other side, periventricular lesion", counterpart.lesion_mm3, "minimum_volume"
    )
    if both:
        return Pattern("B3", "both") if fan else None
    return Pattern("B2", side) if one else None


def _uneven_index(injury: Injury, trace: Trace, side: str) -> float:
    """Return the index of one side; what the other has as well of deep grey does not count."""
    deep = {each: deep_grey_load(injury, trace, [each]) for each in SIDES}
    uneven = deep[side] - min(deep.values())
    return dominance_index(white_matter_load(injury, trace, [side]), uneven)


def _largest(injury: Injury, side: str) -> float:
    """Return the largest lesion of one side as percent of all there; NaN where there is none."""
    volumes_mm3 = injury.lesions.loc[injury.lesions["side"] == side, "volume_mm3"]
    whole_mm3 = float(volumes_mm3.sum())
    return 100 * float(volumes_mm3.max()) / whole_mm3 if whole_mm3 > 0 else float("nan")


def _distance_mm(injury: Injury, side: str) -> float:
    """Return how near the lesions of one side come to the lateral ventricle."""
    return float(injury.lesions.loc[injury.lesions["side"] == side, "distance_ventricle_mm"].min())


def basal_ganglia_thalamus(injury: Injury, trace: Trace) -> Pattern | None:
    """Rule 5: ventrolateral thalamus or posterior putamen on both sides; graded by what else is hit."""
    smaller = {name: min(injury.structure(name, [side]).load for side in SIDES) for name in CORE}
    core = [
        name
        for name, load in smaller.items()
        if trace.at_least(f"rule 5, C1: {_words(injury, name)}, less injured side", load, "nucleus_load")
    ]
    if not core:
        return _pallidal(injury, trace)
    beyond = [
        name
        for name in BEYOND_CORE
        if trace.at_least(f"rule 5, C1 severe: {name}", injury.structure(name).load, "nucleus_load")
    ]
    stem = injury.of(["brainstem"]).load
    severe = trace.at_least("rule 5, C1 severe: brainstem", stem, "minimum_class_load") or bool(beyond)
    return Pattern("C1", "both", severity="severe" if severe else "moderate" if len(core) == 2 else "mild")


def _pallidal(injury: Injury, trace: Trace) -> Pattern | None:
    """Find pallidal injury on both sides without the core of the ischaemic pattern."""
    pallidum = min(injury.structure("pallidum", [side]).load for side in SIDES)
    putamen = injury.structure("putamen").load
    holds = trace.at_least(
        "rule 5, C1: pallidum, less injured side", pallidum, "nucleus_load"
    ) and trace.below("rule 5, C1: putamen spared", putamen, "nucleus_load")
    if not holds:
        return None
    trace.note("pallidum dominates: consider kernicterus or metabolic causes", pallidum, "AJNR A7948 [S]")
    return Pattern("C1", "both")


def _words(injury: Injury, part: str) -> str:
    text = part.replace("_", " ")
    return text if injury.has(part) else f"{text} (not in this atlas: the whole structure)"


def cortico_subcortical(injury: Injury, trace: Trace) -> Pattern | None:
    """Rule 6: cortex and the white matter below it, deep grey spared or the cortex hit at large."""
    rule = "rule 6, C2"
    cortex = injury.of(cortical_parts(injury, trace))
    border_mm3 = sum(injury.structure(name).lesion_mm3 for name in WATERSHEDS)
    reached = starts_in_cortex(injury, trace, rule) or (
        trace.at_least(f"{rule}: or lesion in the border zones", injury.share(border_mm3), "watershed_share")
        and trace.at_least(f"{rule}: that reaches cortex", injury.share(cortex.lesion_mm3), "cortex_reached")
        and not_an_edge(injury, trace, rule)
    )
    if not reached:
        return None
    nuclei = injury.of(["nuclei"]).load
    own = (
        trace.below(f"{rule}: deep grey spared, load", nuclei, "nucleus_load")
        or trace.at_least(f"{rule}: or the cortex hit at large, load", cortex.load, "extensive_cortex_load")
        or both_start_in_cortex(injury, trace, rule)
    )
    if not own:
        return None
    laterality = injury.laterality()
    one_sided = abs(laterality) >= trace.limit("one_sided_laterality")
    return Pattern("C2", ("left" if laterality > 0 else "right") if one_sided else "both")


def periventricular(injury: Injury, trace: Trace) -> Pattern | None:
    """Rule 7: periventricular lesion, foci near the ventricle, or loss of white matter on both sides."""
    slight = False
    for side in SIDES:
        amount = injury.of(["periventricular"], [side])
        loss = tissue_loss(injury, trace, side)
        if loss > 0:
            trace.note(f"rule 7, B1: white matter lost, {side}, %", loss)
        elif not trace.at_least(
            f"rule 7, B1: periventricular lesion, {side}", amount.lesion_mm3, "minimum_volume"
        ) and not _foci(injury, trace, side):
            return None
        slight = slight or amount.load + loss < trace.limit("periventricular_load")
    ratio = injury.ventricle_ratio()
    severe = trace.at_least("rule 7, B1 severe: larger ventricle", ratio, "severe_ventricle_ratio")
    measured = not math.isnan(ratio)
    lost = has_loss(injury, trace)
    severity = "severe" if severe or lost else "mild" if measured else None
    return Pattern("B1", "both", severity=severity, slight=slight)


def _foci(injury: Injury, trace: Trace, side: str) -> bool:
    """Find foci of white matter that come near the ventricle: too small to fill the periventricular layer."""
    white = injury.share(injury.lesion_mm3(["white_matter"]))
    if not trace.at_least(
        "rule 7, B1: or foci, lesion in the white matter", white, "foci_white_matter_share"
    ):
        return False
    near = injury.lesions["distance_ventricle_mm"] < trace.limit("foci_distance")
    volume_mm3 = float(injury.lesions.loc[near & (injury.lesions["side"] == side), "volume_mm3"].sum())
    return trace.at_least(f"rule 7, B1: foci near the ventricle, {side}", volume_mm3, "minimum_volume")


RULES: tuple[Callable[[Injury, Trace], Pattern | None], ...] = (
    arterial,
    venous,
    basal_ganglia_thalamus,
    cortico_subcortical,
    periventricular,
)
"""In the order in which they are tried."""
