"""The injury of one scan, summed from its tables as the scorers look at it."""

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from cpimaging.scorers.base import Tables, Trace
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES

WHOLE_OF = {"thalamus_ventrolateral": "thalamus", "putamen_posterior": "putamen"}
"""Parts that an atlas may cut out of a structure; they count with the whole as well."""

NUCLEI = frozenset({"thalamus", "putamen", "pallidum", "caudate", "hippocampus"})
SUPRATENTORIAL = ("white_matter", "deep_grey", "cortex")
INFRATENTORIAL = ("brainstem", "cerebellum")
COMPARTMENTS = ("periventricular", "deep_white_matter", "nuclei", "perirolandic", "cortex", *INFRATENTORIAL)
"""The tissue of the brain, in the parts that the rules put together."""

REQUIRED = NUCLEI | {
    "white_matter",
    "perirolandic",
    "frontal_cortex",
    "parietal_cortex",
    "temporal_cortex",
    "occipital_cortex",
    "midbrain",
    "pons",
    "medulla",
    "cerebellum_cortex",
}
"""Structures without which the compartments would be incomplete."""


SEARCHED_FROM_YEARS = 2.0  # below, white matter that is not yet myelinated looks like injury


class Amount(NamedTuple):
    """Lesion and tissue of some part of the brain, in mm³."""

    lesion_mm3: float
    region_mm3: float

    @property
    def load(self) -> float:
        """Lesion as percent of the tissue; NaN where the part is not in the image."""
        return 100 * self.lesion_mm3 / self.region_mm3 if self.region_mm3 > 0 else float("nan")

    def with_part(self, other: "Amount") -> "Amount":
        """Return the sum of two parts."""
        return Amount(self.lesion_mm3 + other.lesion_mm3, self.region_mm3 + other.region_mm3)


class _Row(NamedTuple):
    structure: str
    side: str
    tissue: str
    lobe: str
    layer: str
    region_mm3: float
    lesion_mm3: float


def compartment(structure: str, tissue: str, layer: str) -> str:
    """Return the compartment of a row: finer than the classes, so that they can be put together."""
    if tissue == "white_matter":
        pure = structure == "white_matter" and layer == "periventricular"
        return "periventricular" if pure else "deep_white_matter"
    if WHOLE_OF.get(structure, structure) in NUCLEI:
        return "nuclei"
    if structure == "perirolandic":
        return "perirolandic"
    return tissue if tissue in {"cortex", "brainstem", "cerebellum"} else "other"


class Injury:
    """Sums of one scan's lesion, asked for by compartment, structure, tissue and side.

    Rows that were not searched count as not in the image.
    """

    def __init__(self, tables: Tables) -> None:
        columns = ["structure", "side", "tissue", "lobe", "layer", "region_volume_mm3", "lesion_volume_mm3"]
        everywhere = list(map(_Row, *(tables.load[name].tolist() for name in columns)))
        rows = [row for row in everywhere if not math.isnan(row.lesion_mm3)]
        self.all_searched = len(rows) == len(everywhere)
        self.lesions: pd.DataFrame = tables.lesions
        self.total_mm3 = sum(row.lesion_mm3 for row in rows if row.tissue != "overlay")
        self.outside_mm3 = sum(row.lesion_mm3 for row in rows if row.structure == "outside_brain")
        self._compartments: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        self._structures: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        self._tissues: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows:
            self._sort_in(row)
        measures = (tables.morphometry[name].tolist() for name in ("measure", "structure", "side", "value"))
        self._ratios: dict[tuple[str, str], float] = {
            (structure, side): value
            for measure, structure, side, value in zip(*measures, strict=True)
            if measure == "ratio_to_template"
        }

    def _sort_in(self, row: _Row) -> None:
        self._structures[(row.structure, row.side)].append(row)
        if row.structure in WHOLE_OF:
            self._structures[(WHOLE_OF[row.structure], row.side)].append(row)
        if row.tissue == "overlay":
            return
        part = compartment(row.structure, row.tissue, row.layer)
        self._compartments[(part, row.side)].append(row)
        self._tissues[(row.tissue, row.side)] += row.lesion_mm3

    def of(self, parts: Iterable[str], sides: Iterable[str] = (*SIDES, "midline")) -> Amount:
        """Sum compartments over sides."""
        return _sum(row for part in parts for side in sides for row in self._compartments[(part, side)])

    def highest_load(self, parts: Iterable[str], least_mm3: float) -> float:
        """Return the load of the most affected row that holds `least_mm3` of lesion; 0 if none does."""
        rows = [
            row for part in parts for side in (*SIDES, "midline") for row in self._compartments[(part, side)]
        ]
        return max((_sum([row]).load for row in rows if row.lesion_mm3 >= least_mm3), default=0.0)

    def structure(self, name: str, sides: Iterable[str] = (*SIDES, "midline")) -> Amount:
        """Sum a structure with its parts; where the atlas has no such part, the whole stands for it."""
        rows = [row for side in sides for row in self._structures[(name, side)]]
        return _sum(rows) if rows or name not in WHOLE_OF else self.structure(WHOLE_OF[name], sides)

    def white_matter(self, lobe: str, layer: str, side: str) -> Amount:
        """Sum the white matter of one lobe, layer and side."""
        return _sum(
            row for row in self._structures[("white_matter", side)] if (row.lobe, row.layer) == (lobe, layer)
        )

    def has(self, name: str) -> bool:
        """Tell whether the atlas labels a structure."""
        return any(self._structures[(name, side)] for side in (*SIDES, "midline"))

    def lesion_mm3(self, tissues: Iterable[str], sides: Iterable[str] = (*SIDES, "midline")) -> float:
        """Sum the lesion in tissues over sides."""
        return sum(self._tissues[(tissue, side)] for tissue in tissues for side in sides)

    def share(self, part_mm3: float) -> float:
        """Return a volume as percent of the lesion in cerebral tissue; NaN where there is none."""
        whole = self.lesion_mm3(SUPRATENTORIAL)
        return 100 * part_mm3 / whole if whole > 0 else float("nan")

    def laterality(self, tissues: Iterable[str] = SUPRATENTORIAL) -> float:
        """Return (L − R) / (L + R) of the lesion in some tissues; NaN where there is none."""
        left, right = (self.lesion_mm3(tissues, [side]) for side in SIDES)
        return (left - right) / (left + right) if left + right > 0 else float("nan")

    def ratio(self, group: str, side: str) -> float:
        """Return a volume relative to the template's, both as shares of the brain; NaN if not measured."""
        return float(self._ratios.get((group, side), float("nan")))

    def ventricle_ratio(self) -> float:
        """Return the larger lateral ventricle relative to the template's; NaN if not measured."""
        ratios = [self.ratio("lateral_ventricle", side) for side in SIDES]
        return max((ratio for ratio in ratios if not math.isnan(ratio)), default=float("nan"))


@lru_cache(maxsize=1)
def injury_of(tables: Tables) -> Injury:
    """Return the sums of a scan's tables; the last ones are kept, for its scorers ask one after another."""
    return Injury(tables)


def unusable(injury: Injury, trace: Trace) -> str | None:
    """Return why the tables of a scan cannot be judged, or None."""
    if injury.total_mm3 > 0 and injury.total_mm3 == injury.outside_mm3:
        return "the lesion lies outside of the brain"
    parts = {
        "periventricular white matter": "periventricular",
        "deep grey matter": "nuclei",
        "cortex": "cortex",
    }
    if injury.of(COMPARTMENTS).load >= trace.limit("whole_brain_load"):
        trace.at_least("lesion fills the brain, load", injury.of(COMPARTMENTS).load, "whole_brain_load")
        return "the lesion mask fills the brain"
    unseen = [name for name, part in parts.items() if injury.of([part]).region_mm3 == 0]
    return f"not in the image: {', '.join(unseen)}" if unseen else None


def no_more_than_in_health(injury: Injury, context: ScanContext, trace: Trace) -> str | None:
    """Return a reason where software found so little that it may be nothing."""
    found_mm3 = injury.total_mm3 - injury.outside_mm3
    if context.lesion_source != "detected" or found_mm3 == 0:
        return None
    if trace.at_least("lesion found by software", found_mm3, _least_found(injury, context)):
        return None
    return f"software found {found_mm3:.0f} mm3, no more than it may find in a healthy brain"


def too_little(injury: Injury, context: ScanContext, trace: Trace) -> str | None:
    """Return a reason where what software found may be nothing, unless lost tissue speaks for itself."""
    return None if has_loss(injury, trace) else no_more_than_in_health(injury, context, trace)


def _least_found(injury: Injury, context: ScanContext) -> str:
    """Return the criterion that says how much software must find; it finds more in health without FLAIR.

    A FLAIR that could not be searched leaves part of the brain unsearched. Below 24 months FLAIR is not
    searched, nor are T1w and T2w but for punctate lesions.
    """
    if context.age_years is not None and context.age_years < SEARCHED_FROM_YEARS:
        return "detected_volume"
    if "FLAIR" not in context.contrasts or not injury.all_searched:
        return "detected_volume_without_flair"
    return "detected_volume" if "T1w" in context.contrasts else "detected_volume_alone"


def _sum(rows: Iterable[_Row]) -> Amount:
    found = list(rows)
    return Amount(sum(row.lesion_mm3 for row in found), sum(row.region_mm3 for row in found))


def tissue_loss(injury: Injury, trace: Trace, side: str) -> float:
    """Return the white matter lost on one side, in percent; 0 unless the ventricle is large as well."""
    ventricle, white = injury.ratio("lateral_ventricle", side), injury.ratio("white_matter", side)
    large = ventricle >= trace.limit("loss_ventricle_ratio")
    thin = white < trace.limit("loss_white_matter_ratio")
    return 100 * (1 - white) if large and thin else 0.0


def has_loss(injury: Injury, trace: Trace) -> bool:
    """Tell whether white matter is lost on either side."""
    return any(tissue_loss(injury, trace, side) > 0 for side in SIDES)


def rolandic_is_deep_grey(injury: Injury, trace: Trace) -> bool:
    """Tell whether perirolandic injury goes with the deep grey: nuclei are injured on both sides."""
    enough = trace.limit("minimum_class_load"), trace.limit("minimum_structure_load")
    return all(
        injury.of(["nuclei"], [side]).load >= enough[0]
        or any(injury.structure(name, [side]).load >= enough[1] for name in NUCLEI)
        for side in SIDES
    )


def deep_grey_load(injury: Injury, trace: Trace, sides: Iterable[str] = SIDES) -> float:
    """Return the load of the deep grey; perirolandic cortex may add to it, its sparing does not dilute it."""
    chosen = tuple(sides)
    nuclei = injury.of(["nuclei"], chosen).load
    if not rolandic_is_deep_grey(injury, trace):
        return nuclei
    return max(nuclei, injury.of(["nuclei", "perirolandic"], chosen).load)


def white_matter_load(injury: Injury, trace: Trace, sides: Iterable[str] = SIDES) -> float:
    """Return the load of the white matter: periventricular, part of the rest, and tissue lost."""
    chosen = tuple(sides)
    rest = injury.of(["deep_white_matter"], (*chosen, "midline") if len(chosen) > 1 else chosen)
    loss = sum(tissue_loss(injury, trace, side) for side in chosen) / len(chosen)
    weight = trace.limit("deep_white_matter_weight")
    return injury.of(["periventricular"], chosen).load + weight * rest.load + loss


def dominance_index(white: float, deep: float) -> float:
    """Return (white − deep) / (white + deep); NaN where both are 0."""
    return (white - deep) / (white + deep) if white + deep > 0 else float("nan")


def cortical_parts(injury: Injury, trace: Trace) -> list[str]:
    """Return the compartments that count as cortex in this scan."""
    return ["cortex"] if rolandic_is_deep_grey(injury, trace) else ["cortex", "perirolandic"]


def starts_in_cortex(injury: Injury, trace: Trace, rule: str) -> bool:
    """Tell whether the lesion comes from the cortex: a fair share of it lies there, not just an edge."""
    cortex = injury.of(cortical_parts(injury, trace))
    share = injury.share(cortex.lesion_mm3)
    return trace.at_least(f"{rule}: lesion in the cortex", share, "cortical_share") and not_an_edge(
        injury, trace, rule
    )


def not_an_edge(injury: Injury, trace: Trace, rule: str) -> bool:
    """Tell whether the cortex is hit in earnest, compared with the periventricular white matter."""
    cortex = injury.of(cortical_parts(injury, trace)).load
    both = cortex + injury.of(["periventricular"]).load
    share = 100 * cortex / both if both > 0 else float("nan")
    earnest = trace.at_least(
        f"{rule}: cortex, of its and the periventricular load", share, "cortex_share_of_loads"
    )
    return earnest or both_start_in_cortex(injury, trace, rule)


def both_start_in_cortex(injury: Injury, trace: Trace, rule: str) -> bool:
    """Tell whether a fair share of the lesion lies in the cortex on either side: no edge of another one."""
    parts = cortical_parts(injury, trace)
    for side in SIDES:
        whole_mm3 = injury.lesion_mm3(SUPRATENTORIAL, [side])
        cortex_mm3 = injury.of(parts, [side]).lesion_mm3
        share = 100 * cortex_mm3 / whole_mm3 if whole_mm3 > 0 else float("nan")
        if not trace.at_least(f"{rule}: or of the {side} lesion in the cortex", share, "cortical_share"):
            return False
        if not trace.at_least(f"{rule}: {side} cortex", cortex_mm3, "minimum_volume"):
            return False
    return True
