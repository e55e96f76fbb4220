"""The same input gives the same bytes: threads, language, time zone, hash seed, umask, folders."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from kinds_data import brain, dataset, plan
from kinds_masks import LESION, SOFT, SPACE, image
from workflow_runs import ROOT, environment

THREADS = ("OMP_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "OPENBLAS_NUM_THREADS")
SURROUNDINGS = {
    "two threads": dict.fromkeys(THREADS, "2"),
    "another TMPDIR": {"TMPDIR": "with a space"},
    "no language": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "umask": "077"},
    "another place": {
        "LC_ALL": "de_DE.UTF-8",
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "77",
        "HOME": "home",
    },
}


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def program(folder: Path, surroundings: dict[str, str], *words: object) -> None:
    """Run a command of the program in a process of its own, one thread if nothing else is said."""
    given = {**dict.fromkeys(THREADS, "1"), "PYTHONHASHSEED": "0", "TZ": "UTC", **surroundings}
    for name in ("TMPDIR", "HOME"):
        if name in surroundings:
            given[name] = str(folder / surroundings[name])
            Path(given[name]).mkdir()
    umask = int(given.pop("umask", "022"), 8)
    given.setdefault("CPIMAGING_CACHE", os.environ.get("CPIMAGING_CACHE") or str(_cache()))
    command = [sys.executable, "-m", "cpimaging", *map(str, words)]
    subprocess.run(command, env={**environment(ROOT), **given}, umask=umask, check=True, cwd=folder)


def _cache() -> Path:
    from cpimaging.cache import cache_dir

    return cache_dir()


def preprocessed(folder: Path, surroundings: dict[str, str]) -> dict[str, str]:
    """Run the stage that corrects the bias field and aligns two contrasts; return what it wrote."""
    bids, out = folder / "bids", folder / "out"
    if not bids.exists():
        grey, affine = brain()
        dataset(folder, T1w=grey)
        moved = affine.copy()
        moved[:3, 3] += [3, -5, 2]
        other = np.where(grey > 0, grey.max() * 1.1 - grey, 0)
        nib.save(nib.Nifti1Image(other, moved), bids / "sub-01/anat/sub-01_T2w.nii.gz")
    plan(bids, out)
    program(folder, surroundings, "preprocess", "--scan", "sub-01", "--output-dir", out)
    return bytes_of(out)


def masks(folder: Path, surroundings: dict[str, str]) -> dict[str, str]:
    """Run the job on masks; return what it wrote."""
    for name, data in {"1": LESION, "2": LESION[::-1].copy(), "3": SOFT.astype(np.float32)}.items():
        (folder / "masks").mkdir(exist_ok=True)
        nib.save(image(data), folder / f"masks/sub-{name}_mask.nii.gz")
    people = "participant_id\tage\tsex\nsub-1\t7\tF\nsub-2\t3.5\tM\n"
    (folder / "masks/participants.tsv").write_text(people)
    program(folder, surroundings, "masks", folder / "masks", folder / "out", "--space", SPACE)
    return bytes_of(folder / "out")


JOBS = {"masks": masks, "preprocess": preprocessed}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each job writes in plain surroundings."""
    return {name: job(tmp_path_factory.mktemp(name), {}) for name, job in JOBS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("around", SURROUNDINGS)
def test_surroundings_change_no_byte(
    tmp_path: Path, plain: dict[str, dict[str, str]], name: str, around: str
) -> None:
    found, wanted = JOBS[name](tmp_path, SURROUNDINGS[around]), plain[name]
    assert len(wanted) > 5
    plans = {file for file in wanted if file.startswith("logs/plan/")}  # they hold the dataset's folder
    assert found.keys() == wanted.keys()
    assert [file for file in wanted.keys() - plans if found[file] != wanted[file]] == []
