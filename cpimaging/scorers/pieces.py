"""The pieces of a lesion as the rules look at them: what one lesion holds on one side."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cpimaging.scorers.base import Tables
from cpimaging.scorers.injury import KEPT, NUCLEI, WHOLE_OF
from cpimaging.types import Table, rows_of
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LAYERS

CAPSULES = ("plic", "alic", "external_capsule")
MIDLINE_WHITE = ("corpus_callosum", "fornix")
WHITE = (*LAYERS, "callosum", "capsule")
DEEP = ("nuclei", "other_deep")
CORTEX = ("cortex", "perirolandic")
CLASSES: Mapping[str, tuple[str, ...]] = {
    "white_matter": WHITE,
    "deep_grey": DEEP,
    "cortex": CORTEX,
    "brainstem": ("brainstem",),
    "cerebellum": ("cerebellum",),
}
"""Classes of tissue, and the compartments of a piece that belong to them."""


@dataclass(frozen=True)
class Piece:
    """What one lesion holds on one side of the brain, in mm³.

    number: of the lesion. distance_mm: its least distance from the lateral ventricle. hollow: how much of the
    lesion is cavity or blood, in percent, NaN where nobody knows. parts: by compartment, as in CLASSES.
    named: by structure, by overlay, and by the lobe of its white matter.
    """

    number: int
    side: str
    distance_mm: float
    hollow: float
    parts: Mapping[str, float]
    named: Mapping[str, float]

    def of(self, *parts: str) -> float:
        """Sum compartments."""
        return sum(self.parts.get(part, 0.0) for part in parts)

    @cached_property
    def tissue_mm3(self) -> float:
        """All of it that lies in tissue."""
        return sum(self.parts.values())

    def share(self, *parts: str) -> float:
        """Return compartments as percent of the piece; NaN where it holds no tissue."""
        whole = self.tissue_mm3
        return 100 * self.of(*parts) / whole if whole > 0 else float("nan")


def compartment(structure: str, tissue: str, layer: str) -> str | None:
    """Return the compartment of a cell; None outside of tissue."""
    if tissue == "white_matter":
        if structure in CAPSULES:
            return "capsule"
        return "callosum" if structure.startswith(MIDLINE_WHITE) or layer not in LAYERS else layer
    if tissue == "deep_grey":
        return "nuclei" if WHOLE_OF.get(structure, structure) in NUCLEI else "other_deep"
    if tissue == "cortex":
        return "perirolandic" if structure == "perirolandic" else "cortex"
    return tissue if tissue in CLASSES else None


@lru_cache(maxsize=KEPT)
def pieces_of(tables: Tables) -> tuple[Piece, ...]:
    """Return the pieces of a scan's lesions, by the lesion's number, left before right.

    The last ones are kept, for scorers ask one after another. What lies in structures of the midline goes to
    the sides as the rest of that lesion does. A piece of no tissue is left out.
    """
    names = ("index", "structure", "side", "tissue", "lobe", "layer", "volume_mm3")
    parts: dict[tuple[int, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    named: dict[tuple[int, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for number, structure, side, tissue, lobe, layer, volume in rows_of(tables.parts, names):
        part, key = compartment(structure, tissue, layer), (number, side)
        for name in {structure, WHOLE_OF.get(structure, structure)}:
            named[key][name] += volume
        if part is not None:
            parts[key][part] += volume
            if structure == "white_matter":
                named[key][f"white_matter_{lobe}"] += volume
    of_lesion = _facts(tables.lesions)
    numbers = sorted({number for number, _ in parts})
    found = [
        Piece(number, side, *of_lesion[number], *_with_midline(number, side, parts, named))
        for number in numbers
        for side in SIDES
    ]
    return tuple(piece for piece in found if piece.tissue_mm3 > 0)


def _facts(lesions: Table) -> dict[int, tuple[float, float]]:
    """Return distance from the ventricle, and cavity with blood in percent, by the number of the lesion."""
    names = ("index", "distance_ventricle_mm", "cavity_percent", "blood_percent")
    return {
        number: (mm, cavity + (0.0 if blood != blood else blood))
        for number, mm, cavity, blood in rows_of(lesions, names)
    }


Sums = Mapping[tuple[int, str], Mapping[str, float]]


def _with_midline(
    number: int, side: str, parts: Sums, named: Sums
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return the sums of one side with its share of what lies on the midline."""
    own = {one: sum(parts.get((number, one), {}).values()) for one in SIDES}
    whole = sum(own.values())
    share = own[side] / whole if whole > 0 else 0.5
    return tuple(  # type: ignore[return-value]
        _sum(((sums.get((number, side), {}), 1.0), (sums.get((number, "midline"), {}), share)))
        for sums in (parts, named)
    )


def _sum(weighted: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    out: dict[str, float] = defaultdict(float)
    for sums, weight in weighted:
        for name, volume in sums.items():
            out[name] += weight * volume
    return {name: volume for name, volume in out.items() if volume > 0}
