"""Consistency of whole scans of infants: the final labels of a T1w alone against those of a T2w alone.

    python benchmarks/ages_scans.py [--ages 00,06,24]

Average brains at 0, 6 and 24 months, each as two scans of one contrast, run through the whole workflow with
templates of other ages alone (`OTHERS`), so that no scan meets its own image; the newborn's age is given as
47 weeks, since none of the other brains has the size of a newborn's. Prints Markdown (Dice). The labels are
those that a study gets, refined on the scan where the method does so; ages.py compares carried labels. About
two minutes of one core a scan, templates of ages are built once.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from ages import DATA, RESULTS, STRUCTURES, TISSUES, dice, masks
from numpy.typing import NDArray

from cpimaging.atlases import load_atlas
from cpimaging.images import read_image
from cpimaging.io import write_json
from cpimaging.layout import ScanFiles

OUT = RESULTS.with_name("ages_scans")
OTHERS = {
    "00": (("06", 47, 170, "UNC24"), ("24", 180, 200, "n/a")),
    "06": (("00", 36, 50, "UNC24"), ("24", 54, 170, "n/a")),
    "24": (("06", 54, 170, "UNC24"), ("24", 180, 200, "n/a")),
}
"""Templates of a study of each age: brain, postmenstrual weeks from and to, next on the way to the adult."""

PMA_WEEKS = {"00": 47, "06": 66, "24": 144}
HEAD = "name pma_weeks_min pma_weeks_max T1w T2w brain_mask dseg dseg_table via license citation"


def image(data: Path, age: str, contrast: str) -> Path:
    return (data / f"tpl-UNCBCP4DInfant_cohort-{age}_desc-brain_{contrast}.nii.gz").resolve()


def write_templates(folder: Path, data: Path, age: str) -> None:
    """Write a folder of the templates that scans of an age may meet."""
    folder.mkdir(parents=True)
    rows = [HEAD.split()]
    for other, first, last, via in OTHERS[age]:
        names = [f"{other}_{contrast}.nii.gz" for contrast in ("T1w", "T2w")]
        for name in names:
            (folder / name).symlink_to(image(data, other, name[3:6]))
        rows.append([f"UNC{other}", str(first), str(last), *names, *["n/a"] * 3, via, "n/a", "n/a"])
    (folder / "templates.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))


def write_scans(folder: Path, data: Path, age: str) -> None:
    """Write a BIDS dataset: one brain as two scans, a contrast each."""
    write_json(folder / "dataset_description.json", {"Name": "average brains", "BIDSVersion": "1.10.0"})
    rows = ["participant_id\tpma_weeks"]
    for contrast in ("T1w", "T2w"):
        label = f"sub-{contrast}"
        (folder / label / "anat").mkdir(parents=True)
        (folder / label / "anat" / f"{label}_{contrast}.nii.gz").symlink_to(image(data, age, contrast))
        rows.append(f"{label}\t{PMA_WEEKS[age]}")
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")


def labels_of(study: Path, contrast: str) -> NDArray[np.integer]:
    """Return the labels of a scan, on its own grid."""
    return read_image(ScanFiles.of(study / "out", f"sub-{contrast}").atlas_dseg, labels=True).data


def compared(data: Path, age: str) -> dict[str, float]:
    """Run the two scans of an age, unless they are done; return the Dice of each structure."""
    study = OUT / age
    if not study.is_dir():
        write_templates(study / "templates", data, age)
        write_scans(study / "bids", data, age)
    words = ["cpimaging", str(study / "bids"), str(study / "out"), "participant", "--cores", "2", "--quiet"]
    words += ["--config", f"templates_dir={study / 'templates'}"]
    subprocess.run(words, check=True, stdout=sys.stderr)
    regions = load_atlas("embedded").dseg.regions
    one, other = (masks(labels_of(study, contrast), regions) for contrast in ("T1w", "T2w"))
    return {name: dice(one[name], other[name]) for name in one}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--ages", default="00,06,24")
    chosen = parser.parse_args()
    names = [*STRUCTURES, *TISSUES]
    print(f"| months | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for age in chosen.ages.split(","):
        found = compared(chosen.data, age)
        print(f"| {int(age)} | {' | '.join(f'{found[name]:.2f}' for name in names)} |", flush=True)


if __name__ == "__main__":
    main()
