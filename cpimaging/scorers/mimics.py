"""What is unusual for cerebral palsy: flags that name what to consider, no diagnoses, no part of the call."""

from collections.abc import Sequence

from cpimaging.scorers.attribution import of_side, volume_mm3
from cpimaging.scorers.base import Trace
from cpimaging.scorers.patterns import Pattern
from cpimaging.scorers.pieces import Piece
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOBES

CONSIDER = {
    "striatum": "both striata alone: consider metabolic or mitochondrial disease",
    "pallidum": "both pallida alone: consider kernicterus, carbon monoxide or metabolic disease",
    "frontal lobes": "both frontal lobes, outside of border zones: consider contusion",
    "temporal lobes": "both temporal lobes: consider encephalitis or congenital infection",
    "scattered foci": "scattered foci in grey and white matter: consider emboli or demyelination",
    "confluent white matter": "white matter of both sides up to the cortex: consider leukodystrophy",
}
AT_ODDS = {
    "B1": "periventricular injury after birth at term: a fifth of term-born, nine tenths of preterm children "
    "with cerebral palsy have it; consider injury before birth or another cause",
    "C1": "injury of the nuclei after birth before 32 weeks: 3.5 % of preterm, a third of term-born children "
    "with cerebral palsy have a grey-matter pattern; consider a severe insult or another cause",
}
"""Shares: Krägeloh-Mann & Horber 2007, Dev Med Child Neurol 49:144."""
RARE = {"B1": "B1_at_term", "C1": "C1_before_32_weeks"}
RARE_WORDS = {
    RARE["B1"]: "periventricular injury after birth from 37 weeks on",
    RARE["C1"]: "injury of the nuclei after birth before 32 weeks",
}
"""The same in short; the weeks are those of mrics.yaml."""
STRIATUM = ("caudate", "putamen")
PALLIDUM = ("pallidum", "subthalamic_nucleus")


def unusual(pieces: Sequence[Piece], main: Pattern, trace: Trace) -> list[str]:
    """Return what about a lesion is unusual for cerebral palsy, as sentences of CONSIDER."""
    named = ("frontal lobes", "scattered foci", "confluent white matter")
    found = [name for name in named if name in main.ground]
    deep = volume_mm3(pieces, "nuclei")
    if main.subgroup == "C1":
        found += [
            name
            for name, nuclei in {"striatum": STRIATUM, "pallidum": PALLIDUM}.items()
            if 100 * _less_injured(pieces, nuclei) * 2 >= trace.limit("mimic_share") * deep > 0
        ]
    cortex = _less_injured(pieces, [f"{lobe}_cortex" for lobe in LOBES])
    temporal = _less_injured(pieces, ["temporal_cortex"])
    if main.subgroup in {"C2", "C3"} and 100 * temporal >= trace.limit("mimic_share") * cortex > 0:
        found.append("temporal lobes")
    for name in found:
        trace.note(f"unusual for cerebral palsy: {CONSIDER[name]}", name, "ours [D]")
    return [CONSIDER[name] for name in found]


def discordant(subgroup: str, gestation_weeks: float | None, trace: Trace) -> list[str]:
    """Return what about a subgroup is rare after that gestation; the call is not changed by it."""
    if gestation_weeks is None:
        return []
    rare = {
        "B1": gestation_weeks >= trace.limit("term_from"),
        "C1": gestation_weeks < trace.limit("nuclei_from"),
    }
    if not rare.get(subgroup, False):
        return []
    trace.note(f"{subgroup} is rare at this gestation, weeks", gestation_weeks, "no part of the call")
    return [AT_ODDS[subgroup]]


def _less_injured(pieces: Sequence[Piece], names: Sequence[str]) -> float:
    """Return the lesion in some structures on the side that has less of it, mm³."""
    return min(
        sum(piece.named.get(name, 0.0) for piece in of_side(pieces, side) for name in names) for side in SIDES
    )
