"""Time and peak memory of every stage on one 1 mm scan with three contrasts; prints a Markdown table.

Uses the real scan sub-ms26 where ../shared/data is present, otherwise a simulated one.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cpimaging.bids import choose_references, list_scans, with_demographics
from cpimaging.stages import SCAN_STAGES, write_plan

REAL = Path(__file__).parents[2] / "shared" / "data" / "bids"
THREADS = 2


def dataset(folder: Path) -> tuple[Path, str]:
    if REAL.is_dir():
        return REAL, "ms26"
    made = folder / "bids"
    # in a process of its own: a child's peak memory counts what its parent held when it started
    words = "--n 1 --seed 1 --voxel-mm 1 --contrasts T1w,T2w,FLAIR --patterns watershed"
    subprocess.run(["cpimaging", "simulate", str(made), *words.split()], check=True)
    return made, "01"


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
    stages = {
        stage: ["cpimaging", stage, "--scan", label, "--output-dir", str(out), "--threads", str(THREADS)]
        for stage in SCAN_STAGES
    }
    return {"index": ["cpimaging", "index", "--output-dir", str(out)], **stages}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        bids_dir, participant = dataset(Path(folder))
        scans = with_demographics(bids_dir, list_scans(bids_dir, participant_label=participant))
        write_plan(out, bids_dir, choose_references(bids_dir, scans))
        subprocess.run(["cpimaging", "atlas", "export", str(out)], check=True)
        print(f"{bids_dir.name} sub-{participant}, {os.cpu_count()} cores, {THREADS} threads")
        print(f"Python {platform.python_version()}; atlas cached; wall and processor seconds, peak memory\n")
        print("| stage | wall s | processor s | peak MB |\n|---|---|---|---|")
        rows = []
        for stage, command in commands(out, f"sub-{participant}").items():
            rows.append(measured(command))
            print(f"| {stage} | {rows[-1][0]:.1f} | {rows[-1][1]:.1f} | {rows[-1][2]:.0f} |", flush=True)
        wall, cpu, peak = (
            f(column) for f, column in zip((sum, sum, max), zip(*rows, strict=True), strict=True)
        )
        print(f"| **all** | **{wall:.1f}** | **{cpu:.1f}** | **{peak:.0f}** |")


if __name__ == "__main__":
    main()
