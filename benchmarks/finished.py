"""What a run costs that finds nothing to do: `snakemake` on many finished scans.

`python benchmarks/finished.py [--scans 1000] [--results results/demo]`. The scans are copies of finished ones
(cohort.py) and their dataset is files without a byte; the records of the stages say that they did what the
planner asks of them now. Prints wall and processor time, and what Snakemake said. Target: 20 s for 1,000.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cohort import ROOT, make_cohort

from cpimaging.io import read_yaml
from cpimaging.planner import Planner
from cpimaging.study.choices import read_choices

DEMO = ROOT / "test_data/bids"
LESIONS = "derivatives/lesions"
OF_STUDY = ("index", "atlas", "cohort")


def make_dataset(bids: Path, n: int) -> None:
    """Write a BIDS dataset of n scans, each two images and a lesion mask without a byte."""
    for folder in ("", LESIONS):
        (bids / folder).mkdir(parents=True)
        shutil.copy(DEMO / folder / "dataset_description.json", bids / folder)
    for number in range(n):
        scan = f"sub-{number + 1:05d}"
        names = [f"{scan}/anat/{scan}_T1w.nii.gz", f"{scan}/anat/{scan}_FLAIR.nii.gz"]
        names += [f"{LESIONS}/{scan}/anat/{scan}_space-orig_label-L_mask.nii.gz"]
        for name in names:
            (bids / name).parent.mkdir(parents=True, exist_ok=True)
            (bids / name).touch()


def finish(source: Path, output: Path) -> None:
    """Write into the records what the planner asks now, of scans and, with copied files, of the study."""
    config = {**read_yaml(ROOT / "config/config.yaml"), "bids_dir": "bids", "output_dir": output.name}
    planner = Planner(read_choices(config, read_yaml(ROOT / "workflow/schemas/config.schema.yaml")))
    for stage in OF_STUDY:
        record = Path("logs/files") / stage / "study.json"
        for name in [str(record), *json.loads((source / record).read_text())["Files"]]:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, output / name)
    for path in (output / "logs/files").rglob("*.json"):
        record = json.loads(path.read_text()) | {"Asked": planner.asked(path.parent.name, path.stem)}
        path.write_text(json.dumps(record))


def age(folder: Path, seconds: float) -> None:
    """Make all files of a folder so old."""
    then = time.time() - seconds
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


def main() -> None:
    """Make the scans, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=1000)
    parser.add_argument("--results", type=Path, default=ROOT / "results/demo", help="scans to copy")
    chosen = parser.parse_args()
    source = chosen.results.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        make_dataset(Path("bids"), chosen.scans)
        age(Path("bids"), 7200)
        make_cohort(source, Path("out"), chosen.scans)
        finish(source, Path("out"))
        age(Path("out"), 3600)
        words = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
        start = time.monotonic()
        run = subprocess.run(
            [*words, "--config", "bids_dir=bids", "output_dir=out"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor_s = used.ru_utime + used.ru_stime
        print(f"{chosen.scans} scans: {time.monotonic() - start:.1f} s, processor {processor_s:.1f} s")
        print((run.stdout + run.stderr).strip().splitlines()[-1])


if __name__ == "__main__":
    main()
