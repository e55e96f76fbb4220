"""Every piece of a lesion goes to the kind of injury that explains where it lies."""

from collections.abc import Iterable, Mapping, Sequence

from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.pieces import CLASSES, CORTEX, DEEP, WHITE, Piece

PERIVENTRICULAR = "periventricular"
BORDER_ZONE = "border zone"
CORTICAL = "cortical"
CENTRAL = "central grey"
INFRATENTORIAL = "infratentorial"
UNEXPLAINED = "unexplained"
WATERSHEDS = ("watershed_anterior", "watershed_posterior")
TOLD = 8
"""So many pieces of a lesion are told one by one in the trace."""

Attribution = Mapping[str, list[Piece]]
"""The pieces of each kind."""


def attribute(pieces: Sequence[Piece], trace: Trace) -> Attribution:
    """Return the pieces by kind, and tell the largest ones in the trace."""
    found: dict[str, list[Piece]] = {}
    told = set(sorted((-piece.tissue_mm3, place) for place, piece in enumerate(pieces))[:TOLD])
    for place, piece in enumerate(pieces):
        kind, why = kind_of(piece, trace)
        found.setdefault(kind, []).append(piece)
        if (-piece.tissue_mm3, place) in told:
            rule = f"lesion {piece.number}, {piece.side}, {piece.tissue_mm3 / 1000:.2f} ml: {kind}"
            trace.note(rule, why, "ours [D]")
    return found


def kind_of(piece: Piece, trace: Trace) -> tuple[str, str]:
    """Return the kind of one piece, and the reason: the first of these sentences that is true.

    Half of it lies below the tentorium. Half of it lies in nuclei and capsules. A fair share of it lies in
    the cortex. It is white matter that touches the ventricle, lies in the inner layers, or is a focus near
    it. It is white matter within the border zones between arteries.
    """
    if piece.share("brainstem", "cerebellum") >= trace.limit("most"):
        return INFRATENTORIAL, "most of it lies below the tentorium"
    if piece.share(*DEEP, "capsule") >= trace.limit("most"):
        return CENTRAL, "most of it lies in nuclei and capsules"
    joined = piece.distance_mm < trace.limit("joined_to_ventricle")
    if piece.share(*CORTEX) >= trace.limit("joined_cortical_share" if joined else "cortical_share"):
        return CORTICAL, f"{piece.share(*CORTEX):.0f} % of it lies in the cortex"
    if joined:
        return PERIVENTRICULAR, f"white matter, {piece.distance_mm:.1f} mm from the ventricle"
    white = piece.of(*WHITE)
    inner = 100 * (white - piece.of("subcortical")) / white if white > 0 else 0.0
    near = piece.distance_mm < trace.limit("foci_distance")
    if near and inner >= trace.limit("most"):
        return PERIVENTRICULAR, f"inner white matter, {piece.distance_mm:.1f} mm from the ventricle"
    if near and piece.tissue_mm3 < trace.limit("focus_volume"):
        return PERIVENTRICULAR, f"a focus {piece.distance_mm:.1f} mm from the ventricle"
    zones = percent_in(WATERSHEDS, [piece])
    if zones >= trace.limit("watershed_share"):
        return BORDER_ZONE, f"white matter, {zones:.0f} % of it in the border zones between arteries"
    return (
        UNEXPLAINED,
        f"white matter, {piece.distance_mm:.1f} mm from the ventricle, outside of border zones",
    )


def percent_in(names: Iterable[str], pieces: Iterable[Piece]) -> float:
    """Return what lies in some structures or overlays, as percent of the pieces' supratentorial tissue."""
    some = list(pieces)
    whole = sum(piece.of(*WHITE, *DEEP, *CORTEX) for piece in some)
    inside = sum(piece.named.get(name, 0.0) for name in names for piece in some)
    return 100 * inside / whole if whole > 0 else 0.0


def volume_mm3(pieces: Iterable[Piece], *parts: str) -> float:
    """Sum the pieces, or some of their compartments."""
    return sum(piece.of(*parts) if parts else piece.tissue_mm3 for piece in pieces)


def of_side(pieces: Iterable[Piece], side: str) -> list[Piece]:
    """Return the pieces of one side."""
    return [piece for piece in pieces if piece.side == side]


def crossing(pieces: Iterable[Piece], trace: Trace) -> set[int]:
    """Return the numbers of lesions that lie on both sides and to a fair share in the callosum."""
    lesions: dict[int, list[Piece]] = {}
    for piece in pieces:
        lesions.setdefault(piece.number, []).append(piece)
    return {
        number
        for number, halves in lesions.items()
        if len(halves) > 1
        and min(half.tissue_mm3 for half in halves) >= trace.limit("crossing_volume")
        and 100 * volume_mm3(halves, "callosum") >= trace.limit("crossing_share") * volume_mm3(halves)
    }


def loads_of(pieces: Iterable[Piece], injury: Injury) -> dict[str, float]:
    """Return pieces as percent of each class of tissue, by class.

    Classes are whole: all white matter, all cortex, all nuclei, the brainstem, the cerebellum; so the size of
    no layer counts. Ours: relative to the tissue, since a millilitre of nuclei weighs more than one of
    cortex (Martinez-Biarge 2011, Neurology 76:2055).
    """
    some = list(pieces)
    volumes = {name: volume_mm3(some, *parts) for name, parts in CLASSES.items()}
    return {
        name: 100 * volume / whole
        for name, volume in volumes.items()
        if volume > 0 and (whole := injury.class_mm3(name)) > 0
    }
