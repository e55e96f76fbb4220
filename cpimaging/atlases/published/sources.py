"""The published sources: what they are, where they lie in the cache, fetching, and their check sums."""

import hashlib
import os
import shutil
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpimaging.cache import cache_dir
from cpimaging.io import read_json, read_table, whole, write_json
from cpimaging.types import InputError

FSL = "fsl/data/atlases"
FILES = {
    "harvard_oxford": (
        f"{FSL}/HarvardOxford/HarvardOxford-cort-maxprob-thr25-1mm.nii.gz",
        f"{FSL}/HarvardOxford/HarvardOxford-sub-maxprob-thr25-1mm.nii.gz",
        f"{FSL}/HarvardOxford-Cortical.xml",
        f"{FSL}/HarvardOxford-Subcortical.xml",
    ),
    "nlin6": ("nlin6/MNI152NLin6Asym_T1w.nii.gz",),
    "aal3": ("aal_3v2/AAL3/AAL3v1.nii", "aal_3v2/AAL3/AAL3v1.xml"),
    "juelich": (f"{FSL}/Juelich/Juelich-maxprob-thr25-1mm.nii.gz", f"{FSL}/Juelich.xml"),
    "pauli": ("pauli_2017/pauli_2017_det.nii.gz", "pauli_2017/labels.txt"),
}
"""Files of each source as nilearn lays them out, under `fetched_dir()`; the T1w is laid there by us."""

BESIDE = {"aal3": "aal_3v2/AAL3/AAL3v1_1mm.nii.gz"}
"""A finer image in a source's archive than the one that nilearn returns, used where it is there."""

REQUIRED = ("harvard_oxford", "nlin6")
"""Without these there is no composite; where another one is absent, the embedded atlas stands in."""

NLIN6_URL = (
    "https://templateflow.s3.amazonaws.com/tpl-MNI152NLin6Asym/"
    "tpl-MNI152NLin6Asym_res-01_desc-brain_T1w.nii.gz"
)

if TYPE_CHECKING:
    import pandas as pd
FSL_T1W = "data/standard/MNI152_T1_1mm_brain.nii.gz"  # below $FSLDIR
TIMEOUT_S = 60
CURE = "run `cpimaging atlas fetch` once where there is network, or choose atlas: embedded"


def fetched_dir() -> Path:
    """Return the folder of the fetched files: nilearn's data folder for us, in the user's cache."""
    return cache_dir() / "nilearn"


def source_table() -> "pd.DataFrame":
    """Return title, space, license and citation of each source, by its key."""
    return read_table(Path(__file__).with_name("sources.tsv")).set_index("source")


def fetch_sources(nlin6_t1w: Path | None = None) -> Iterator[str]:
    """Fetch what is missing and record its sums; yield licence, citation and sums in lines.

    Raises InputError where a required source cannot be had, or a file differs from its recorded sum.
    """
    checked_sums(complete=False)
    for source, about in source_table().loc[list(FILES)].iterrows():
        try:
            _fetch(str(source), nlin6_t1w)
        except InputError:
            raise
        except (OSError, ValueError) as error:
            reason = f"could not be fetched ({type(error).__name__})"
            if source in REQUIRED:
                cure = "connect to the network and try again"
                hint = ", or give it with --nlin6-t1w" if source == "nlin6" else ""
                raise InputError(about["title"], reason, cure + hint) from error
            yield f"{about['title']}: {reason}; the embedded atlas stands in for it"
            continue
        yield f"{about['title']}, {about['space']}"
        yield f"  licence: {about['license']}\n  cite: {about['citation']}"
        yield from (f"  sha256 {total}  {name}" for name, total in _record(str(source)).items())


def load_source(source: str) -> list[Any]:
    """Return nilearn's record of each label image of a source; downloads what is not in the cache."""
    with warnings.catch_warnings():  # it warns of labels without voxels; those that count are checked later
        warnings.simplefilter("ignore", UserWarning)
        return _nilearn_records(source)


def _nilearn_records(source: str) -> list[Any]:
    from nilearn import datasets  # takes seconds to import

    options = {"data_dir": str(fetched_dir()), "verbose": 0}
    if source == "harvard_oxford":
        names = [f"{part}-maxprob-thr25-1mm" for part in ("cort", "sub")]
        return [datasets.fetch_atlas_harvard_oxford(name, **options) for name in names]
    if source == "juelich":
        return [datasets.fetch_atlas_juelich("maxprob-thr25-1mm", **options)]
    if source == "aal3":
        return [datasets.fetch_atlas_aal("3v2", **options)]
    return [datasets.fetch_atlas_pauli_2017("deterministic", **options)]


def _fetch(source: str, nlin6_t1w: Path | None) -> None:
    if source != "nlin6":
        if not all((fetched_dir() / name).is_file() for name in FILES[source]):
            load_source(source)
        return
    target = fetched_dir() / FILES["nlin6"][0]
    of_fsl = Path(os.environ.get("FSLDIR") or "nowhere") / FSL_T1W
    given = nlin6_t1w or (of_fsl if of_fsl.is_file() else None)
    if given is not None and not given.is_file():
        raise InputError(given, "no such file", "give the brain-extracted T1w of MNI152 NLin6, 1 mm")
    if target.is_file() and nlin6_t1w is None:
        return
    with whole(target) as temporary:
        if given is not None:
            shutil.copyfile(given, temporary)
            return
        with urllib.request.urlopen(NLIN6_URL, timeout=TIMEOUT_S) as stream, temporary.open("wb") as file:
            shutil.copyfileobj(stream, file)


def _sums_path() -> Path:
    return fetched_dir() / "sums.json"


def _record(source: str) -> dict[str, str]:
    """Record and return the sums of a source's files; a T1w that was given anew replaces the earlier one."""
    sums = read_json(_sums_path()) if _sums_path().is_file() else {}
    there = [name for name in (*FILES[source], BESIDE.get(source, "")) if (fetched_dir() / name).is_file()]
    found = {name: _sha256(fetched_dir() / name) for name in there}
    write_json(_sums_path(), {**sums, **found})
    return found


def checked_sums(*, complete: bool = True) -> dict[str, str]:
    """Return file → SHA-256 of what was fetched, after checking that nothing changed since.

    The publishers give no sums, so these are the ones of the first fetch. complete: raise InputError
    where a required source was not fetched.
    """
    sums: dict[str, str] = read_json(_sums_path()) if _sums_path().is_file() else {}
    wanted = [name for source in REQUIRED for name in FILES[source]]
    if complete and not all(name in sums and (fetched_dir() / name).is_file() for name in wanted):
        raise InputError("atlas published", "has not been fetched to this user's cache yet", CURE)
    for name, total in sums.items():
        path = fetched_dir() / name
        if path.is_file() and _sha256(path) != total:
            raise InputError(path, "differs from what was fetched", f"delete it, then {CURE}")
    return {name: total for name, total in sums.items() if (fetched_dir() / name).is_file()}


def fetched_sources() -> list[str]:
    """Return the sources whose files are all there and recorded, in the order of `FILES`."""
    sums = checked_sums()
    return [source for source, names in FILES.items() if all(name in sums for name in names)]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
