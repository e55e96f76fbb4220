"""A whole scan against one registration by ANTs, in pairs: what both take of time and processor.

`python benchmarks/against_ants.py [--pairs 3] [--no-mask] [--python .venv-ants/bin/python]`, alone on the
machine. A pair is all stages on a scan of 1 mm with three contrasts and its mask (as in stages.py), then
antsRegistrationSyNQuick[s] of the template's T1w and the same scan's, both without skull, by antspyx with as
many threads. With `--no-mask` the lesions are searched. Prints each pair's ratios and their medians. Targets:
0.6 of the wall time and 0.4 of the processor time; without mask 1.0 and 0.6.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from stages import THREADS, commands, given, measured

from cpimaging.atlases import load_template
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.bids.reference import choose_references
from cpimaging.images import write_image
from cpimaging.layout import ScanFiles
from cpimaging.study.plan import write_plan

ROOT = Path(__file__).parents[1]
ANTS = """
import sys, ants
fixed, moving = map(ants.image_read, sys.argv[1:3])
ants.registration(fixed, moving, "antsRegistrationSyNQuick[s]")
"""


def scan(bids_dir: Path, participant: str, out: Path) -> tuple[float, float]:
    """Run every stage on a scan; return wall and processor seconds of all."""
    scans = with_demographics(bids_dir, list_scans(bids_dir, participant_label=participant))
    write_plan(out, bids_dir, choose_references(bids_dir, scans))
    subprocess.run(["cpimaging", "atlas", "export", str(out)], check=True)
    rows = [measured(command) for command in commands(out, f"sub-{participant}").values()]
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def without_masks(bids_dir: Path, folder: Path) -> Path:
    """Copy a dataset but for its derivatives, where its masks are; return the folder."""
    return Path(shutil.copytree(bids_dir, folder, ignore=shutil.ignore_patterns("derivatives")))


def main() -> None:
    """Print a line for each pair, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--no-mask", action="store_true", help="search for the lesions")
    parser.add_argument("--python", default=str(ROOT / ".venv-ants/bin/python"), help="one that has antspyx")
    chosen = parser.parse_args()
    os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = str(THREADS)
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bids_dir, participant = given(folder)
        if chosen.no_mask:
            bids_dir = without_masks(bids_dir, folder / "unmasked")
        write_image(folder / "template.nii.gz", load_template().t1w)
        for pair in range(chosen.pairs):
            out = folder / f"out{pair}"
            ours = scan(bids_dir, participant, out)
            moving = ScanFiles.of(out, f"sub-{participant}", "cpimaging").preproc("T1w")
            words = [chosen.python, "-c", ANTS, str(folder / "template.nii.gz"), str(moving)]
            ants = measured(words)[:2]
            ratios.append((ours[0] / ants[0], ours[1] / ants[1]))
            told = f"scan {ours[0]:.1f} s, processor {ours[1]:.1f} s; ANTs {ants[0]:.1f} s, {ants[1]:.1f} s"
            print(f"{told}; wall × {ratios[-1][0]:.2f}, processor × {ratios[-1][1]:.2f}", flush=True)
    wall, processor = (median(pair[place] for pair in ratios) for place in (0, 1))
    print(f"medians: wall × {wall:.2f}, processor × {processor:.2f}")


if __name__ == "__main__":
    main()
