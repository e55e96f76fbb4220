"""Brain abnormality at term-equivalent age (Kidokoro 2013): signal as lesion, size as lengths and areas."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from cpimaging.scorers.base import NEWBORN, Trace
from cpimaging.scorers.injury import REQUIRED, Injury
from cpimaging.scorers.scales.evaluate import Item, Scale, seen_by_reader, source
from cpimaging.scorers.scales.record import scale_scorer
from cpimaging.scorers.words import down
from cpimaging.types import ScanContext
from cpimaging.words import HEMISPHERES as SIDES

WHITE, CORTEX, DEEP, CEREBELLUM = "white matter", "cortex", "deep grey matter", "cerebellum"
PARTS = {
    WHITE: ("periventricular", "deep_white_matter"),
    CORTEX: ("cortex", "perirolandic"),
    DEEP: ("nuclei",),
    CEREBELLUM: ("cerebellum",),
}
"""Sections of the scale, and the compartments of the load table whose lesion their signal is read from."""
MOST_SIGNAL = {
    WHITE: "most_signal_white",
    CORTEX: "most_signal_cortex",
    DEEP: "most_signal_deep",
    CEREBELLUM: "most_signal_cerebellum",
}

ABSENT = "not in the atlas, not in the image or not searched"
UNSEEN = "software found no lesion there, which is no proof that there is none"
KIND = "focal or extensive, punctate or linear: tables do not tell"
APART = "may be the edge of injured nuclei, or of a cyst, which counts by itself"
CYSTS = "cysts are not told from other lesion in the tables"
EXTENT = "focal or extensive: tables do not tell, and software misses cysts"
GYRI = "the delay of gyri in weeks is not measured"
MYELIN = "the corona radiata is not measured, the internal capsule by its sign alone"
SIZE = "not measured in this image"
NEAR = "within an error of the limit, about half a voxel"
AREA = "measured without the capsule between the nuclei, so that it may be small by that alone"


def _needs(context: ScanContext, trace: Trace) -> dict[str, bool]:
    weeks = math.nan if context.pma_weeks is None else context.pma_weeks
    told = "not known" if context.pma_weeks is None else f"here {down(context.pma_weeks, 1)}"
    least, end = trace.limit("from_pma"), trace.limit("to_pma")
    old = trace.at_least("postmenstrual age", weeks, "from_pma")
    young = trace.below("postmenstrual age", weeks, "to_pma")
    return {f"a postmenstrual age of {least:g} to less than {end:g} weeks ({told})": old and young}


def _items(injury: Injury, trace: Trace, context: ScanContext) -> Iterator[Item]:
    yield _cysts(injury, trace, context)
    yield _signal(injury, trace, context, WHITE)
    yield _myelin(injury, trace)
    yield _callosum(injury, trace)
    yield _ventricles(injury, trace)
    yield _size(injury, trace, context, "biparietal width", ("biparietal_width", "brain"), WHITE)
    yield _signal(injury, trace, context, CORTEX)
    yield _item(trace, "gyral maturation", CORTEX, math.nan, "", (0, None), "most_gyri", why=GYRI)
    yield _size(
        injury, trace, context, "interhemispheric distance", ("interhemispheric_distance", "brain"), CORTEX
    )
    yield _signal(injury, trace, context, DEEP)
    yield _size(injury, trace, context, "deep grey area", ("deep_grey_area", "deep_grey"), DEEP)
    yield _signal(injury, trace, context, CEREBELLUM)
    yield _size(
        injury, trace, context, "cerebellar diameter", ("transcerebellar_diameter", "cerebellum"), CEREBELLUM
    )


def _item(
    trace: Trace,
    name: str,
    section: str,
    measured: float | str,
    unit: str,
    steps: tuple[int, int | None],
    most: str,
    limit: str = "n/a",
    why: str | None = None,
) -> Item:
    """Return an item. steps: at least and at most so many of the scale, None its highest.

    most: the criterion that holds its highest points.
    """
    highest = trace.points(most)
    low, high = (
        highest if count is None else trace.points(f"step_{count}") if count else 0.0 for count in steps
    )
    return Item(
        name=name,
        side="midline",
        section=section,
        measured=measured,
        unit=unit,
        limit=limit,
        points=(low, high),
        highest=highest,
        source=source(trace, most),
        why=why if low < high else None,
    )


def _signal(injury: Injury, trace: Trace, context: ScanContext, section: str) -> Item:
    """Return the item of a tissue's signal: how many sides are hit is measured, how it looks is not."""
    whole = injury.of(PARTS[section])
    sides = [injury.of(PARTS[section], [side]).lesion_mm3 for side in SIDES]
    seen = trace.limit("minimum_volume")
    hit = sum(volume >= seen for volume in sides) or int(whole.lesion_mm3 >= seen)
    beside = section != DEEP and injury.of(PARTS[DEEP]).lesion_mm3 >= seen
    sure = trace.limit("apart_volume") if beside else seen
    certain = sum(volume >= sure for volume in sides) or int(whole.lesion_mm3 >= sure)
    if section in (WHITE, CORTEX) and sum(injury.cysts_mm3.values()) >= seen:
        certain = 0  # software's cyst and its edge count as a cyst
    reader = seen_by_reader(context)
    least = min(certain, 1) if section == WHITE else certain
    high = 3 if reader and hit == 1 else 0 if reader and hit == 0 else None
    why = APART if certain < hit else KIND if hit else UNSEEN
    if whole.region_mm3 == 0:
        least, high, why = 0, None, ABSENT
    limit = f"{trace.limit('minimum_volume'):g} mm3 of one side (ours)"
    name = f"signal of {section}"
    return _item(trace, name, section, whole.load, "%", (least, high), MOST_SIGNAL[section], limit, why)


def _cysts(injury: Injury, trace: Trace, context: ScanContext) -> Item:
    """Return the item of cysts: on how many sides software found one is known, how far they go is not."""
    white = injury.of(PARTS[WHITE])
    none = seen_by_reader(context) and white.region_mm3 > 0 and white.lesion_mm3 == 0
    least = trace.limit("minimum_volume")
    sides = sum(volume >= least for volume in injury.cysts_mm3.values())
    ends = (sides, 0 if none else None)
    told = f"found by software on {sides} of 2 sides" if sides else math.nan
    limit, why = (f"{least:g} mm3 of one side (ours)", EXTENT) if sides else ("n/a", CYSTS)
    return _item(trace, "cystic lesions", WHITE, told, "", ends, "most_cysts", limit, why)


def _myelin(injury: Injury, trace: Trace) -> Item:
    signs = [injury.measure("plic_sign", "plic", side) for side in SIDES]
    ends = {2.0: (0, 1), 0.0: (1, 2)}.get(sum(signs), (0, 2))
    told = "n/a" if any(map(math.isnan, signs)) else f"bright on {sum(signs):.0f} of 2 sides"
    return _item(
        trace,
        "myelination delay",
        WHITE,
        told,
        "",
        ends,
        "most_myelination",
        "the limb brighter than the putamen on T1w",
        MYELIN,
    )


def _callosum(injury: Injury, trace: Trace) -> Item:
    """Return the item of the callosum: one step for genu or body, one for the splenium."""
    genu, body, splenium = (
        injury.measure("callosal_thickness", f"corpus_callosum_{part}", "midline")
        for part in ("genu", "body", "splenium")
    )
    thin, rear_thin = trace.limit("thin_front"), trace.limit("thin_rear")
    error = trace.limit("thickness_error")
    front = [_below(value, thin, error) for value in (genu, body)]
    rear = _below(splenium, rear_thin, error)
    low = max(ends[0] for ends in front) + rear[0]
    high = max(ends[1] for ends in front) + rear[1]
    told = f"{genu:.1f}, {body:.1f}, {splenium:.1f} mm"
    limit = f"below {thin:g} mm in genu or body, {rear_thin:g} mm in the splenium"
    name = "thinning of the corpus callosum"
    why = SIZE if any(map(math.isnan, (genu, body, splenium))) else NEAR
    return _item(trace, name, WHITE, told, "", (low, high), "most_callosum", limit, why)


def _below(value: float, limit: float, error: float) -> tuple[int, int]:
    """Return at least and at most how often a value that may be off by an error lies below a limit."""
    return (0, 1) if math.isnan(value) else (int(value + error < limit), int(value - error < limit))


def _ventricles(injury: Injury, trace: Trace) -> Item:
    widths = [injury.measure("atrial_width", "lateral_ventricle_trigone", side) for side in SIDES]
    limits = [trace.limit(name) for name in ("wide_atrium", "very_wide_atrium")]
    classes = [
        range(3) if math.isnan(width) else [sum(width >= limit for limit in limits)] for width in widths
    ]
    steps = [_dilated(*both) for both in product(*classes)]
    told = ", ".join("n/a" if math.isnan(width) else f"{width:.1f}" for width in widths) + " mm"
    ends = (min(steps), max(steps))
    limit = f"from {limits[0]:g} and {limits[1]:g} mm, each side"
    name = "dilated lateral ventricles"
    return _item(trace, name, WHITE, told, "", ends, "most_ventricles", limit, SIZE)


def _dilated(one: int, other: int) -> int:
    """Return the step of two ventricles, each 0 (narrow), 1 (wide) or 2 (very wide)."""
    if one == other == 2:
        return 3
    return 2 if 2 in (one, other) or one == other == 1 else int(one + other > 0)


SIZES: Mapping[str, tuple[Sequence[str], str, str]] = {
    "biparietal_width": (
        ("biparietal_1", "biparietal_2", "biparietal_3"),
        "biparietal_per_week",
        "most_biparietal",
    ),
    "interhemispheric_distance": (("gap_1", "gap_2", "gap_3"), "", "most_gap"),
    "deep_grey_area": (("deep_grey_1", "deep_grey_2", "deep_grey_3"), "deep_grey_per_week", "most_deep_grey"),
    "transcerebellar_diameter": (
        ("cerebellum_1", "cerebellum_2", "cerebellum_3"),
        "cerebellum_per_week",
        "most_cerebellum",
    ),
}
"""Measure -> its limits, mild first, what is taken off for each week past term, and its steps."""


def _size(
    injury: Injury, trace: Trace, context: ScanContext, name: str, measure: tuple[str, str], section: str
) -> Item:
    """Return the item of a size, corrected to 40 weeks."""
    limits, per_week, most = SIZES[measure[0]]
    value = injury.measure(*measure, "midline")
    if per_week and context.pma_weeks is not None:
        value -= trace.limit(per_week) * (context.pma_weeks - trace.limit("term"))
    compare = trace.at_least if not per_week else trace.below
    step = sum(compare(f"{name}, at 40 weeks", value, limit) for limit in limits)
    least, high, why = (0, None, SIZE) if math.isnan(value) else (step, step, None)
    if measure[0] == "deep_grey_area" and step and not math.isnan(value):
        least, why = 0, AREA
    unit = trace.criteria[limits[0]]["unit"]
    limit = (
        f"{'below' if per_week else 'from'} {', '.join(f'{trace.limit(each):g}' for each in limits)} {unit}"
    )
    return _item(trace, name, section, value, unit, (least, high), most, limit, why)


SCORER = scale_scorer(
    Scale("kidokoro", frozenset(REQUIRED), _needs, _items, by_size=True),
    __file__,
    title="Kidokoro",
    ages="36 to 42 weeks postmenstrual age, on a template of the age",
    example=NEWBORN,
)
"""Kidokoro et al. 2013, AJNR 34:2208: points and limits were not verified; how it is measured is ours."""
