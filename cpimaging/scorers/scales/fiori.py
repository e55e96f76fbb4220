"""Semi-quantitative scale of brain MRI in cerebral palsy (sqMRI, Fiori 2014): 0 to 40 points."""

import math
from collections.abc import Iterator
from dataclasses import replace

from cpimaging.scorers.base import CHILD, Trace
from cpimaging.scorers.injury import REQUIRED, Amount, Injury
from cpimaging.scorers.scales.evaluate import Item, Scale, age_told, seen_by_reader, source
from cpimaging.scorers.scales.record import scale_scorer
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOBES

LAYERS = {"periventricular": "periventricular", "deep": "middle", "subcortical": "cortico-subcortical"}
"""Layers of the load table, and what the scale calls them."""
BETWEEN_LOBES = ("perirolandic", "cingulate")
"""Cortex that lies partly in the frontal, partly in the parietal lobe; tables do not part it."""
DEEP = {
    "caudate": ("caudate",),
    "lenticular nucleus": ("putamen", "pallidum"),
    "thalamus": ("thalamus",),
    "posterior limb of the internal capsule": ("plic",),
}
CALLOSUM = {"anterior": "genu", "middle": "body", "posterior": "splenium"}
HEMISPHERE = ("cerebellum_cortex", "cerebellum_white_matter", "dentate")

ABSENT = "not in the atlas, not in the image or not searched"
LITTLE = "little lesion, which may be the edge of another one"
TWO_LOBES = "lesion in perirolandic or cingulate cortex, which lies in two lobes"
THIN = "no lesion in it; whether it is thin is not judged, for lack of norms"
ONE_SIDED = "lesion of its fibres that does not cross the midline"
NO_SIDES = "lesion in a part of the brainstem that has no sides in the tables"


def _needs(context: ScanContext, trace: Trace) -> dict[str, bool]:
    months = math.nan if context.age_years is None else 12 * context.age_years
    old_enough = f"an age of {trace.limit('from_age'):g} months or more ({age_told(context)})"
    sees_gliosis = bool({"T2w", "FLAIR"} & set(context.contrasts))
    return {
        old_enough: trace.at_least("age", months, "from_age"),
        "T2w or FLAIR where no reader drew the lesion": seen_by_reader(context) or sees_gliosis,
    }


def _items(injury: Injury, trace: Trace, _: ScanContext) -> Iterator[Item]:
    for side in SIDES:
        for lobe in LOBES:
            for layer in LAYERS:
                yield _layer(injury, trace, side, lobe, layer)
    for side in SIDES:
        for name, structures in DEEP.items():
            yield _structure(name, side, "basal ganglia and brainstem", _sum(injury, structures, side), trace)
    yield _brainstem(injury, trace)
    for name, part in CALLOSUM.items():
        yield _callosum(injury, trace, name, f"corpus_callosum_{part}")
    yield _structure("vermis", "midline", "cerebellum", injury.structure("vermis"), trace)
    for side in SIDES:
        amount = _sum(injury, HEMISPHERE, side)
        yield _structure("cerebellar hemisphere", side, "cerebellum", amount, trace)


def _sum(injury: Injury, structures: tuple[str, ...], side: str) -> Amount:
    amounts = [injury.structure(name, [side]) for name in structures]
    return Amount(sum(a.lesion_mm3 for a in amounts), sum(a.region_mm3 for a in amounts))


def _layer(injury: Injury, trace: Trace, side: str, lobe: str, layer: str) -> Item:
    """Return the item of one layer of a lobe; the outer one holds the cortex as well."""
    amount, more_mm3 = injury.white_matter(lobe, layer, side), 0.0
    absent = amount.region_mm3 == 0
    if layer == "subcortical":
        amount = amount.with_part(injury.structure(f"{lobe}_cortex", [side]))
        if lobe in ("frontal", "parietal"):
            more_mm3 = _sum(injury, BETWEEN_LOBES, side).lesion_mm3
    highest = trace.points("layer_most_points")
    least = _layer_points(amount, trace) if _is_certain(amount, trace) else 0.0
    most = highest if absent else _layer_points(amount.with_part(Amount(more_mm3, more_mm3)), trace)
    doubt = LITTLE if _is_seen(amount, trace) else TWO_LOBES
    return Item(
        name=f"{lobe}, {LAYERS[layer]}",
        side=side,
        section=f"{side} hemisphere",
        measured=amount.load,
        unit="%",
        limit=f"{_enough(trace)}; 1 point: more than {trace.limit('layer_most'):g} %",
        points=(least, most),
        highest=highest,
        source=source(trace, "layer_most"),
        why=ABSENT if absent else doubt if most > least else None,
    )


def _layer_points(amount: Amount, trace: Trace) -> float:
    if not _is_seen(amount, trace):
        return 0.0
    more = amount.load > trace.limit("layer_most")
    return trace.points("layer_most_points" if more else "layer_part_points")


def _is_seen(amount: Amount, trace: Trace) -> bool:
    return amount.lesion_mm3 >= trace.limit("minimum_volume")


def _is_certain(amount: Amount, trace: Trace) -> bool:
    return _is_seen(amount, trace) and amount.load >= trace.limit("certain_load")


def _enough(trace: Trace) -> str:
    return f"{trace.limit('minimum_volume'):g} mm3 and {trace.limit('certain_load'):g} % (ours)"


def _structure(
    name: str, side: str, section: str, amount: Amount, trace: Trace, unseen: str | None = None
) -> Item:
    """Return the item of a structure; unseen: why no lesion does not mean no points."""
    highest = trace.points("structure_points")
    least = highest if _is_certain(amount, trace) else 0.0
    doubt = LITTLE if _is_seen(amount, trace) else unseen
    why = ABSENT if amount.region_mm3 == 0 else doubt if least == 0 else None
    return Item(
        name=name,
        side=side,
        section=section,
        measured=amount.load,
        unit="%",
        limit=_enough(trace),
        points=(least, highest if why else least),
        highest=highest,
        source=source(trace, "structure_points"),
        why=why,
    )


def _callosum(injury: Injury, trace: Trace, name: str, structure: str) -> Item:
    """Return the item of a part of the callosum; lesion of its fibres far from the midline leaves it open."""
    amount = injury.structure(structure)
    item = _structure(f"corpus callosum, {name}", "midline", "corpus callosum", amount, trace, THIN)
    if item.points[0] == 0 or structure in injury.crossed:
        return item
    return replace(item, points=(0.0, item.highest), why=ONE_SIDED)


def _brainstem(injury: Injury, trace: Trace) -> Item:
    """Return both items of the brainstem as one: a lesion without a side is on one of them at least."""
    amount, sideless = injury.of(["brainstem"]), injury.of(["brainstem"], ["midline"])
    each = [injury.of(["brainstem"], [side]) for side in SIDES]
    one = trace.points("structure_points")
    absent, unknown = amount.region_mm3 == 0, _is_seen(sideless, trace)
    least = one * (sum(_is_certain(part, trace) for part in each) or _is_certain(amount, trace))
    seen = 2 if absent or unknown else sum(_is_seen(part, trace) for part in each)
    most = one * max(seen, _is_seen(amount, trace))
    doubt = NO_SIDES if unknown and least else LITTLE
    return Item(
        name="brainstem, both sides",
        side="midline",
        section="basal ganglia and brainstem",
        measured=amount.load,
        unit="%",
        limit=_enough(trace),
        points=(least, most),
        highest=2 * one,
        source=source(trace, "structure_points"),
        why=ABSENT if absent else doubt if least < most else None,
    )


SCORER = scale_scorer(
    Scale("fiori", frozenset(REQUIRED), _needs, _items),
    __file__,
    title="Fiori sqMRI",
    ages="from 24 months",
    example=CHILD,
)
"""Fiori et al. 2014, Dev Med Child Neurol 56:839; the limits in voxels are ours."""
