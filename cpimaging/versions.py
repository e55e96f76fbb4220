"""Versions of what a result was made with; light, for the command line tells them."""

from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from cpimaging import __version__

LIBRARIES = ("nibabel", "nilearn", "numpy", "picsl_greedy", "scikit-image", "scipy", "SimpleITK")
RUNNERS = ("snakemake", "snakemake-executor-plugin-slurm")


def software_versions() -> dict[str, str]:
    """Return the versions of cpimaging and of the libraries whose results reach an output."""
    return {"cpimaging": __version__, **{name: _version(name) for name in LIBRARIES}}


def installed_versions() -> dict[str, str]:
    """Return the same and those of what runs it: Python, Snakemake and its executor for SLURM."""
    return {**software_versions(), "Python": python_version(), **{name: _version(name) for name in RUNNERS}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "n/a"
