"""Whether the package can run here: Python, libraries, and greedy, which is a binary."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version

import numpy as np
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cpimaging.doctor.found import Found
from cpimaging.provenance import PACKAGE
from cpimaging.registration.picsl import linear
from cpimaging.types import Image
from cpimaging.versions import installed_versions

NEEDED, TRIED = SpecifierSet(">=3.11"), SpecifierSet("<3.14")
"""Versions of Python for which the libraries are known to have wheels (benchmarks/resolve.py)."""
TRIAL = f"from {__name__} import fit_two_blobs; fit_two_blobs()"
TRIAL_SECONDS = 120
AGAIN = "install cpimaging again, into an environment of its own"


def look_at_installation() -> Iterator[Found]:
    """Yield what was found on the installation."""
    yield _python()
    yield _libraries()
    yield _greedy()


def _python() -> Found:
    told = "Python", ".".join(map(str, sys.version_info[:3]))
    if told[1] not in NEEDED:
        return Found("fault", *told, "3.11 or newer is needed: make an environment with it")
    if told[1] not in TRIED:
        return Found("warning", *told, f"not tried; known to work: 3.11 to 3.13 ({TRIED})")
    return Found("ok", *told)


def _libraries() -> Found:
    """Compare what is installed with what the package asks for."""
    try:
        asked = [Requirement(text) for text in distribution(PACKAGE).requires or []]
    except PackageNotFoundError:
        return Found("warning", "libraries", "cpimaging is not installed, it is only on the path", AGAIN)
    needed = [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = [told for each in needed if (told := _unfit(each))]
    if wrong:
        return Found("fault", "libraries", ", ".join(wrong), AGAIN)
    shown = {name: number for name, number in installed_versions().items() if number != "n/a"}
    return Found("ok", "libraries", ", ".join(f"{name} {number}" for name, number in shown.items()))


def _unfit(needed: Requirement) -> str:
    """Return what is wrong with a library, "" where nothing is."""
    try:
        there = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing"
    if needed.specifier.contains(there, prereleases=True):
        return ""
    return f"{needed.name} is {there}, {needed.specifier} is needed"


def _greedy() -> Found:
    """Register two small images in a process of their own: a binary of another processor would end ours."""
    try:
        words = [sys.executable, "-c", TRIAL]
        tried = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TRIAL_SECONDS)
    except subprocess.TimeoutExpired:
        return Found("fault", "greedy", f"two small images took more than {TRIAL_SECONDS} s", AGAIN)
    if tried.returncode == 0:
        return Found("ok", "greedy", "registers two small images")
    why = f"was ended by signal {-tried.returncode}" if tried.returncode < 0 else "does not run"
    last = tried.stderr.strip().splitlines()[-1:]
    return Found("fault", "greedy", ": ".join([why, *last]), AGAIN)


def fit_two_blobs() -> None:
    """Find a shift of 2 voxels between two blobs. Raises RuntimeError where another one comes out."""
    x, y, z = np.indices((24, 24, 24))
    blobs = [np.exp(-(((x - at) / 5) ** 2 + ((y - 12) / 4) ** 2 + ((z - 11) / 3) ** 2)) for at in (11, 13)]
    fixed, moving = (Image(blob.astype(np.float32), np.eye(4)) for blob in blobs)
    matrix = linear("-a -dof 6 -m SSD -n 50x50", fixed, moving, None, np.eye(4))
    centre = np.array([11.0, 12.0, 11.0, 1.0])
    if not np.allclose((matrix @ centre)[:3], [13, 12, 11], atol=0.5):
        raise RuntimeError("greedy found another shift than the known one")
