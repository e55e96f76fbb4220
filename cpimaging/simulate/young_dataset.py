"""Write simulated newborns and infants as a BIDS dataset, each with a healthy twin where asked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import built, read_templates
from cpimaging.atlases.ages.table import TERM_WEEKS, WEEKS_PER_YEAR
from cpimaging.bids.ages import POSTMENSTRUAL_WEEKS
from cpimaging.columns import YOUNG
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.dataset import (
    check_choices,
    choose_recipes,
    truth_of,
    write_description,
    write_subject,
    write_truth,
)
from cpimaging.simulate.recipes import Recipe, load_recipes
from cpimaging.simulate.subject import Subject, subject_seed
from cpimaging.simulate.young import CONTRASTS, make_young_subject, young_anatomy
from cpimaging.types import InputError

PATTERNS = ("basal_ganglia_thalamus", "watershed", "periventricular_unilateral", "punctate_foci")
"""Recipes of newborns, in turn: nuclei, border zones, a cyst in white matter, punctate foci."""

STRENGTH = 1.5
"""Factor on the speed of the warps (ours): 4 to 5 mm on average in a newborn's brain."""

AGES = {
    "pma_weeks": {"Description": "Postmenstrual age at the scan (made up)", "Units": "week"},
    "age": {"Description": "Age at the scan (made up)", "Units": "year"},
}
"""The column that a template's ages are told in: weeks as long as somebody counts in them."""


def simulate_young(
    out: Path | str,
    templates_dir: Path | str,
    template: str,
    *,
    n: int = 4,
    seed: int = 0,
    voxel_mm: float | tuple[float, float, float] = 1.0,
    contrasts: Sequence[str] = ("T1w", "T2w", "ADC"),
    patterns: str | Sequence[str] = "all",
    masks: bool = True,
    twins: bool = False,
    warp_strength: float = STRENGTH,
    myelin: bool = True,
) -> pd.DataFrame:
    """Write n brains made of a template of an age to the new folder `out`; return the truth table.

    templates_dir, template: as in docs/method/ages.md. twins: each injured brain is followed by a healthy one
    of the same warp and noise. warp_strength: factor on the speed of the random warps; the truth says how far
    they go. myelin: in the posterior limb of the internal capsule. Else as `simulate`.
    """
    out = Path(out)
    size = tuple(float(v) for v in np.broadcast_to(voxel_mm, 3))
    check_choices(out, n, seed, size, contrasts, CONTRASTS)
    templates = read_templates(templates_dir)
    if template not in templates:
        raise InputError(
            f"template={template}", "is not in the folder", f"choose among {', '.join(templates)}"
        )
    young = young_anatomy(built(templates, template, load_atlas("embedded")), myelin=myelin)
    adult = find_anatomy(load_template())
    voxels = (size[0], size[1], size[2])
    column = "pma_weeks" if templates[template].pma_weeks[1] <= POSTMENSTRUAL_WEEKS[1] else "age"
    rows, people = [], []
    for number, (recipe, own_seed, twin_of) in enumerate(_cohort(n, seed, patterns, twins)):
        subject = make_young_subject(young, adult, recipe, contrasts, voxels, own_seed, warp_strength)
        label = f"sub-{number + 1:0{max(2, len(str(n * (1 + twins))))}d}"
        write_subject(out, label, subject, masks, space=template)
        rows.append({"participant_id": label, **_truth(subject), "twin_of": twin_of, **_warp(subject)})
        people.append({"participant_id": label, column: _told_age(column, subject), "sex": subject.sex})
    truth = write_truth(out, rows, YOUNG)
    write_description(out, people, contrasts, masks, {column: AGES[column]})
    return truth


def _told_age(column: str, subject: Subject) -> float:
    weeks = TERM_WEEKS + subject.age_years * WEEKS_PER_YEAR
    return round(weeks, 1) if column == "pma_weeks" else round(subject.age_years, 2)


def _cohort(n: int, seed: int, patterns: str | Sequence[str], twins: bool) -> list[tuple[Recipe, int, str]]:
    """Return recipe and seed of each brain, and of a twin the label of its injured one ("n/a" otherwise)."""
    recipes = choose_recipes(PATTERNS if patterns == "all" else patterns)
    width = max(2, len(str(n * (1 + twins))))
    drawn: list[tuple[Recipe, int, str]] = []
    for index in range(n):
        own = subject_seed(seed, index)
        label = f"sub-{len(drawn) + 1:0{width}d}"
        drawn.append((recipes[index % len(recipes)], own, "n/a"))
        if twins:
            drawn.append((load_recipes()["none"], own, label))
    return drawn


def _truth(subject: Subject) -> dict[str, object]:
    """Return the truth of a subject; normal is never called at these ages."""
    truth = truth_of(subject)
    return (
        truth
        if subject.recipe.mrics_group != "E"
        else {**truth, "mrics_group": "n/a", "mrics_subgroup": "n/a"}
    )


def _warp(subject: Subject) -> dict[str, float]:
    """Return how far the warp moves the brain, without turn, size and shift: mean and maximum in mm."""
    brain = np.argwhere(next(iter(subject.images.values())).data > 0)[::17]
    here = subject.displacement.affine
    points = brain @ here[:3, :3].T + here[:3, 3]
    there = points + subject.displacement.data[tuple(brain.T)]
    design = np.column_stack([points, np.ones(len(points))])
    rest = np.linalg.norm(there - design @ np.linalg.lstsq(design, there, rcond=None)[0], axis=1)
    return {"warp_mean_mm": round(float(rest.mean()), 3), "warp_max_mm": round(float(rest.max()), 3)}
