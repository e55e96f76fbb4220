"""Sign of the internal capsule in simulated newborns, each with and without myelin; prints Markdown.

    python benchmarks/capsules.py TEMPLATES_DIR NAME [--n 20] [--seed 901]

Labels come along the known warp, so that the sign is judged and no fit; then they are moved by a voxel
(1.2 mm) in each of six directions, which stands for a fit that is so far off. The bias field is left in. Each
brain is printed as it is done: a stopped run has told what it measured.
"""

import argparse
from pathlib import Path

import numpy as np

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import Built, built, read_templates
from cpimaging.morphometry.newborn import plic_sign
from cpimaging.registration import resample
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.recipes import load_recipes
from cpimaging.simulate.subject import Subject, subject_seed
from cpimaging.simulate.young import make_young_subject, young_anatomy
from cpimaging.simulate.young_dataset import STRENGTH
from cpimaging.types import Image, LabelMap

VOXEL_MM = (1.2, 1.2, 1.2)
MOVES = [
    (sign * (axis == 0), sign * (axis == 1), sign * (axis == 2)) for axis in range(3) for sign in (1, -1)
]


def ratios(labels: Image, made: Built, t1w: Image) -> list[float]:
    """Return the ratio of capsule to putamen on either side."""
    rows = plic_sign(LabelMap(labels, made.atlas.dseg.regions), t1w, Image(t1w.data, np.eye(4)))
    return [row["value"] for row in rows if row["measure"] == "plic_signal_ratio"]


def measured(subject: Subject, made: Built) -> tuple[list[float], list[float]]:
    """Return the ratios with labels in their place, and with labels that are moved."""
    t1w = subject.images["T1w"]
    labels = resample(made.atlas.dseg.labels, t1w, subject.displacement, mode="nearest")
    moved = [labels.with_data(np.roll(labels.data, move, (0, 1, 2))) for move in MOVES]
    return ratios(labels, made, t1w), [ratio for each in moved for ratio in ratios(each, made, t1w)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("templates_dir", type=Path)
    parser.add_argument("name", help="template of the age")
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=901)
    given = parser.parse_args()
    made = built(read_templates(given.templates_dir), given.name, load_atlas("embedded"))
    adult, healthy = find_anatomy(load_template()), load_recipes()["none"]
    brains = {myelin: young_anatomy(made, myelin=myelin) for myelin in (True, False)}
    right: dict[str, list[bool]] = {"in place": [], "moved": []}
    print(
        "| brain | myelin | left, right | moved labels: least, most | right, moved |\n|---|---|---|---|---|"
    )
    for index in range(given.n):
        seed = subject_seed(given.seed, index)
        for myelin, young in brains.items():
            subject = make_young_subject(young, adult, healthy, ("T1w",), VOXEL_MM, seed, STRENGTH)
            still, moved = measured(subject, made)
            signs = {"in place": still, "moved": moved}
            for name, values in signs.items():
                right[name] += [(value > 1) == myelin for value in values]
            share = sum((value > 1) == myelin for value in moved)
            told = ", ".join(f"{value:.2f}" for value in still)
            reach = f"{min(moved):.2f}, {max(moved):.2f}"
            print(f"| {index + 1} | {myelin} | {told} | {reach} | {share} of {len(moved)} |", flush=True)
    for name, found in right.items():
        print(f"\nlabels {name}: right in {sum(found)} of {len(found)} capsules")


if __name__ == "__main__":
    main()
