"""Write simulated subjects as a BIDS dataset, the truth apart from what a workflow may see."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging import __version__
from cpimaging.atlases import load_template
from cpimaging.columns import GRADED, TRUTH, described, dtypes
from cpimaging.images import write_displacement, write_image
from cpimaging.io import typed, write_json, write_table, write_text
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.contrast import CONTRASTS, tissue_maps
from cpimaging.simulate.recipes import SEVERITIES, Recipe, graded, load_recipes
from cpimaging.simulate.subject import Subject, Voxels, make_subject, subject_seed
from cpimaging.types import InputError

BIDS_VERSION = "1.11.0"
TEMPLATE = "MNI152NLin2009aSym"
GENERATOR = {"Name": "cpimaging simulate", "Version": __version__}
AGE: Mapping[str, object] = {"age": {"Description": "Age at the scan (made up)", "Units": "year"}}

README = """# Simulated brains with a known injury

Made from a brain template by `cpimaging simulate`: no person was scanned. Lesions were drawn into the
template, the template was warped at random, and the images were computed from its tissue maps. The truth
(pattern, lesion, ventricles, warp) lies in `sourcedata/truth`. Figures measured on these images say
nothing about real scans.

The template is MNI152 2009a symmetric (Fonov et al., NeuroImage 2011;54:313), copyright 1993-2009 Louis
Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill University. It may be used,
copied, modified and distributed for any purpose and without fee, provided that this notice stays with it.
"""


def simulate(
    out: Path | str,
    *,
    n: int = 7,
    seed: int = 0,
    voxel_mm: float | tuple[float, float, float] = 2.0,
    contrasts: Sequence[str] = ("T1w", "FLAIR"),
    patterns: str | Sequence[str] = "all",
    masks: bool = True,
    severity: str = "any",
    mix: float = 0.0,
) -> pd.DataFrame:
    """Write a BIDS dataset of n simulated brains to the new folder `out`; return the truth table.

    voxel_mm: edge length, or three. contrasts: of T1w, T2w, FLAIR, ADC. patterns: "all" or names;
    subjects cycle through them. masks: give lesion masks (derivatives/lesions), empty where nothing is
    injured. severity: "any", a word of SEVERITIES, or "graded" for one after the other. mix: share of the
    subjects (0 to 1), spread evenly, that are hard cases instead: little lesion, or two patterns in one
    brain; with either option truth.tsv also has mrics_secondary and severity. The truth goes to
    `sourcedata/truth`: truth.tsv, and per subject the true lesion, the lateral ventricles and the
    displacement field (mm) from scan points to template points.
    The same arguments give the same files. Raises InputError for a folder that is not empty, an unknown
    name or a number out of range.
    """
    out = Path(out)
    size = tuple(float(v) for v in np.broadcast_to(voxel_mm, 3))
    check_choices(out, n, seed, size, contrasts)
    subjects = cohort(n, choose_recipes(patterns), severity, mix)
    anatomy = find_anatomy(load_template())
    voxels = Voxels((size[0], size[1], size[2]), tissue_maps(anatomy, size))
    rows, people = [], []
    for index, (recipe, grade) in enumerate(subjects):
        subject = make_subject(anatomy, voxels, recipe, contrasts, subject_seed(seed, index))
        label = f"sub-{index + 1:0{max(2, len(str(n)))}d}"
        write_subject(out, label, subject, masks)
        rows.append({"participant_id": label, **truth_of(subject), "severity": grade})
        people.append({"participant_id": label, "age": subject.age_years, "sex": subject.sex})
    plain = severity == "any" and mix == 0
    truth = write_truth(out, rows, "" if plain else GRADED)
    write_description(out, people, contrasts, masks)
    return truth


def write_truth(out: Path, rows: Sequence[Mapping[str, object]], when: str) -> pd.DataFrame:
    """Write what is true of each brain, with its sidecar; return the table.

    rows: may have more than that. when: of the columns that not every dataset has, which there are.
    """
    columns = [column for column in TRUTH if column.when in ("", when)]
    names = dtypes(columns)
    truth = typed([{name: row[name] for name in names} for row in rows], names)
    write_json(out / "sourcedata/truth/truth.json", described(columns))
    write_table(out / "sourcedata/truth/truth.tsv", truth)
    return truth


def choose_recipes(patterns: str | Sequence[str]) -> list[Recipe]:
    """Return recipes by name. Raises InputError for one that is not known."""
    recipes = load_recipes()
    plain = [name for name, recipe in recipes.items() if not recipe.hard]
    names = plain if patterns == "all" else [patterns] if isinstance(patterns, str) else patterns
    unknown = [name for name in names if name not in recipes]
    if unknown or not names:
        raise InputError(
            f"patterns={','.join(names)}", "not known", f"choose among all, {', '.join(recipes)}"
        )
    return [recipes[name] for name in names]


def cohort(n: int, chosen: list[Recipe], severity: str, mix: float) -> list[tuple[Recipe, str]]:
    """Return the recipe and the grade of each subject; those that are mixed in do not disturb the cycle."""
    if severity not in ("any", "graded", *SEVERITIES):
        raise InputError(
            f"severity={severity}", "not known", f"choose among any, graded, {', '.join(SEVERITIES)}"
        )
    if not 0 <= mix <= 1:
        raise InputError(f"mix={mix}", "is no share", "give 0 to 1")
    hard = [recipe for recipe in load_recipes().values() if recipe.hard]
    drawn = []
    for index in range(n):
        n_hard = math.floor((index + 1) * mix)
        mixed_in = n_hard > math.floor(index * mix)
        recipe = hard[(n_hard - 1) % len(hard)] if mixed_in else chosen[(index - n_hard) % len(chosen)]
        grade = list(SEVERITIES)[index // 2 % len(SEVERITIES)] if severity == "graded" else severity
        drawn.append((recipe if grade == "any" else graded(recipe, grade), grade))
    return drawn


def check_choices(
    out: Path,
    n: int,
    seed: int,
    voxel_mm: tuple[float, ...],
    contrasts: Sequence[str],
    known: Collection[str] = tuple(CONTRASTS),
) -> None:
    """Raise InputError for a number out of range, an unknown contrast, a folder that is not empty."""
    if not contrasts or not set(contrasts) <= set(known):
        raise InputError(f"contrasts={','.join(contrasts)}", "not known", f"choose among {', '.join(known)}")
    if n < 1:
        raise InputError(f"n={n}", "no subject to simulate", "give at least 1")
    if seed < 0:
        raise InputError(f"seed={seed}", "is negative", "give 0 or more")
    if not all(0.5 <= v <= 8.0 for v in voxel_mm):
        raise InputError(f"voxel_mm={voxel_mm}", "outside of 0.5 to 8 mm", "choose another voxel size")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(out, "is not an empty folder", "name a new one or empty it")


def truth_of(subject: Subject) -> dict[str, object]:
    """Return the row of a subject in the truth, without its label."""
    recipe = subject.recipe
    group, subgroup = recipe.mrics_group, recipe.mrics_subgroup
    if group == "E" and not ("T1w" in subject.images and {"T2w", "FLAIR"} & set(subject.images)):
        group = subgroup = "n/a"  # no call of "normal" without these contrasts
    return {
        "pattern": recipe.pattern,
        "side": subject.side,
        "mrics_group": group,
        "mrics_subgroup": subgroup,
        "mrics_secondary": recipe.mrics_secondary,
        "dominance": recipe.dominance,
        "lesion_volume_mm3": subject.lesion_volume_mm3,
        "seed": subject.seed,
    }


def write_subject(out: Path, label: str, subject: Subject, masks: bool, space: str = TEMPLATE) -> None:
    """Write images, truth and, where asked, the mask that a reader would give. space: of the template."""
    for contrast, image in subject.images.items():
        folder = "dwi" if contrast == "ADC" else "anat"
        write_image(out / label / folder / f"{label}_{contrast}.nii.gz", image)
    truth = out / "sourcedata/truth" / label / "anat"
    lesion = f"{label}_space-orig_label-L_mask.nii.gz"
    write_image(truth / lesion, subject.lesion)
    write_image(truth / f"{label}_space-orig_label-ventricles_mask.nii.gz", subject.ventricles)
    reference = next(iter(subject.images))
    write_displacement(
        truth / f"{label}_from-{space}_to-{reference}_mode-image_xfm.nii.gz", subject.displacement
    )
    if masks:
        given = out / "derivatives/lesions" / label / "anat" / lesion
        write_image(given, subject.lesion)
        reference_file = f"bids:raw:{label}/anat/{label}_{reference}.nii.gz"
        write_json(
            given.with_name(given.name.replace(".nii.gz", ".json")),
            {"Type": "Lesion", "SpatialReference": reference_file, "Sources": [reference_file]},
        )


def write_description(
    out: Path,
    people: list[dict[str, object]],
    contrasts: Sequence[str],
    masks: bool,
    age: Mapping[str, object] = AGE,
) -> None:
    """Write what makes a BIDS dataset of a folder. age: the column of the age, as its sidecar says it."""
    common = {"BIDSVersion": BIDS_VERSION, "License": "See README.md"}
    raw = {"Name": "Simulated brains with a known injury", "DatasetType": "raw", "GeneratedBy": [GENERATOR]}
    write_json(out / "dataset_description.json", {**raw, **common})
    write_text(out / "README.md", README)
    write_table(out / "participants.tsv", pd.DataFrame(people))
    write_json(
        out / "participants.json",
        {
            **age,
            "sex": {"Description": "Sex (made up)", "Levels": {"F": "female", "M": "male"}},
        },
    )
    for contrast in contrasts:
        write_json(out / f"{contrast}.json", {"ConversionSoftware": GENERATOR["Name"]})
    if masks:
        reader = {"Name": "simulated reader", "DatasetType": "derivative"}
        generated = {"GeneratedBy": [{"Name": "simulated reader"}], "DatasetLinks": {"raw": "../.."}}
        write_json(out / "derivatives/lesions/dataset_description.json", {**reader, **generated, **common})
