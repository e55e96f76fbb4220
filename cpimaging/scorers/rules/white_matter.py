"""White matter beside the ventricles: B1, B2, B3."""

import math
from collections.abc import Sequence
from dataclasses import replace

from cpimaging.scorers.attribution import PERIVENTRICULAR, UNEXPLAINED, crossing, of_side, volume_mm3
from cpimaging.scorers.base import Trace
from cpimaging.scorers.loss import beyond_norms
from cpimaging.scorers.patterns import Case, Pattern
from cpimaging.scorers.pieces import WHITE, Piece
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOBES


def periventricular(case: Case) -> list[Pattern]:
    """Find B1 on both sides, B3 where one has a venous infarct besides, B2 where there is nothing else.

    Neither the callosum alone nor one lesion that crosses in it is periventricular: they stay unexplained.
    """
    trace, through = case.trace, crossing(case.kinds.get(PERIVENTRICULAR, []), case.trace)
    case.kinds.setdefault(UNEXPLAINED, []).extend(
        case.take(PERIVENTRICULAR, lambda one: one.number in through)
    )
    pieces = case.take(PERIVENTRICULAR)
    volumes = {side: volume_mm3(of_side(pieces, side)) for side in SIDES}
    whole, least = sum(volumes.values()), trace.limit("minimum_volume")
    if whole < least:
        return []
    callosal = 100 * volume_mm3(pieces, "callosum") / whole
    if trace.at_least("B: of the periventricular lesion, callosum", callosal, "callosum_alone"):
        case.kinds.setdefault(UNEXPLAINED, []).extend(pieces)
        return []
    for side, volume in volumes.items():
        trace.note(f"B: periventricular lesion, {side}, mm3", volume)
    loads = case.borne_by("white_matter", pieces)
    fans = [side for side in SIDES if _is_fan(case, of_side(pieces, side), side)]
    if min(volumes.values()) >= least:
        return [replace(_of_both(case, pieces, fans), side="both", loads=loads)]
    side = max(SIDES, key=volumes.__getitem__)
    if fans or _is_venous(of_side(pieces, side), trace):
        ground = "one side, a fan" if fans else "one side, one lesion"
        return [Pattern("B2", ground, side, loads=loads, instead=_unless_known(pieces, "B1"))]
    other = _unless_known(pieces, "B2")
    return [Pattern("B1", "one side", side, severity=_grade(case, pieces), loads=loads, instead=other)]


def _of_both(case: Case, pieces: Sequence[Piece], fans: Sequence[str]) -> Pattern:
    """Return what lesions of both sides make: venous infarcts, injury around the ventricles, or both."""
    trace = case.trace
    sides = [of_side(pieces, side) for side in SIDES]
    reaching = fans or any(_is_large(_single(own, trace), trace) for own in sides)
    if reaching and not _is_extensive(case, pieces) and all(_is_before_trigone(own, trace) for own in sides):
        return Pattern("B2", "both sides, one lesion each", instead=_unless_known(pieces, "B1"))
    if len(fans) == 1 and _outdoes(pieces, fans[0], trace):
        return Pattern("B3", "both sides, one more", instead=("B1",))
    left, right = map(volume_mm3, sides)
    uneven = abs(left - right) >= trace.limit("one_sided_laterality") * (left + right)
    instead = ("B2",) if len(fans) == 2 else ("B3",) if uneven or fans else ()
    doubt = "both sides, a fan among them" if fans else "both sides, uneven"
    return Pattern("B1", doubt if instead else "both sides", severity=_grade(case, pieces), instead=instead)


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
    """Tell whether a single lesion of one side is large and no rim, or lies before the trigone.

    Never known gliosis, nor a rim that keeps to the ventricle however long it is.
    """
    single = _single(pieces, trace)
    if single is None or single.hollow < trace.limit("hollow_share"):
        return False
    return _is_large(single, trace) or _is_before_trigone(pieces, trace)


def _is_large(single: Piece | None, trace: Trace) -> bool:
    """Tell whether a single lesion is large, and no rim."""
    if single is None:
        return False
    outer = 100 * single.of("subcortical") / single.tissue_mm3
    large = trace.at_least("B2: one lesion of one side", single.tissue_mm3, "venous_volume")
    return large and trace.at_least("B2: and no rim, below the cortex", outer, "rim_share")


def _is_before_trigone(pieces: Sequence[Piece], trace: Trace) -> bool:
    """Tell whether a side has a single lesion, not punctate, at the frontal horn or the ventricle's body.

    The germinal matrix lies and bleeds there; gliosis lies at the trigone, or along the whole ventricle.
    """
    single = _single(pieces, trace)
    if single is None:
        return False
    lobes = {lobe: single.named.get(f"white_matter_{lobe}", 0.0) for lobe in LOBES}
    whole = max(sum(lobes.values()), 1.0)
    frontal, behind = 100 * lobes["frontal"] / whole, 100 * (lobes["temporal"] + lobes["occipital"]) / whole
    return (
        trace.at_least("B2: one lesion, in the frontal lobe", frontal, "venous_frontal_share")
        and trace.below("B2: and in the lobes behind it", behind, "venous_behind_share")
        and trace.at_least("B2: and not punctate", single.tissue_mm3, "venous_frontal_volume")
    )


def _grade(case: Case, pieces: Sequence[Piece]) -> str:
    """Grade B1: severe if much is lesion, both sides are hollow, or tissue is lost; else mild."""
    extensive = _is_extensive(case, pieces)
    limit = case.trace.limit("hollow_share")
    cystic = all(any(piece.hollow >= limit for piece in of_side(pieces, side)) for side in SIDES)
    return "severe" if beyond_norms(case.injury, case.trace) or extensive or cystic else "mild"


def _is_extensive(case: Case, pieces: Sequence[Piece]) -> bool:
    white = case.injury.class_mm3("white_matter")
    load = 100 * volume_mm3(pieces, *WHITE) / white if white > 0 else 0.0
    return case.trace.at_least("B1 severe: of the white matter", load, "severe_white_load")
