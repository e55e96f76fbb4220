"""Deep grey matter: C1 where both sides are injured; on one side the deep branches of an artery."""

from collections.abc import Sequence
from dataclasses import replace

from cpimaging.scorers.attribution import (
    CENTRAL,
    CORTICAL,
    INFRATENTORIAL,
    PERIVENTRICULAR,
    UNEXPLAINED,
    of_side,
    volume_mm3,
)
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.patterns import Case, Pattern, added, only
from cpimaging.scorers.pieces import CORTEX, DEEP, WHITE, Piece
from cpimaging.words import HEMISPHERES as SIDES

STRIATUM = ("caudate", "putamen", "pallidum")
CORE = ("thalamus_ventrolateral", "putamen_posterior")
BEYOND = ("pallidum", "caudate", "hippocampus")
STEM = ("brainstem",)


def bilateral_deep(case: Case) -> list[Pattern]:
    """Find C1: nuclei of both sides. Rolandic cortex and brainstem are part of it.

    Where nuclei of one side alone count as injured, a deep lesion of the other side makes it C1 as well: a
    small nucleus is missed by a registration that is off by a few mm.
    """
    trace, deep, within = case.trace, case.kinds.get(CENTRAL, []), _within_others(case)
    hit = {side: case.injured_nuclei(side, [*deep, *within]) for side in SIDES}
    load, small, large = map(trace.limit, ("nucleus_load", "deep_volume", "nucleus_volume"))
    enough = f"{load:g} % and {small:g} mm3 of one, or {large:g} mm3; ours [D]"
    for side, names in hit.items():
        trace.note(f"C1: injured nuclei, {side}", _listed(names), enough)
    counterpart = [hit[side] or _is_counterpart(of_side(deep, side), trace) for side in SIDES]
    if not any(hit.values()) or not all(counterpart):
        return []
    own = [
        *case.take(CENTRAL),
        *case.take(CORTICAL, lambda piece: _is_rolandic(piece, trace)),
        *case.take(INFRATENTORIAL, lambda piece: piece.of("brainstem") > piece.of("cerebellum")),
    ]
    loads = added(
        case.borne_by("deep_grey", [only(piece, set(piece.parts) - set(STEM)) for piece in own]),
        case.loads(only(piece, STEM) for piece in own),
        case.loads(only(piece, DEEP) for piece in within),
    )
    grade = _grade(case, [*own, *within])
    if deep and all(_is_caudate(of_side(own, side), trace) for side in SIDES):
        # the germinal matrix lies at the caudate, beside the ventricle
        return [Pattern("C1", "caudates of both sides", "both", severity=grade, loads=loads, instead=("B2",))]
    ground = "nuclei of both sides" if deep else "nuclei within other lesions"
    return [Pattern("C1", ground, "both", severity=grade, loads=loads)]


def _is_caudate(pieces: Sequence[Piece], trace: Trace) -> bool:
    caudate = sum(piece.named.get("caudate", 0.0) for piece in pieces)
    return 100 * caudate >= trace.limit("most") * volume_mm3(pieces) > 0


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names) or "none"


def _is_counterpart(pieces: Sequence[Piece], trace: Trace) -> bool:
    return volume_mm3(pieces) >= trace.limit("deep_volume")


def _is_rolandic(piece: Piece, trace: Trace) -> bool:
    return 100 * piece.of("perirolandic") >= trace.limit("most") * piece.of(*CORTEX)


def _within_others(case: Case) -> list[Piece]:
    """Return pieces of cortex or white matter that hold an injury of the nuclei of its own, on both sides.

    A lesion that starts in the cortex takes the striatum along, as arteries do, but not the ventrolateral
    thalamus; one of white matter takes along an edge of the nuclei, less of them than of white matter.
    """
    outer, inner = case.kinds.get(CORTICAL, []), case.kinds.get(PERIVENTRICULAR, [])
    thalami = [case.load("thalamus_ventrolateral", side, outer) for side in SIDES]
    rule = "C1: thalami within cortical lesions, less injured side"
    if case.trace.at_least(rule, min(thalami), "thalamus_within"):
        return outer
    return inner if all(_more_nuclei_than_white(case, of_side(inner, side), side) for side in SIDES) else []


def _more_nuclei_than_white(case: Case, pieces: Sequence[Piece], side: str) -> bool:
    region, white = case.injury.of(["nuclei"], [side]).region_mm3, case.injury.class_mm3("white_matter") / 2
    load = 100 * volume_mm3(pieces, "nuclei") / region if region > 0 else 0.0
    enough = load >= case.trace.limit("nucleus_load")
    return enough and white > 0 and load > 100 * volume_mm3(pieces, *WHITE) / white


def _grade(case: Case, pieces: Sequence[Piece]) -> str | None:
    """Grade C1 by what is injured; None where neither core structure is."""
    trace = case.trace
    smaller = {name: min(case.load(name, side, pieces) for side in SIDES) for name in CORE}
    core = [
        name
        for name, load in smaller.items()
        if trace.at_least(f"C1: {_words(case.injury, name)}, less injured side", load, "nucleus_load")
    ]
    limit, least = trace.limit("nucleus_load"), trace.limit("deep_volume")
    beyond = [name for name in BEYOND if max(case.load(name, side, pieces) for side in SIDES) >= limit]
    beyond += [part for part in ("perirolandic", *STEM) if volume_mm3(pieces, part) >= least]
    trace.note("C1: injured beyond these", _listed(beyond), "Krägeloh-Mann 2002 [K]")
    if core and beyond:
        return "severe"
    whole = trace.at_least("C1: most of one of them, less injured side", max(smaller.values()), "most")
    if (
        not core
        and "pallidum" in beyond
        and not any(case.load("putamen", side, pieces) >= limit for side in SIDES)
    ):
        trace.note(
            "pallidum without putamen: consider kernicterus or metabolic causes",
            "both sides",
            "AJNR A7948 [S]",
        )
    return "moderate" if whole or len(core) == len(CORE) else "mild" if core else None


def _words(injury: Injury, part: str) -> str:
    text = part.replace("_", " ")
    return text if injury.has(part) else f"{text} (not in this atlas: the whole structure)"


def one_sided_deep(case: Case, found: list[Pattern]) -> list[Pattern]:
    """Give deep lesions of one side to a pattern of that side, or name their own.

    An infarct of that side takes them in. A lesion of the capsule alone is the tract of a lesion above it
    (Wallerian degeneration). Else striatum and capsule are the deep branches of the middle cerebral
    artery, C3, and so is a thalamus, which may as well be haemorrhage or central injury of one side. Other
    nuclei stay unexplained. Capsules of both sides with nothing beside them are central injury: no artery
    feeds both.
    """
    deep = case.take(CENTRAL)
    if _both_alone(deep, found, case.trace):
        case.trace.note("C1: capsules of both sides, mm3", volume_mm3(deep), "no artery feeds both; ours [D]")
        loads = case.borne_by("deep_grey", deep)
        return [*found, Pattern("C1", "capsules of both sides", "both", loads=loads, instead=("D",))]
    for side in SIDES:
        own = of_side(deep, side)
        host = _host(own, found, side, case.trace) if own else None
        if host is not None:
            bearer = max(host.loads, key=host.loads.__getitem__)
            more = replace(host, loads=added(host.loads, case.borne_by(bearer, own)))
            case.trace.note(f"deep lesion, {side}: part of {host.subgroup}, mm3", volume_mm3(own))
            found = [more if pattern is host else pattern for pattern in found]
        elif own and _is_striatal(own, side, case.trace):
            branches = Pattern("C3", "deep branches", side, "mca", loads=case.loads(own), instead=("C1",))
            found = [*found, branches]
        elif own and _is_thalamic(own, case.trace):
            one = Pattern("C3", "one thalamus", side, loads=case.loads(own), instead=("C1", "D"))
            found = [*found, one]
        else:
            case.kinds.setdefault(UNEXPLAINED, []).extend(own)
    return found


def _both_alone(pieces: Sequence[Piece], found: Sequence[Pattern], trace: Trace) -> bool:
    """Tell whether deep lesions of both sides are no part of another pattern."""
    own = [of_side(pieces, side) for side in SIDES]
    enough = min(map(volume_mm3, own)) >= trace.limit("deep_volume")
    return enough and all(_host(of, found, side, trace) is None for of, side in zip(own, SIDES, strict=True))


def _host(pieces: Sequence[Piece], found: Sequence[Pattern], side: str, trace: Trace) -> Pattern | None:
    """Return the pattern that deep lesions of one side are part of.

    An infarct of that side; a venous infarct, if they lie in the caudate beside the ventricle, where the
    germinal matrix is; any pattern, if they spare the nuclei.
    """
    beside = [pattern for pattern in found if pattern.side in (side, "both")]
    hosts = [pattern for pattern in beside if pattern.subgroup == "C3"]
    nuclei = volume_mm3(pieces, "nuclei")
    caudate = sum(piece.named.get("caudate", 0.0) for piece in pieces)
    if not hosts and 100 * caudate >= trace.limit("most") * nuclei:
        hosts = [pattern for pattern in beside if pattern.subgroup in ("B2", "B3")]
    if not hosts and nuclei < trace.limit("deep_volume"):
        hosts = beside
    return max(hosts, key=lambda pattern: pattern.extent, default=None)


def _is_striatal(pieces: Sequence[Piece], side: str, trace: Trace) -> bool:
    striatum = sum(piece.named.get(name, 0.0) for piece in pieces for name in STRIATUM)
    thalamus = sum(piece.named.get("thalamus", 0.0) for piece in pieces)
    capsule = volume_mm3(pieces, "capsule")
    trace.note(f"C3: deep lesion, {side}: striatum, mm3", striatum, "more than thalamus; ours [D]")
    trace.note(
        f"C3: deep lesion, {side}: thalamus, mm3", thalamus, "alone: infarct, or haemorrhage; ours [D]"
    )
    return capsule > striatum + thalamus or striatum >= max(thalamus, trace.limit("deep_volume"))


def _is_thalamic(pieces: Sequence[Piece], trace: Trace) -> bool:
    thalamus = sum(piece.named.get("thalamus", 0.0) for piece in pieces)
    deep = volume_mm3(pieces, *DEEP, "capsule")
    return thalamus >= trace.limit("deep_volume") and 100 * thalamus >= trace.limit("most") * deep
