"""Time and peak memory of every stage on 1 mm scans; prints Markdown tables.

A scan with three contrasts and its lesion mask (the real sub-ms26 where ../shared/data is present, else a
simulated one), and a simulated whole head with T1w and FLAIR and no mask at all: brain and lesion are found.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.bids.reference import choose_references
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.plan import write_plan

REAL = Path(__file__).parents[2] / "shared" / "data" / "bids"
THREADS = 2


def given(folder: Path) -> tuple[Path, str]:
    """Return a dataset and a participant: three contrasts and a lesion mask."""
    if REAL.is_dir():
        return REAL, "ms26"
    return simulated(folder, "--contrasts", "T1w,T2w,FLAIR"), "01"


def whole_head(folder: Path) -> tuple[Path, str]:
    """Return a dataset and a participant: T1w and FLAIR with the skull on, nothing else."""
    made = simulated(folder, "--no-masks")
    # in a process of its own, like the simulation: a child's peak memory counts what its parent held
    subprocess.run([sys.executable, __file__, "--add-heads", str(made)], check=True)
    return made, "01"


def simulated(folder: Path, *options: str) -> Path:
    words = ["--n", "1", "--seed", "1", "--voxel-mm", "1", "--patterns", "watershed", *options]
    subprocess.run(["cpimaging", "simulate", str(folder / "bids"), *words], check=True)
    return folder / "bids"


def add_heads(bids_dir: Path) -> None:
    """Put every image of a simulated dataset into a head."""
    from brain import real_brain

    from cpimaging.images import write_image
    from cpimaging.simulate.head import add_head

    for contrast in ("T1w", "FLAIR"):
        path = bids_dir / f"sub-01/anat/sub-01_{contrast}.nii.gz"
        head, _ = add_head(*real_brain(path, contrast), contrast, seed=1)
        write_image(path, head)


def measured(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return its wall seconds, processor seconds and peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    unit = 1024 if platform.system() == "Linux" else 1024**2
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def commands(out: Path, label: str) -> dict[str, list[str]]:
    stages = {stage: ["cpimaging", stage, "--scan", label, "--output-dir", str(out)] for stage in SCAN_STAGES}
    stages["register"] += ["--threads", str(THREADS)]
    return {"index": ["cpimaging", "index", "--output-dir", str(out)], **stages}


def report(bids_dir: Path, participant: str, out: Path) -> None:
    """Run every stage on one scan and print what each took."""
    scans = with_demographics(bids_dir, list_scans(bids_dir, participant_label=participant))
    write_plan(out, bids_dir, choose_references(bids_dir, scans))
    subprocess.run(["cpimaging", "atlas", "export", str(out)], check=True)
    contrasts = ", ".join(scans[0].images)
    print(f"\nsub-{participant}: {contrasts}; lesion mask: {scans[0].lesion_source}\n")
    print("| stage | wall s | processor s | peak MB |\n|---|---|---|---|")
    rows = []
    for stage, command in commands(out, f"sub-{participant}").items():
        rows.append(measured(command))
        print(f"| {stage} | {rows[-1][0]:.1f} | {rows[-1][1]:.1f} | {rows[-1][2]:.0f} |", flush=True)
    wall, cpu, peak = (f(column) for f, column in zip((sum, sum, max), zip(*rows, strict=True), strict=True))
    print(f"| **all** | **{wall:.1f}** | **{cpu:.1f}** | **{peak:.0f}** |")


def main() -> None:
    print(f"{os.cpu_count()} cores, {THREADS} threads, Python {platform.python_version()}; atlas cached;")
    print("wall and processor seconds, peak memory")
    for prepare in (given, whole_head):
        with tempfile.TemporaryDirectory() as folder:
            report(*prepare(Path(folder)), Path(folder) / "out")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--add-heads"]:
        add_heads(Path(sys.argv[2]))
    else:
        main()
