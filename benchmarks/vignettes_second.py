"""More vignettes: presentations that no other benchmark draws, in the form and by the hand of `vignettes`.

`python benchmarks/vignettes_second.py` draws and calls them, as `vignettes.py` does. Written from what
radiology says of each presentation, before any of them was called, by a maker who knew the rules. The
readings are ours; no radiologist has seen them.
"""

from pathlib import Path

from generator3_anatomy import aca_mm, pca_mm
from vignettes import (
    PARTS,
    Hand,
    Kind,
    Mask,
    branch,
    core,
    main,
    mca,
    pvl,
    striatum,
    thalami,
)

OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "vignettes_second"


def splenium(h: Hand) -> Mask:
    return h.brain.of("corpus_callosum_splenium") & (h.ball((0, -38, 14), (12, 8, 8)))


def pulvinars(h: Hand, r: float = 4.5) -> Mask:
    return h.part("thalamus", (15, -28, 6), r)


def hippocampi(h: Hand) -> Mask:
    return h.part("hippocampus", (27, -22, -14), (6, 14, 6))


def vermis(h: Hand, r: float = 9) -> Mask:
    inside: Mask = h.ball((0, -62, -26), (6, r, r)) & (h.brain.z < -10) & ~h.brain.cortex
    return inside


def tract(h: Hand, side: int) -> Mask:
    """Return the way of the corticospinal tract from the capsule to the pons, as degeneration shows it."""
    return (
        h.ball((23, -14, 8), (3, 5, 8), side)
        | h.ball((16, -17, -10), (4, 4, 6), side)
        | h.ball((7, -22, -28), 3, side)
    ) & ~h.brain.cortex


def groove(h: Hand, side: int) -> Mask:
    """Return a germinal-matrix haemorrhage's place: between head of caudate and thalamus, at the ventricle."""
    return h.ball((13, 4, 12), 3.2, side) & ~h.brain.cortex


def porencephaly(h: Hand) -> Mask:
    return h.fan(h.side, -15, 30, 0.6) | h.outer(h.ball((46, -22, 44), 9), 30)


def temporal(h: Hand, side: int, r: float = 1) -> Mask:
    lobe = h.ball((50, -6, -24), (12 * r, 22 * r, 12 * r), side) | h.ball(
        (38, 4, -4), (5 * r, 14 * r, 9 * r), side
    )
    return h.outer(lobe) | (lobe & h.brain.of("hippocampus", "amygdala", side=side))


def hemisphere(h: Hand, side: int) -> Mask:
    b = h.brain
    inside: Mask = (b.cortex | b.lobar) & b.half(side) & (b.noise(h.rng, 14) > -1.2) & (b.z > -25)
    return inside & (b.from_ventricle > 4)


KINDS: dict[str, Kind] = {
    # the preterm's white matter
    "pvlAndSplenium": Kind("B1", "D", "n/a", "n/a", lambda h: pvl(h, 7) | splenium(h)),
    "pvlFrontOnly": Kind("B1", "n/a", "n/a", "n/a", lambda h: pvl(h, 7, 0.9, "front")),
    "rimOneSideLong": Kind("B1", "B2", "n/a", "n/a", lambda h: h.rim(h.side, 6, "trigone", "body", "front")),
    "pvlAndPulvinars": Kind("B1", "C1", "n/a", "n/a", lambda h: pvl(h, 12, 1, "trigone", "body") | pulvinars(h, 4)),
    "venousAndSlightOpposite": Kind(
        "B2/B3", "B1", "n/a", "n/a", lambda h: h.fan(h.side, -8, 28) | h.rim(-h.side, 3.5, "trigone")
    ),
    "venousBothDifferentLobes": Kind(
        "B1/B2", "B3", "n/a", "n/a", lambda h: h.fan(h.side, 22, 24) | h.fan(-h.side, -40, 24)
    ),
    "porencephalyAndPvl": Kind("B3", "B1/B2/C3", "n/a", "n/a", lambda h: porencephaly(h) | pvl(h, 6)),
    "matrixBothSides": Kind("B2/C1", "B1/D", "n/a", "n/a", lambda h: groove(h, 1) | groove(h, -1)),
    "cerebellaAndSlightPvl": Kind(
        "B1", "D", "B1+D", "n/a",
        lambda h: (h.both((26, -64, -36), 15) & (h.brain.z < -12) & ~h.brain.cortex) | pvl(h, 4.5),
    ),
    "profoundPreterm": Kind(
        "B1/C1", "n/a", "B1+C1", "n/a", lambda h: thalami(h, 5) | pvl(h, 6) | h.ball((3, -28, -30), 5)
    ),
    # central grey matter
    "coreAndVermis": Kind("C1", "n/a", "n/a", "n/a", lambda h: core(h, 6) | vermis(h)),
    "thalamiAndHippocampi": Kind("C1", "n/a", "n/a", "n/a", lambda h: thalami(h, 5.5) | hippocampi(h)),
    "kernicterusFull": Kind(
        "C1", "D", "n/a", "n/a",
        lambda h: h.part("pallidum", (19, -5, 0), (4, 7, 5)) | hippocampi(h) | h.both((11, -13, -5), (3, 4, 2.5)),
    ),
    "thalamusAndPutamenCrossed": Kind(
        "C1", "C3/D", "n/a", "n/a",
        lambda h: h.part("thalamus", (14, -18, 7), 5, h.side) | h.part("putamen", (29, -9, 3), 5, -h.side),
    ),
    "percheronAndMidbrain": Kind(
        "C1", "C3/D", "n/a", "n/a", lambda h: h.both((6, -16, 5), (4, 6, 5)) | h.ball((2, -22, -8), (4, 5, 6))
    ),
    "deepVeins": Kind(
        "C1", "B1/B2/D", "n/a", "n/a",
        lambda h: h.brain.of(*PARTS["thalamus"]) | h.part("caudate", (14, 4, 16), (6, 16, 8)) | h.white(
            h.both((24, -22, 26), (5, 14, 7))
        ),
    ),
    # cortex
    "hypoglycaemiaAndPulvinars": Kind(
        "C2", "C1/C3/D", "n/a", "n/a", lambda h: h.outer(h.both((24, -82, 14), (17, 16, 20))) | pulvinars(h, 4)
    ),
    "perisylvianBoth": Kind(
        "C2/C3", "D", "n/a", "n/a", lambda h: h.outer(h.both((50, -4, 10), (11, 26, 13)), 14)
    ),
    "abusiveTrauma": Kind(
        "C2", "C3/D", "n/a", "n/a", lambda h: hemisphere(h, h.side) | h.outer(h.ball((28, 40, 22), 16, -h.side))
    ),
    "temporalBothUneven": Kind("C2/D", "C3", "n/a", "n/a", lambda h: temporal(h, h.side) | temporal(h, -h.side, 0.7)),
    # arteries
    "mcaWallerian": Kind("C3", "n/a", "n/a", "n/a", lambda h: mca(h, h.side) | striatum(h, h.side) | tract(h, h.side)),
    "mcaAndThalamus": Kind(
        "C3", "n/a", "n/a", "n/a", lambda h: mca(h, h.side, (25, -50, -5), (90, 40, 60)) | h.part("thalamus", (14, -18, 7), 5, h.side)
    ),
    "acaBoth": Kind(
        "C3", "C2", "n/a", "n/a",
        lambda h: h.artery(1, aca_mm(h.brain), (0, -30, -15)) | h.artery(-1, aca_mm(h.brain), (0, -30, -15)),
    ),
    "pcaBoth": Kind(
        "C2/C3", "D", "n/a", "n/a", lambda h: h.artery(1, pca_mm(h.brain)) | h.artery(-1, pca_mm(h.brain))
    ),
    "mcaBranchAndPcaOpposite": Kind(
        "C3", "C2", "n/a", "n/a", lambda h: branch(h, -10, 30, 17) | h.artery(-h.side, pca_mm(h.brain), (0, -110, -15))
    ),
    "branchesThree": Kind(
        "C3", "C2", "n/a", "n/a", lambda h: branch(h, 22, 22, 9) | branch(h, -22, 44, 9) | branch(h, -48, 14, 9)
    ),
    "venousAndMcaOpposite": Kind(
        "B2/C3", "n/a", "B2+C3", "n/a", lambda h: h.fan(h.side, -5, 28) | mca(h, -h.side, (25, -40, 0), (90, 40, 55))
    ),
    "anteriorChoroidal": Kind(
        "C3", "C1/D", "n/a", "n/a",
        lambda h: h.ball((23, -14, 6), (4, 8, 9)) | (h.ball((26, -20, -12), (5, 8, 5)) & ~h.brain.cortex),
    ),
    # below the tentorium
    "vermisOnly": Kind("D", "n/a", "n/a", "n/a", lambda h: vermis(h, 11)),
    "picaOne": Kind("D", "C3", "n/a", "n/a", lambda h: h.ball((18, -68, -46), (16, 14, 12)) & (h.brain.z < -30)),
}  # fmt: skip


if __name__ == "__main__":
    main(__doc__.splitlines()[0], KINDS, OUT)
