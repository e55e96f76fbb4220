"""Make the demo dataset `test_data/bids`, or check (--check) that the code still makes the same one."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from cpimaging.images import read_image
from cpimaging.simulate import simulate

KEPT = Path(__file__).with_name("bids")
PATTERNS = ("periventricular_bilateral", "basal_ganglia_thalamus", "mca_infarct", "none")
SEED = 4
NOT_COMPARED = {"dataset_description.json"}  # names the version of the code
TOLERANCE = 1  # grey level: the last digit of a float may differ between processors


def make(folder: Path) -> None:
    """Write the dataset to a new folder; the warps, five times as large as all the rest, are left out."""
    simulate(folder, n=len(PATTERNS), seed=SEED, voxel_mm=2.2, contrasts=("T1w", "FLAIR"), patterns=PATTERNS)
    for warp in folder.rglob("*_xfm.nii.gz"):
        warp.unlink()


def differences(made: Path, kept: Path) -> list[str]:
    """Return one line for each file that is missing, too many, or different."""
    files = [{str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()} for root in (made, kept)]
    lines = [f"{name}: missing" for name in sorted(files[0] - files[1])]
    lines += [f"{name}: not made by this script" for name in sorted(files[1] - files[0])]
    for name in sorted(files[0] & files[1]):
        line = _difference(made / name, kept / name)
        lines += [f"{name}: {line}"] if line else []
    return lines


def _difference(made: Path, kept: Path) -> str:
    if made.name in NOT_COMPARED:
        return ""
    if not made.name.endswith(".nii.gz"):
        return "" if made.read_bytes() == kept.read_bytes() else "text differs"
    new, old = read_image(made, labels=True), read_image(kept, labels=True)
    if not new.same_grid(old) or new.data.dtype != old.data.dtype:
        return "grid or data type differs"
    change = np.abs(new.data.astype(int) - old.data.astype(int))
    limit = 0 if made.name.endswith("_mask.nii.gz") else TOLERANCE
    return f"{(change > limit).sum()} voxels differ, by up to {change.max()}" if change.max() > limit else ""


def main() -> int:
    """Make or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="make it elsewhere and compare")
    if not parser.parse_args().check:
        shutil.rmtree(KEPT, ignore_errors=True)
        make(KEPT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        lines = differences(Path(folder), KEPT)
    print("\n".join(lines) if lines else "test_data/bids is what the code makes")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
