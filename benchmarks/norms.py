"""Are z-scores against norms calibrated? Simulated cohorts of 60 controls, and people who are as healthy.

Volumes grow with age to a plateau, differ by sex, and scatter by 10 % (log-normal). For each cohort norms are
built, and new people of every age are compared with them: the SD of their z, and how many lie beyond 2.
"""

import argparse

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.norms import Norms, Person, build_norms, z_rows
from cpimaging.words import NORMED as KEYS

CONTROLS = 60
FIRST, LAST = 2.0, 18.0
SCATTER, BY_SEX = 0.1, 0.09
NEW = 40
"""New people per cohort and year of age."""


def log_volume(people: list[Person], rng: np.random.Generator) -> NDArray[np.float64]:
    ages = np.array([person.age_years for person in people])
    male = np.array([person.sex == "M" for person in people])
    return 10 + 0.35 * (1 - np.exp(-ages / 4)) + BY_SEX * male + SCATTER * rng.normal(size=len(people))


def person(age_years: float, rng: np.random.Generator) -> Person:
    return Person(float(age_years), str(rng.choice(["F", "M"])))


def cohort(rng: np.random.Generator) -> Norms:
    """Return norms of CONTROLS controls, every measure alike."""
    people = [person(age, rng) for age in rng.uniform(FIRST, LAST, CONTROLS)]
    values = pd.DataFrame({key: np.exp(log_volume(people, rng)) for key in KEYS})
    return build_norms(people, values, {})


def z_of(norms: Norms, age_years: float, rng: np.random.Generator) -> list[float]:
    """Return the z of new healthy people of one age; [] where the norms do not cover it."""
    found = []
    for new in [person(age_years, rng) for _ in range(NEW // len(KEYS) + 1)]:
        if norms.why_not(new):
            continue
        table = pd.DataFrame(KEYS, columns=["measure", "structure", "side"])
        table["value"] = np.exp(log_volume([new] * len(KEYS), rng))
        found += [row["value"] for row in z_rows(norms, new, table) if row["measure"].endswith("_z")]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rng = np.random.default_rng(chosen.seed)
    ages = np.arange(np.ceil(FIRST), LAST + 1)
    by_age: dict[float, list[float]] = {float(age): [] for age in ages}
    left_out = []
    for _ in range(chosen.cohorts):
        norms = cohort(rng)
        left_out += [sd for check in norms.checks.values() for sd in check.sd]
        for age in by_age:
            by_age[age] += z_of(norms, min(max(age, FIRST + 0.2), LAST - 0.2), rng)
    for age, z in by_age.items():
        beyond = np.mean(np.abs(z) > 2)
        told = f"mean {np.mean(z):+.2f}, SD {np.std(z):.3f}, beyond 2: {beyond:.1%}"
        print(f"{age:4.0f} years: {len(z):5d} z, {told}")
    every = np.concatenate([np.array(z) for z in by_age.values()])
    sds = [float(np.std(z)) for z in by_age.values()]
    print(f"SD {min(sds):.3f} to {max(sds):.3f}; beyond 2 in all: {np.mean(np.abs(every) > 2):.2%}")
    print(f"each control against the others, SD in thirds of the ages: mean {np.mean(left_out):.3f}")


if __name__ == "__main__":
    main()
