"""What a run needs of the machine: memory, disk, folders to write to, the lock, a browser for PDF."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import psutil

from cpimaging.browser import installed_browser
from cpimaging.cache import cache_dir
from cpimaging.doctor.dataset import Study
from cpimaging.doctor.found import Found, refused
from cpimaging.study.lock import LOCK, held_by
from cpimaging.study.output import check_output
from cpimaging.types import InputError
from cpimaging.writes import check_writable

STAGE_MB = 1250
"""Memory of the stage that needs most, at 1 mm: half of what its rule asks for (workflow/rules/scan.smk)."""
GROUP_MB = 2000
"""The same of the stages of a whole study (workflow/rules/study.smk)."""
SCAN_MB, SCAN_MB_PER_HEAD = 10.0, 20.0
"""Room for a scan, and for each image of it of the size of a head at 1 mm. Measured with its page: 30.4 MB
for three contrasts of 141 × 165 × 145 voxels, where this gives 38."""
TEMPORARY_MB = 500
"""Ours: room for the fields of one registration at 1 mm."""
CACHE_MB = 200
"""Ours: template and embedded atlas, once."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much memory a container or a cluster's job may have."""
BYTES_PER_MB = 1_000_000


def look_at_machine(largest: float, cores: int) -> Iterator[Found]:
    """Yield what was found on this machine. largest: voxels of the largest image over those at 1 mm."""
    yield _memory(largest, cores)
    yield _cache()
    yield _temporary()
    yield _browser()


def look_at_output(output: Path, study: Study | None) -> Iterator[Found]:
    """Yield what was found on the folder of the results."""
    try:
        check_output(output)
    except InputError as error:
        yield refused("results", error)
        return
    yield Found("ok", "results", f"{output} can be written")
    yield _lock(output)
    if study:
        yield _disk(output, study)


def memory_mb() -> float:
    """Return the memory that this process may have, in MB."""
    limits = [float(text) for path in LIMITS if (text := _text(path)).isdigit()]
    return min(float(psutil.virtual_memory().total), *limits, float("inf")) / BYTES_PER_MB


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _memory(largest: float, cores: int) -> Found:
    """One stage must fit, else nothing runs; as many as there are cores should."""
    there, one = memory_mb(), max(STAGE_MB * largest, GROUP_MB)
    told = f"{there / 1000:.1f} GB"
    if there < one:
        return Found(
            "fault", "memory", f"{told}, one stage needs {one / 1000:.1f} GB", "take a larger machine"
        )
    at_once = int(there // (STAGE_MB * largest))
    if at_once < cores:
        need = f"{cores} stages at once may need {cores * STAGE_MB * largest / 1000:.1f} GB"
        return Found("warning", "memory", f"{told}, {need}", f"run with --cores {max(1, at_once)}")
    return Found("ok", "memory", f"{told}, enough for {cores} {'stage' if cores == 1 else 'stages'} at once")


def _cache() -> Found:
    folder = cache_dir()
    ways = {folder: "CPIMAGING_CACHE", Path(platformdirs.user_cache_dir()): "XDG_CACHE_HOME, for Snakemake,"}
    for needed, key in ways.items():
        try:
            check_writable(needed)
        except InputError as error:
            return Found("fault", "cache", f"{needed}: {error.problem}", f"set {key} to another folder")
    return _room("cache", folder, CACHE_MB, "set CPIMAGING_CACHE to another folder")


def _temporary() -> Found:
    """Python passes over a TMPDIR that does not exist without a word."""
    wanted, folder = os.environ.get("TMPDIR"), Path(tempfile.gettempdir())
    cure = "set TMPDIR to a folder that exists and has room"
    if wanted and not os.access(wanted, os.W_OK | os.X_OK):
        return Found("fault", "temporary files", f"TMPDIR={wanted} cannot be written to", cure)
    return _room("temporary files", folder, TEMPORARY_MB, cure)


def _room(what: str, folder: Path, need_mb: float, cure: str) -> Found:
    free = _free_mb(folder)
    if free < need_mb:
        return Found("fault", what, f"{folder} has {free:.0f} MB, about {need_mb:.0f} are needed", cure)
    return Found("ok", what, f"{folder}, {free / 1000:.1f} GB free")


def _free_mb(folder: Path) -> float:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free / BYTES_PER_MB


def _browser() -> Found:
    name = installed_browser()
    if name:
        return Found("ok", "browser", f"{name}, for PDF")
    return Found("warning", "browser", "no Chromium, Chrome or Edge: no PDF", "print a page from any browser")


def _lock(output: Path) -> Found:
    holder = held_by(output)
    if holder is None:
        return Found("ok", "lock", "no other run works in that folder")
    told = f"process {holder.process} on {holder.host} works in that folder"
    return Found("fault", "lock", told, f"wait for it; if it has ended, delete {output / LOCK}")


def _disk(output: Path, study: Study) -> Found:
    """Compare the free space with what scans without a page will take."""
    left = [size for label, size in study.sizes.items() if not (output / f"{label}.html").is_file()]
    need = sum(SCAN_MB + SCAN_MB_PER_HEAD * size for size in left)
    free = _free_mb(output)
    told = f"{free / 1000:.1f} GB free, about {need / 1000:.1f} GB needed for {len(left)} scans"
    if free < need:
        return Found("fault", "disk", told, "free some, or choose an output_dir on a larger disk")
    return Found("ok", "disk", told)
