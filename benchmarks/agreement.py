"""How often the intervals of `cpimaging agree` hold the truth, over simulated readers whose kappa is known.

A case has a true word, drawn by its frequency. Each reader copies it with probability √kappa, and else draws
a word by the same frequencies: two readers then agree with that kappa, weighted or not, whatever the words.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from cpimaging.agreement.estimate import Estimate, estimated
from cpimaging.agreement.figures import (
    Figure,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    intraclass_correlation,
    quadratic_weights,
)

GROUPS = np.array([0.35, 0.28, 0.17, 0.12, 0.08])
SEVERITY = np.array([0.4, 0.35, 0.25])
READERS = 3
ASKED = 0.93


def readings(
    rng: np.random.Generator, cases: int, shares: NDArray[np.float64], kappa: float
) -> NDArray[np.int64]:
    """Return the words of READERS readers, (cases, readers)."""
    truth = rng.choice(len(shares), size=cases, p=shares)
    own = rng.choice(len(shares), size=(cases, READERS), p=shares)
    return np.where(rng.random((cases, READERS)) < np.sqrt(kappa), truth[:, None], own)


def figures(rng: np.random.Generator, cases: int, kappa: float) -> dict[str, tuple[Figure, float]]:
    """Return figures of one simulated study, each with its true value."""
    words = readings(rng, cases, GROUPS, kappa)
    grades = readings(rng, cases, SEVERITY, kappa)
    n = len(GROUPS)
    seen, chance = kappa + (1 - kappa) * (GROUPS**2).sum(), (GROUPS * (1 - GROUPS)).sum() / (n - 1)
    points = np.sqrt(kappa) * rng.normal(size=(cases, 1))
    points = points + np.sqrt(1 - kappa) * rng.normal(size=(cases, READERS))
    return {
        "Cohen's kappa": (cohen_kappa(words[:, :2], n), kappa),
        "weighted kappa": (cohen_kappa(grades[:, :2], 3, quadratic_weights(3)), kappa),
        "Fleiss' kappa": (fleiss_kappa(words, n), kappa),
        "Gwet's AC1": (gwet_ac1(words, n), (seen - chance) / (1 - chance)),
        "ICC": (intraclass_correlation(points), kappa),
    }


def holds(found: Estimate, truth: float) -> bool:
    return found.low <= truth <= found.high


def coverage(cases: int, kappa: float, draws: int, seed: int) -> dict[str, float]:
    """Return, for each figure, the share of draws whose interval holds the true value."""
    hits: dict[str, list[bool]] = {}
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw])
        for name, (figure, truth) in figures(rng, cases, kappa).items():
            hits.setdefault(name, []).append(holds(estimated(figure, seed=draw), truth))
    return {name: float(np.mean(found)) for name, found in hits.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for cases in (60, 150):
        for kappa in (0.4, 0.69, 0.9):
            found = coverage(cases, kappa, chosen.draws, chosen.seed)
            told = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
            short = [name for name, share in found.items() if share < ASKED]
            print(
                f"{cases} cases, kappa {kappa}: {told}" + (f"; BELOW {ASKED:.0%}: {short}" if short else "")
            )


if __name__ == "__main__":
    main()
