"""Whether wheels exist for each Python and platform: pip resolves what cpimaging needs, and installs nothing.

Prints a Markdown table (docs/install.md). Needs network.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "Linux x86_64": [f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 24, 17, 12, 5)]
    + ["manylinux2014_x86_64", "linux_x86_64"],
    "Linux aarch64": [f"manylinux_2_{minor}_aarch64" for minor in (28, 27, 24, 17)]
    + ["manylinux2014_aarch64"],
    "macOS arm64": [f"macosx_{major}_0_arm64" for major in (14, 13, 12, 11)],
    "macOS x86_64": [f"macosx_{major}_0_x86_64" for major in (14, 13, 12, 11)]
    + [f"macosx_10_{minor}_x86_64" for minor in (15, 14, 13, 12, 10, 9)],
}
"""The platforms and the tags of the wheels that run there, newest first."""


def unresolved(python: str, tags: list[str], wanted: list[str]) -> str:
    """Return the last words of pip where it finds no set of wheels, "" where it does."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--only-binary", ":all:"]
        words += ["--ignore-installed", "--target", folder, "--python-version", python]
        words += [word for tag in tags for word in ("--platform", tag)]
        run = subprocess.run([*words, *wanted], capture_output=True, text=True, check=False)
    errors = [line for line in run.stderr.splitlines() if line.startswith("ERROR")]
    return "" if run.returncode == 0 else (errors or ["ERROR: pip said nothing"])[-1].removeprefix("ERROR: ")


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["slurm"]]
    print("| platform | Python " + " | Python ".join(PYTHONS) + " |\n|---|" + "---|" * len(PYTHONS))
    for platform, tags in PLATFORMS.items():
        cells = [unresolved(python, tags, wanted) or "wheels" for python in PYTHONS]
        print(f"| {platform} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
