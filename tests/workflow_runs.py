"""How the tests start the workflow."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "test_data" / "bids"


def environment(root: Path = ROOT) -> dict[str, str]:
    """Return the environment with this Python's programs and the package in `root` first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(root)}


def command(folder: Path, *options: str, root: Path = ROOT, **config: object) -> list[str]:
    """Return the command that runs the workflow of the project in `root` in `folder`."""
    words = ["snakemake", "--snakefile", str(root / "Snakefile"), "--directory", str(folder)]
    words += ["--workflow-profile", str(root / "profiles" / "default"), "--cores", "2", *options]
    words += ["--configfile", str(root / "config" / "config.yaml")]
    return [*words, "--config", *(f"{key}={value}" for key, value in config.items())]


def snakemake(
    folder: Path, *options: str, root: Path = ROOT, **config: object
) -> subprocess.CompletedProcess[str]:
    """Run the workflow in `folder`; return its exit code and what it printed."""
    words = command(folder, *options, root=root, **config)
    return subprocess.run(words, capture_output=True, text=True, env=environment(root), check=False)


def planned(run: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Which rule would run for which scan, from what a dry run prints."""
    assert run.returncode == 0, run.stderr[-2000:]
    jobs: dict[str, set[str]] = {}
    rule = ""
    for line in run.stdout.splitlines() + run.stderr.splitlines():
        if match := re.match(r"\s*(?:local)?rule (\w+):", line):
            rule = match.group(1)
            jobs.setdefault(rule, set())
        elif (match := re.search(r"scan=(sub-\w+(?:-\w+)?)", line)) and rule:
            jobs[rule].add(match.group(1))
    return jobs
