"""What is unusual for cerebral palsy: flags that name what to consider, no diagnoses, no part of the call."""

from collections.abc import Sequence

from cpimaging.scorers.attribution import crossing, of_side, volume_mm3
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
    "callosum": "one lesion of both sides through the callosum: consider tumour or demyelination",
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
MESIAL = ("hippocampus", "amygdala")


def unusual(pieces: Sequence[Piece], main: Pattern, trace: Trace) -> list[str]:
    """Return what about a lesion is unusual for cerebral palsy, as sentences of CONSIDER."""
    named = ("frontal lobes", "scattered foci", "confluent white matter")
    found = [name for name in named if name in main.ground]
    if main.subgroup == "C1":
        found += _of_nuclei(pieces, trace)
    if main.subgroup in {"C2", "C3"} and _is_temporal(pieces, trace):
        found.append("temporal lobes")
    if crossing(pieces, trace):
        found.append("callosum")
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


def _of_nuclei(pieces: Sequence[Piece], trace: Trace) -> list[str]:
    """Return the nuclei that hypoxic injury rarely keeps to. Posterior putamina alone are mild C1."""
    deep, least = volume_mm3(pieces, "nuclei"), trace.limit("mimic_share")
    striatum, pallidum = _less_injured(pieces, STRIATUM), _less_injured(pieces, PALLIDUM)
    behind = 100 * _less_injured(pieces, ["putamen_posterior"]) >= trace.limit("most") * striatum
    alone = {"striatum": 0.0 if behind else striatum, "pallidum": pallidum}
    return [name for name, volume in alone.items() if 100 * volume * 2 >= least * deep > 0]


def _is_temporal(pieces: Sequence[Piece], trace: Trace) -> bool:
    """Tell whether both temporal lobes hold more than a focus, and most of the cortical lesion."""
    temporal = _less_injured(pieces, ["temporal_cortex", *MESIAL])
    cortex = _less_injured(pieces, [*(f"{lobe}_cortex" for lobe in LOBES), *MESIAL])
    large = temporal >= trace.limit("focus_volume")
    return large and 100 * temporal >= trace.limit("mimic_share") * cortex


def _less_injured(pieces: Sequence[Piece], names: Sequence[str]) -> float:
    """Return the lesion in some structures on the side that has less of it, mm³."""
    return min(
        sum(piece.named.get(name, 0.0) for piece in of_side(pieces, side) for name in names) for side in SIDES
    )
