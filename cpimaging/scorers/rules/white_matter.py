"""White matter beside the ventricles: B1, B2, B3."""

import math
from collections.abc import Sequence

from cpimaging.scorers.attribution import PERIVENTRICULAR, of_side, volume_mm3
from cpimaging.scorers.base import Trace
from cpimaging.scorers.loss import beyond_norms
from cpimaging.scorers.patterns import Case, Pattern
from cpimaging.scorers.pieces import WHITE, Piece
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOBES


def periventricular(case: Case) -> list[Pattern]:
    """Find B1 on both sides, B3 where one side has a venous infarct besides, B2 or B1 on one side alone."""
    trace, pieces = case.trace, case.take(PERIVENTRICULAR)
    volumes = {side: volume_mm3(of_side(pieces, side)) for side in SIDES}
    whole, least = sum(volumes.values()), trace.limit("minimum_volume")
    if whole < least:
        return []
    for side, volume in volumes.items():
        trace.note(f"B: periventricular lesion, {side}, mm3", volume)
    loads = case.borne_by("white_matter", pieces)
    fans = [side for side in SIDES if _is_fan(case, of_side(pieces, side), side)]
    if min(volumes.values()) >= least:
        if len(fans) == 1 and _outdoes(pieces, fans[0], trace):
            return [Pattern("B3", "both sides, one more", "both", loads=loads, instead=("B1",))]
        uneven = abs(volumes["left"] - volumes["right"]) >= trace.limit("one_sided_laterality") * whole
        instead = ("B2",) if len(fans) == 2 else ("B3",) if uneven or fans else ()
        ground = "both sides, in doubt" if instead else "both sides"
        return [Pattern("B1", ground, "both", severity=_grade(case, pieces), loads=loads, instead=instead)]
    side = max(SIDES, key=volumes.__getitem__)
    if fans or _is_venous(of_side(pieces, side), trace):
        return [
            Pattern(
                "B2",
                "one side, a fan" if fans else "one side, one lesion",
                side,
                loads=loads,
                instead=_unless_known(pieces, "B1"),
            )
        ]
    other = _unless_known(pieces, "B2")
    return [Pattern("B1", "one side", side, severity=_grade(case, pieces), loads=loads, instead=other)]


def _unless_known(pieces: Sequence[Piece], subgroup: str) -> tuple[str, ...]:
    """Return what the pattern may be as well, as long as nobody knows whether the lesion is hollow."""
    return (subgroup,) if any(math.isnan(piece.hollow) for piece in pieces) else ()


def _single(pieces: Sequence[Piece], trace: Trace) -> Piece | None:
    """Return the one lesion that touches the ventricle and holds most of a side, or None."""
    largest = max(pieces, key=lambda piece: piece.tissue_mm3, default=None)
    if largest is None or largest.distance_mm >= trace.limit("joined_to_ventricle"):
        return None
    most = 100 * largest.tissue_mm3 >= trace.limit("most") * volume_mm3(pieces)
    return largest if most else None


def _is_fan(case: Case, pieces: Sequence[Piece], side: str) -> bool:
    """Tell whether a single lesion is hollow, or fans out from the ventricle to the outer white matter."""
    single = _single(pieces, case.trace)
    if single is None:
        return False
    if _is_hollow(single, case.trace):
        return True
    outer = single.of("subcortical")
    layer = sum(case.injury.white_matter(lobe, "subcortical", side).region_mm3 for lobe in LOBES)
    share, load = 100 * outer / single.tissue_mm3, 100 * outer / layer if layer > 0 else 0.0
    return case.trace.at_least(f"B2: {side}, one lesion that fans out, subcortical", share, "fan_share") and (
        case.trace.at_least(f"B2: {side}, one lesion that fans out, of the outer layer", load, "fan_load")
    )


def _is_hollow(piece: Piece, trace: Trace) -> bool:
    large = piece.tissue_mm3 >= trace.limit("venous_frontal_volume")
    return (
        trace.at_least(f"B2: {piece.side}, cavity or blood in one lesion", piece.hollow, "hollow_share")
        and large
    )


def _outdoes(pieces: Sequence[Piece], side: str, trace: Trace) -> bool:
    """Tell whether one side alone is hollow, or has several times the other's lesion, most of all outside.

    Confluent injury of both sides that reaches farther out on one of them is uneven, no venous infarct: that
    adds a lesion of its own to what both sides have.
    """
    (opposite,) = set(SIDES) - {side}
    hollow = {one: any(_is_hollow(piece, trace) for piece in of_side(pieces, one)) for one in SIDES}
    if hollow[side] and not hollow[opposite]:
        return True
    outer = {one: volume_mm3(of_side(pieces, one), "subcortical") for one in SIDES}
    whole = {one: volume_mm3(of_side(pieces, one)) for one in SIDES}
    ratio, more = (volumes[side] / max(volumes[opposite], 1.0) for volumes in (outer, whole))
    return trace.at_least("B3: outer white matter, times the other side's", ratio, "fan_ratio") and (
        trace.at_least("B3: all of the lesion, times the other side's", more, "fan_whole_ratio")
    )


def _is_venous(pieces: Sequence[Piece], trace: Trace) -> bool:
    """Tell whether a single lesion of one side is large and no rim, or lies at the frontal horn.

    Never known gliosis, nor a rim that keeps to the ventricle however long it is.
    The germinal matrix lies and bleeds beside the frontal horn; gliosis of one side lies at the trigone.
    """
    single = _single(pieces, trace)
    if single is None or single.hollow < trace.limit("hollow_share"):
        return False
    lobes = {lobe: single.named.get(f"white_matter_{lobe}", 0.0) for lobe in LOBES}
    frontal = 100 * lobes["frontal"] / max(sum(lobes.values()), 1.0)
    outer = 100 * single.of("subcortical") / single.tissue_mm3
    large = trace.at_least("B2: one lesion of one side", single.tissue_mm3, "venous_volume")
    if large and trace.at_least("B2: and no rim, below the cortex", outer, "rim_share"):
        return True
    return trace.at_least("B2: or in the frontal lobe", frontal, "most") and trace.at_least(
        "B2: and not punctate", single.tissue_mm3, "venous_frontal_volume"
    )


def _grade(case: Case, pieces: Sequence[Piece]) -> str:
    """Grade B1: severe if much is lesion, both sides are hollow, or tissue is lost; else mild."""
    white = case.injury.class_mm3("white_matter")
    load = 100 * volume_mm3(pieces, *WHITE) / white if white > 0 else 0.0
    extensive = case.trace.at_least("B1 severe: of the white matter", load, "severe_white_load")
    limit = case.trace.limit("hollow_share")
    cystic = all(any(piece.hollow >= limit for piece in of_side(pieces, side)) for side in SIDES)
    return "severe" if beyond_norms(case.injury, case.trace) or extensive or cystic else "mild"
