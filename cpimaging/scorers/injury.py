"""The injury of one scan, summed from its tables as the scorers look at it."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from cpimaging.scorers.base import Tables, Trace
from cpimaging.scorers.words import down
from cpimaging.types import ScanContext, measures_of, rows_of
from cpimaging.words import CYST, LOBES
from cpimaging.words import HEMISPHERES as SIDES

WHOLE_OF = {"thalamus_ventrolateral": "thalamus", "putamen_posterior": "putamen"}
"""Parts that an atlas may cut out of a structure; they count with the whole as well."""

NUCLEI_NEEDED = frozenset({"thalamus", "putamen", "pallidum", "caudate", "hippocampus"})
NUCLEI = NUCLEI_NEEDED | {"subthalamic_nucleus"}
SUPRATENTORIAL = ("white_matter", "deep_grey", "cortex")
INFRATENTORIAL = ("brainstem", "cerebellum")
COMPARTMENTS = ("periventricular", "deep_white_matter", "nuclei", "perirolandic", "cortex", *INFRATENTORIAL)
"""The tissue of the brain, in the parts that the rules put together."""

REQUIRED = NUCLEI_NEEDED | {
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
        columns = ("structure", "side", "tissue", "lobe", "layer", "region_volume_mm3", "lesion_volume_mm3")
        everywhere = list(map(_Row._make, rows_of(tables.load, columns)))
        rows = [row for row in everywhere if not math.isnan(row.lesion_mm3)]
        self.all_searched = len(rows) == len(everywhere)
        self._lesions, self._parts = tables.lesions, tables.parts
        self.total_mm3 = sum(row.lesion_mm3 for row in rows if row.tissue != "overlay")
        self.outside_mm3 = sum(row.lesion_mm3 for row in rows if row.structure == "outside_brain")
        self._compartments: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        self._structures: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        self._volumes: dict[str, float] = defaultdict(float)
        self._tissues: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows:
            self._sort_in(row)
        self._measures = measures_of(tables.morphometry)

    def _sort_in(self, row: _Row) -> None:
        self._structures[(row.structure, row.side)].append(row)
        if row.structure in WHOLE_OF:
            self._structures[(WHOLE_OF[row.structure], row.side)].append(row)
        if row.tissue == "overlay":
            return
        part = compartment(row.structure, row.tissue, row.layer)
        self._compartments[(part, row.side)].append(row)
        self._tissues[(row.tissue, row.side)] += row.lesion_mm3
        self._volumes[row.tissue] += row.region_mm3

    def of(self, parts: Iterable[str], sides: Iterable[str] = (*SIDES, "midline")) -> Amount:
        """Sum compartments over sides."""
        return _sum(row for part in parts for side in sides for row in self._compartments[(part, side)])

    def class_mm3(self, tissue: str) -> float:
        """Return the volume of a class of tissue, both sides and midline."""
        return self._volumes.get(tissue, 0.0)

    def structure(self, name: str, sides: Iterable[str] = (*SIDES, "midline")) -> Amount:
        """Sum a structure with its parts; where the atlas has no such part, the whole stands for it."""
        rows = [row for side in sides for row in self._structures[(name, side)]]
        return _sum(rows) if rows or name not in WHOLE_OF else self.structure(WHOLE_OF[name], sides)

    def white_matter(self, lobe: str, layer: str, side: str) -> Amount:
        """Sum the white matter of one lobe, layer and side."""
        return _sum(
            row for row in self._structures[("white_matter", side)] if (row.lobe, row.layer) == (lobe, layer)
        )

    def layer_load(self, layer: str, side: str, lobes: Iterable[str] = LOBES) -> float:
        """Return the load of one layer of the white matter in some lobes of one side."""
        parts = [self.white_matter(lobe, layer, side) for lobe in lobes]
        return Amount(sum(part.lesion_mm3 for part in parts), sum(part.region_mm3 for part in parts)).load

    def has(self, name: str) -> bool:
        """Tell whether the atlas labels a structure."""
        return any(self._structures[(name, side)] for side in (*SIDES, "midline"))

    def lesion_mm3(self, tissues: Iterable[str], sides: Iterable[str] = (*SIDES, "midline")) -> float:
        """Sum the lesion in tissues over sides."""
        return sum(self._tissues[(tissue, side)] for tissue in tissues for side in sides)

    def laterality(self, tissues: Iterable[str] = SUPRATENTORIAL) -> float:
        """Return (L − R) / (L + R) of the lesion in some tissues; NaN where there is none."""
        left, right = (self.lesion_mm3(tissues, [side]) for side in SIDES)
        return (left - right) / (left + right) if left + right > 0 else float("nan")

    @cached_property
    def crossed(self) -> frozenset[str]:
        """Structures of the midline in which a lesion lies that holds tissue on either side of it."""
        rows = rows_of(self._parts, ("index", "side", "tissue", "structure", "volume_mm3"))
        held = [row for row in rows if row[2] not in ("overlay", "outside", "csf") and row[-1] > 0]
        sides: dict[int, set[str]] = defaultdict(set)
        for number, side, *_ in held:
            sides[number].add(side)
        return frozenset(
            structure
            for number, side, _, structure, _ in held
            if side == "midline" and sides[number].issuperset(SIDES)
        )

    @cached_property
    def cysts_mm3(self) -> Mapping[str, float]:
        """Volume in white matter of what software took for cysts, by side."""
        rows = rows_of(self._lesions, ("index", "source"))
        cysts = {number for number, source in rows if str(source).endswith(CYST)}
        volumes = dict.fromkeys(SIDES, 0.0)
        for number, side, tissue, mm3 in rows_of(self._parts, ("index", "side", "tissue", "volume_mm3")):
            if number in cysts and side in volumes and tissue == "white_matter":
                volumes[side] += mm3
        return volumes

    def measure(self, measure: str, structure: str, side: str) -> float:
        """Return a value of the morphometry table; NaN if not measured."""
        return float(self._measures.get((measure, structure, side), float("nan")))

    def ratio(self, group: str, side: str) -> float:
        """Return a volume relative to the template's, both as shares of the brain; NaN if not measured."""
        return self.measure("ratio_to_template", group, side)

    def ventricle_ratio(self) -> float:
        """Return the larger lateral ventricle relative to the template's; NaN if not measured."""
        ratios = [self.ratio("lateral_ventricle", side) for side in SIDES]
        return max((ratio for ratio in ratios if not math.isnan(ratio)), default=float("nan"))


KEPT = 64  # scans whose sums are kept: scorers, and their repetitions, ask one after another


@lru_cache(maxsize=KEPT)
def injury_of(tables: Tables) -> Injury:
    """Return the sums of a scan's tables; the last ones are kept, for its scorers ask one after another."""
    return Injury(tables)


def no_lesion(injury: Injury, trace: Trace) -> str | None:
    """Return why a mask cannot be that of a lesion, by where it lies, or None."""
    if injury.total_mm3 > 0 and injury.total_mm3 == injury.outside_mm3:
        return "the lesion lies outside of the brain"
    if injury.of(COMPARTMENTS).load >= trace.limit("whole_brain_load"):
        trace.at_least("lesion fills the brain, load", injury.of(COMPARTMENTS).load, "whole_brain_load")
        return "the lesion mask fills the brain"
    return None


def unusable(injury: Injury, trace: Trace) -> str | None:
    """Return why the tables of a scan cannot be judged, or None."""
    if reason := no_lesion(injury, trace):
        return reason
    parts = {
        "periventricular white matter": "periventricular",
        "deep grey matter": "nuclei",
        "cortex": "cortex",
    }
    unseen = [name for name, part in parts.items() if injury.of([part]).region_mm3 == 0]
    return f"not in the image: {', '.join(unseen)}" if unseen else None


def no_more_than_in_health(injury: Injury, context: ScanContext, trace: Trace) -> str | None:
    """Return a reason where software found so little that it may be nothing."""
    found_mm3 = injury.total_mm3 - injury.outside_mm3
    if context.lesion_source != "detected" or found_mm3 == 0:
        return None
    if trace.at_least("lesion found by software", found_mm3, _least_found(injury, context)):
        return None
    return f"software found {down(found_mm3)} mm3, no more than it may find in a healthy brain"


def _least_found(injury: Injury, context: ScanContext) -> str:
    """Return the criterion that says how much software must find; it finds more in health without FLAIR.

    A FLAIR that could not be searched leaves part of the brain unsearched. Below 24 months FLAIR is not
    searched, nor are T1w and T2w but for punctate lesions and cysts.
    """
    if context.age_years is not None and context.age_years < SEARCHED_FROM_YEARS:
        return "detected_volume"
    if "FLAIR" not in context.contrasts or not injury.all_searched:
        return "detected_volume_without_flair"
    return "detected_volume" if "T1w" in context.contrasts else "detected_volume_alone"


def _sum(rows: Iterable[_Row]) -> Amount:
    found = list(rows)
    return Amount(sum(row.lesion_mm3 for row in found), sum(row.region_mm3 for row in found))
