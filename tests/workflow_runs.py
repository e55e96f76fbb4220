"""How the tests start the workflow."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "test_data" / "bids"


def snakemake(folder: Path, *options: str, **config: object) -> subprocess.CompletedProcess[str]:
    """Run the workflow in `folder` with the project's profile; returns what it printed."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(ROOT / "config" / "config.yaml"), "--cores", "2", *options]
    if config:
        command += ["--config", *(f"{key}={value}" for key, value in config.items())]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
