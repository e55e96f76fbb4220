"""How the tests start the workflow."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "test_data" / "bids"


def environment() -> dict[str, str]:
    """Return the environment with this Python's programs first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def command(folder: Path, *options: str, **config: object) -> list[str]:
    """Return the command that runs the workflow in `folder` with the project's configuration."""
    words = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    words += ["--configfile", str(ROOT / "config" / "config.yaml"), "--cores", "2", *options]
    return [*words, "--config", *(f"{key}={value}" for key, value in config.items())]


def snakemake(folder: Path, *options: str, **config: object) -> subprocess.CompletedProcess[str]:
    """Run the workflow in `folder`; return its exit code and what it printed."""
    words = command(folder, *options, **config)
    return subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)
