"""What no pattern of the scheme explains: D, as a whole or as a rest."""

from cpimaging.scorers.attribution import (
    INFRATENTORIAL,
    UNEXPLAINED,
    WATERSHEDS,
    of_side,
    percent_in,
    volume_mm3,
)
from cpimaging.scorers.patterns import Case, Pattern
from cpimaging.scorers.pieces import CORTEX, WHITE
from cpimaging.words import HEMISPHERES as SIDES

INFRATENTORIAL_PARTS = ("brainstem", "cerebellum")
BEHIND, BEFORE = ("parietal", "occipital"), ("frontal",)


def rest(case: Case) -> list[Pattern]:
    """Return D for what nothing explains, and for what lies below the tentorium."""
    pieces = [*case.take(UNEXPLAINED), *case.take(INFRATENTORIAL)]
    below = volume_mm3(pieces, *INFRATENTORIAL_PARTS) >= volume_mm3(pieces) / 2
    ground = "below the tentorium" if below else "unexplained"
    enough = volume_mm3(pieces) >= case.trace.limit("minimum_volume")
    return [Pattern("D", ground, loads=case.loads(pieces))] if enough else []


def unlike_any(case: Case) -> str | None:
    """Return what the lesion is as a whole, where no pattern of the scheme explains that; else None."""
    if _scattered(case):
        return "scattered foci"
    return "confluent white matter" if _confluent(case) else None


def _scattered(case: Case) -> bool:
    """Tell whether there are many small foci of three or more kinds that border zones do not explain."""
    trace, pieces = case.trace, [piece for some in case.kinds.values() for piece in some]
    whole = volume_mm3(pieces)
    if len(pieces) < trace.limit("scattered_count") or whole == 0:
        return False
    largest = 100 * max(piece.tissue_mm3 for piece in pieces) / whole
    least = trace.limit("scattered_kind") * whole
    several = [kind for kind, some in case.kinds.items() if 100 * volume_mm3(some) >= least]
    if not (
        trace.below("many foci: share of the largest", largest, "scattered_largest")
        and trace.at_least("many foci: kinds of injury", len(several), "scattered_kinds")
    ):
        return False
    if INFRATENTORIAL in several:
        trace.note("many foci: some below the tentorium", "yes", "no border zone of the brain; ours [D]")
        return True
    return trace.below("many foci: in the border zones", percent_in(WATERSHEDS, pieces), "watershed_share")


def _confluent(case: Case) -> bool:
    """Tell whether white matter is lesion up to the cortex on both sides: in front, or behind.

    Behind, less of it is enough where one lesion of both sides takes the splenium along.
    """
    injury, trace = case.injury, case.trace
    if not trace.below("white matter up to the cortex: cortex", injury.of(CORTEX).load, "cortex_spared"):
        return False
    before, behind = (
        [injury.layer_load("subcortical", side, lobes) for side in SIDES] for lobes in (BEFORE, BEHIND)
    )
    for where, loads in (("in front", before), ("behind", behind)):
        rule = f"white matter up to the cortex {where}, less injured side"
        if trace.at_least(rule, min(loads), "confluent_load"):
            return True
    splenium = injury.structure("corpus_callosum_splenium").load
    return (
        trace.at_least("splenium", splenium, "splenium_load")
        and trace.at_least("of the white matter lesion, subcortical", _outer_share(case), "most")
        and trace.at_least("one lesion of both sides, smaller half", _crossing_mm3(case), "crossing_volume")
        and trace.at_least("and behind, less injured side", min(behind), "posterior_load")
        and trace.at_least(
            "the same, times the frontal one", min(behind) / max(*before, 0.01), "posterior_ratio"
        )
    )


def _outer_share(case: Case) -> float:
    pieces = [piece for some in case.kinds.values() for piece in some]
    white = volume_mm3(pieces, *WHITE)
    return 100 * volume_mm3(pieces, "subcortical") / white if white > 0 else 0.0


def _crossing_mm3(case: Case) -> float:
    """Return the smaller half, left or right, of the lesion that reaches farthest to both sides."""
    pieces = [piece for some in case.kinds.values() for piece in some]
    halves: dict[int, dict[str, float]] = {piece.number: dict.fromkeys(SIDES, 0.0) for piece in pieces}
    for side in SIDES:
        for piece in of_side(pieces, side):
            halves[piece.number][side] += piece.tissue_mm3
    return max((min(half.values()) for half in halves.values()), default=0.0)
