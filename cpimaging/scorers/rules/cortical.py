"""Cortex and border zones: C3 in one artery's territory, else C2."""

from collections.abc import Sequence

from cpimaging.scorers.attribution import (
    BORDER_ZONE,
    CENTRAL,
    CORTICAL,
    WATERSHEDS,
    of_side,
    percent_in,
    volume_mm3,
)
from cpimaging.scorers.patterns import TERRITORIES, Case, Pattern, added, only
from cpimaging.scorers.pieces import CORTEX, Piece
from cpimaging.words import HEMISPHERES as SIDES

INNER = ("periventricular", "deep", "callosum")
FOCUS = "a focus of one side"
FRONTAL = "frontal lobes of both sides"


def cortical(case: Case) -> list[Pattern]:
    """Find C3, an infarct of one side or of arteries on both, or C2: cortex and white matter.

    A focus of one side tells little: mostly of the cortex it is taken for a small infarct, else unexplained.
    Both frontal lobes outside of border zones are D, as contusions are.
    """
    outer, border = case.take(CORTICAL), case.take(BORDER_ZONE)
    pieces = [*outer, *border]
    volumes = {side: volume_mm3(of_side(pieces, side)) for side in SIDES}
    whole = sum(volumes.values())
    if whole < case.trace.limit("minimum_volume"):
        return []
    if min(volumes.values()) == 0 and whole < case.trace.limit("focus_volume"):
        return [_focus(case, pieces)]
    loads = added(case.borne_by("cortex", outer), case.loads(border)) if outer else case.loads(border)
    laterality = (volumes["left"] - volumes["right"]) / whole
    rule = "C3: cortical lesions of one side, |laterality|"
    if case.trace.at_least(rule, abs(laterality), "arterial_laterality"):
        side = "left" if laterality > 0 else "right"
        artery = _artery(case, of_side(pieces, side), side)
        subgroup, other = ("C3", "C2") if artery else ("C2", "C3")
        ground = "one artery" if artery else "cortex of one side"
        return [Pattern(subgroup, ground, side, artery, loads=loads, instead=(other,))]
    if artery := _arteries_of_both(case, pieces):
        return [Pattern("C3", "arteries of both sides", "both", artery, loads=loads, instead=("C2",))]
    ground = _ground(case, pieces)
    if ground == FRONTAL:
        return [Pattern("D", ground, "both", loads=loads, instead=("C2",))]
    return [Pattern("C2", ground, "both", loads=loads), *_periventricular_within(case, pieces)]


def _focus(case: Case, pieces: Sequence[Piece]) -> Pattern:
    """Return what a focus of one side makes: little is told from it."""
    side = pieces[0].side
    share = 100 * volume_mm3(pieces, *CORTEX) / volume_mm3(pieces)
    if case.trace.at_least("C3: a focus of one side, in the cortex", share, "most"):
        artery = _artery(case, pieces, side)
        return Pattern("C3", FOCUS, side, artery, loads=case.loads(pieces), instead=("C2", "D"))
    return Pattern("D", FOCUS, side, loads=case.loads(pieces), instead=("C3",))


def _ground(case: Case, pieces: Sequence[Piece]) -> str:
    """Say what speaks for C2 on both sides: border zones, cortex hit at large, or less."""
    zones = percent_in(WATERSHEDS, pieces)
    if zones >= case.trace.limit("watershed_share"):
        return "border zones of both sides"
    frontal = sum(piece.named.get("frontal_cortex", 0.0) for piece in pieces)
    loads = [
        100 * volume_mm3(of_side(pieces, side), *CORTEX) / max(case.injury.of(CORTEX, [side]).region_mm3, 1.0)
        for side in SIDES
    ]
    if min(loads) >= case.trace.limit("extensive_cortex_load"):
        return "cortex at large"
    mostly = 100 * frontal >= case.trace.limit("mimic_share") * volume_mm3(pieces, *CORTEX)
    if mostly and case.trace.below("both frontal lobes: in the border zones", zones, "watershed_spared"):
        return FRONTAL
    return "cortex of both sides"


def _best_territory(pieces: Sequence[Piece]) -> tuple[str, float]:
    shares = {name: percent_in([name], pieces) for name in TERRITORIES}
    best = max(shares, key=shares.__getitem__)
    return best, shares[best]


def _artery(case: Case, pieces: Sequence[Piece], side: str) -> str | None:
    """Return the artery in whose territory lesions of one side lie, "several", or None."""
    territory, share = _best_territory(pieces)
    artery = territory.removeprefix("territory_")
    if case.trace.at_least(f"C3: in the territory of the {side} {artery.upper()}", share, "territory_share"):
        return artery
    zones = percent_in(WATERSHEDS, pieces)
    if case.trace.at_least("C2: in the border zones instead", zones, "watershed_share"):
        return None
    nuclei = case.injured_nuclei(side, [*pieces, *case.kinds.get(CENTRAL, [])])
    case.trace.note("C3: several territories, with nuclei", ", ".join(nuclei) or "none", "ours [D]")
    return "several" if nuclei else None


def _arteries_of_both(case: Case, pieces: Sequence[Piece]) -> str | None:
    """Return the artery of infarcts on both sides, "several" where they differ, or None.

    Each side keeps to one territory, outside of border zones. They are infarcts if the arteries differ, since
    asphyxia and hypoglycaemia hit the same places on both sides, or if one of them fills its territory.
    """
    if percent_in(WATERSHEDS, pieces) >= case.trace.limit("watershed_share"):
        return None
    kept = [_best_territory(of_side(pieces, side)) for side in SIDES]
    rule = "C3 of both sides: in one territory, the less so"
    if not case.trace.at_least(rule, min(share for _, share in kept), "territory_share"):
        return None
    arteries = [territory.removeprefix("territory_") for territory, _ in kept]
    filled = [case.load(territory, side, pieces) for side, (territory, _) in zip(SIDES, kept, strict=True)]
    if arteries[0] != arteries[1]:
        case.trace.note("C3 of both sides: left and right artery", " and ".join(arteries), "ours [D]")
        return "several"
    fills = case.trace.at_least(
        "C3 of both sides: of the territory, fuller side", max(filled), "territory_load"
    )
    return arteries[0] if fills else None


def _periventricular_within(case: Case, pieces: Sequence[Piece]) -> list[Pattern]:
    """Find B1 within cortical lesions: on both sides the inner layer is hit more than the cortex."""
    for side in SIDES:
        own = of_side(pieces, side)
        inner, outer = (
            100 * volume_mm3(own, *parts) / max(case.injury.of(parts, [side]).region_mm3, 1.0)
            for parts in (("periventricular",), CORTEX)
        )
        if inner < case.trace.limit("periventricular_load") or inner <= outer:
            return []
    case.trace.note(
        "B1 within: the periventricular layer is hit more than the cortex", "both sides", "ours [D]"
    )
    loads = case.borne_by("white_matter", [only(piece, INNER) for piece in pieces])
    return [Pattern("B1", "periventricular within cortical lesions", "both", severity="mild", loads=loads)]
